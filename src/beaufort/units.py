"""Quantities as people write them: ``24Gi``, ``1.5``, ``250ms``, ``2h``; and as they read them."""

from __future__ import annotations

import re

from beaufort.errors import Problem, UsageError

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_SCALES = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "Ki": float(KIB),
    "Mi": float(MIB),
    "Gi": float(GIB),
    "Ti": float(1024 * GIB),
    "Pi": float(1024 * 1024 * GIB),
}
_QUANTITY = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?", re.ASCII)
_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(ms|s|m|h|d)", re.ASCII)


def parse_quantity(text: str) -> float:
    """Return the number that a Kubernetes quantity such as ``24Gi`` or ``500m`` stands for.

    Raises:
        UsageError: The text is no quantity.
    """
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise UsageError(Problem(f"{text!r} is not a quantity", remedy="write for example 24Gi, 500m or 2"))
    return float(match[1]) * _SCALES[match[2] or ""]


def parse_duration(text: str) -> float:
    """Return the seconds that a duration such as ``250ms``, ``30s`` or ``2h`` stands for.

    Raises:
        UsageError: The text is no duration.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(Problem(f"{text!r} is not a duration", remedy="write for example 250ms, 30s or 2h"))
    return float(match[1]) * _SECONDS[match[2]]


def quantity(count: int) -> str:
    """Return ``count`` bytes as a Kubernetes quantity, rounded up to whole MiB: ``24Gi``, ``1536Mi``."""
    mib = -(-count // MIB)
    return f"{mib // KIB}Gi" if mib and mib % KIB == 0 else f"{mib}Mi"


def show_bytes(count: float) -> str:
    """Return ``count`` bytes as a person reads them: ``13.5 GiB``."""
    for scale, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if count >= scale:
            return f"{count / scale:.1f} {name}"
    return f"{count:.0f} B"


def show_seconds(seconds: float) -> str:
    """Return a time span as a person reads it: ``40 ms``, ``3.2 s``, ``5 min``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:  # noqa: PLR2004 - below two minutes people count in seconds
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"
