"""What containers may not do: as Kubernetes' `restricted` Pod Security Standard asks, and with a read-only root."""

from __future__ import annotations

from beaufort.render.manifest import Json

USER = 2000  # the user `vllm` of vLLM's images, so that looking it up by its number works
HOME = "/home/beaufort"

POD: dict[str, Json] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The `securityContext` of a pod."""

CONTAINER: dict[str, Json] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""The `securityContext` of a container."""
