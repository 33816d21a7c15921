"""A service that cannot be planned: why, for each accelerator, and what would make it possible."""

from __future__ import annotations

from beaufort.errors import BeaufortError


class PlanError(BeaufortError):
    """Nothing keeps every objective within the bounds of the file."""

    exit_code = 1
