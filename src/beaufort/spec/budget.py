"""What the service may cost."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from beaufort.spec.mistakes import Mistake, raise_mistakes
from beaufort.spec.part import Part

_Money: TypeAlias = Annotated[float, Field(gt=0, le=1e12)]


class Budget(Part):
    """What the service may cost; all prices of a file are in one currency."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    per_hour: _Money | None = Field(default=None, description="Most that any hour may cost.")
    per_month: _Money | None = Field(default=None, description="Most that a month of 730 hours may cost.")

    @model_validator(mode="after")
    def _says_something(self) -> Budget:
        if self.per_hour is None and self.per_month is None:
            raise_mistakes(Mistake("sets no limit", "add perHour or perMonth, or remove it"))
        return self
