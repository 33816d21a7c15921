"""Which images run, each pinned by its tag; the service file may name others, also by digest."""

from __future__ import annotations

from beaufort import __version__
from beaufort.render.manifest import Json
from beaufort.render.setting import Setting

VLLM = "v0.32.0"  # its arguments, metrics and shutdown are what `vllm` relies on
TGI = "3.3.6"
PAUSE = "registry.k8s.io/pause:3.9"  # of Kubernetes 1.30; every kubelet has it

_OPENVINO = "beaufort/openvino"  # with the demo model

_ENGINES = {
    ("vllm", "NVIDIA"): f"vllm/vllm-openai:{VLLM}",
    ("vllm", "AMD"): f"vllm/vllm-openai-rocm:{VLLM}",
    ("tgi", "NVIDIA"): f"ghcr.io/huggingface/text-generation-inference:{TGI}",
    ("tgi", "AMD"): f"ghcr.io/huggingface/text-generation-inference:{TGI}-rocm",
}


def beaufort(setting: Setting) -> str:
    """Return Beaufort's own image."""
    return setting.spec.images.gateway or f"beaufort/beaufort:{__version__}"


def engine(setting: Setting, kind: str) -> str:
    """Return the image of an engine: `vllm`, `tgi` or `openvino`."""
    if setting.spec.images.engine:
        return setting.spec.images.engine
    return f"{_OPENVINO}:{__version__}" if kind == "openvino" else _ENGINES[kind, setting.vendor]


def pull_secrets(setting: Setting) -> dict[str, Json]:
    """Return the part of a pod's spec that names the Secret for pulling images."""
    name = setting.spec.images.pull_secret
    return {"imagePullSecrets": [{"name": name}]} if name else {}
