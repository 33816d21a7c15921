"""The cache of answers."""

from __future__ import annotations

from pydantic import Field

from beaufort.spec.part import Part
from beaufort.spec.scalars import Bytes, Seconds


class Cache(Part):
    """Answers kept by the gateway for requests that repeat exactly and ask for no randomness."""

    memory: Bytes = Field(default=256 * 1024 * 1024, description="Memory for answers: `256Mi`, or bytes.")
    ttl: Seconds = Field(default=600.0, description="How long an answer stays valid: `10m`, or seconds.")
