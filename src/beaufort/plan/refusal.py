"""A service that cannot be planned, and why, for each way to serve it."""

from __future__ import annotations

from beaufort.errors import BeaufortError


class PlanError(BeaufortError):
    """Nothing keeps every objective within the bounds of the file."""

    exit_code = 1
