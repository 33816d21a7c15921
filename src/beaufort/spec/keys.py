"""Who may call the service, and how much."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from beaufort.spec.mistakes import Mistake, raise_mistakes
from beaufort.spec.notation import Pattern
from beaufort.spec.part import Part
from beaufort.spec.scalars import Label


class Key(Part):
    """One tenant's API key, by reference: a key itself never stands in the file."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["env"]}, {"required": ["secret"]}]})

    name: Label = Field(description="The tenant's name, in metrics and logs.")
    env: (
        Annotated[
            str,
            Pattern(
                r"^[A-Za-z_][A-Za-z0-9_]{0,127}$",
                "the name of an environment variable",
                "use letters, digits and underscores",
            ),
        ]
        | None
    ) = Field(default=None, description="The environment variable that holds the key, on one machine.")
    secret: Label | None = Field(
        default=None, description="The Kubernetes Secret that holds the key under `api-key`, on a cluster."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=1, le=1_000_000_000, description="Most requests per minute. Default: no limit."
    )
    tokens_per_minute: int | None = Field(
        default=None, ge=1, le=10**15, description="Most prompt and output tokens per minute. Default: no limit."
    )
    weight: float = Field(
        default=1.0, gt=0, le=1000, description="Share of the capacity, relative to the other keys, when it is short."
    )

    @field_validator("secret")
    @classmethod
    def _held_somewhere(cls, secret: str | None, info: ValidationInfo) -> str | None:
        if secret is None and info.data.get("env", "") is None:
            raise_mistakes(Mistake("names no place that holds the key", "add secret, env, or both"))
        return secret
