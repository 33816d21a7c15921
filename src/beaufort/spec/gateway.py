"""How the gateway runs on a cluster, and how clients outside reach it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator

from beaufort.spec.mistakes import Mistake, raise_mistakes
from beaufort.spec.notation import Pattern, Short
from beaufort.spec.part import Part
from beaufort.spec.scalars import Label

# https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards
_Host: TypeAlias = Annotated[
    str,
    Pattern(
        r"^(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){1,9}$",
        "a host name",
        "write for example models.example.com",
    ),
]


class Hidden(Part):
    """The gateway is reached inside the cluster only."""

    kind: Literal["none"] = Field(description="`none`.")


class Ingress(Part):
    """Clients come through an Ingress."""

    kind: Literal["ingress"] = Field(description="`ingress`.")
    host: _Host = Field(description="The name that clients use.")
    class_name: Label | None = Field(default=None, description="The IngressClass. Default: the cluster's default one.")
    tls_secret: Label | None = Field(
        default=None, description="The Secret with the certificate, in the service's namespace. Default: no TLS."
    )


class GatewayApi(Part):
    """Clients come through a Gateway of the Gateway API, which ends TLS itself."""

    kind: Literal["gateway-api"] = Field(description="`gateway-api`.")
    host: _Host = Field(description="The name that clients use.")
    gateway: Label = Field(description="The Gateway's name.")
    gateway_namespace: Label | None = Field(
        default=None, description="The Gateway's namespace. Default: the service's."
    )
    listener: Label | None = Field(default=None, description="The Gateway's listener. Default: every one.")


Expose: TypeAlias = Annotated[
    Annotated[Hidden | Ingress | GatewayApi, Field(discriminator="kind")],
    Short(lambda kind: {"kind": kind}, {"type": "string", "const": "none"}),
]


class GatewayReplicas(Part):
    """How many gateways run."""

    min: int = Field(default=2, ge=1, le=1000, description="The fewest; one alone is missing whenever it moves.")
    max: int = Field(default=6, ge=1, le=1000, description="The most.")

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, most: int, info: ValidationInfo) -> int:
        fewest = info.data.get("min", most)
        if fewest > most:
            raise_mistakes(Mistake(f"the most, {most}, is below the fewest, {fewest}", "raise max, or lower min"))
        return most


class Gateway(Part):
    """The gateway on a cluster."""

    mode: Literal["deployment", "daemonset"] = Field(
        default="deployment",
        description="`deployment`: as many as the load needs. `daemonset`: one on every node, for clients inside the "
        "cluster; a request then never leaves its node for the gateway, and fails where the node's gateway is missing.",
    )
    replicas: Annotated[
        GatewayReplicas,
        Short(
            lambda count: {"min": count, "max": count},
            {"type": "integer", "minimum": 1, "maximum": 1000},
        ),
    ] = Field(default=GatewayReplicas(), description="How many, with `deployment`: a number, or `{min: 2, max: 6}`.")
    expose: Expose = Field(
        default=Hidden(kind="none"),
        description="How clients outside the cluster reach it: `none`, or an `ingress` or `gateway-api` mapping.",
    )
