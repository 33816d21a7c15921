"""Who may talk to whom, and what the network plugin is told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from beaufort.spec.mistakes import raise_mistakes, repeated
from beaufort.spec.notation import Pattern
from beaufort.spec.part import Part
from beaufort.spec.scalars import Label


class ApiServer(Part):
    """Where the cluster's API is reached without its Service."""

    host: Annotated[
        str,
        Pattern(
            r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$",
            "a host",
            "write a name or an address, without https:// and port",
        ),
    ] = Field(description="A name or an address.")
    port: int = Field(default=6443, ge=1, le=65535, description="The port.")


class Network(Part):
    """Who may talk to whom."""

    policy: Literal["auto", "none", "kubernetes", "cilium"] = Field(
        default="auto",
        description="In what form it is written that pods of the service get only the connections they need. "
        "`kubernetes`: `NetworkPolicy`. `cilium`: `CiliumNetworkPolicy`, which can also name hosts. `none`: any "
        "connection is allowed. `auto`: `cilium` where `spec.cluster.cni` is `cilium`, else `kubernetes`.",
    )
    clients: tuple[Label, ...] = Field(
        default=(),
        max_length=100,
        description="The namespaces whose pods may call the gateway. Default: everyone who reaches it may.",
    )
    api_server: ApiServer | None = Field(
        default=None,
        description="Where the cluster's API is reached. Cilium needs it to take kube-proxy's place; with it a "
        "`NetworkPolicy` is narrower.",
    )

    @field_validator("clients")
    @classmethod
    def _clients_once(cls, clients: tuple[str, ...]) -> tuple[str, ...]:
        raise_mistakes(*repeated(clients, "namespace"))
        return clients
