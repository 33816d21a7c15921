"""Strings and integers with bounds, in the forms that the grammar compiler does right: see ``schema``."""

from __future__ import annotations

from collections.abc import Mapping

from beaufort.engines.openvino.compilation import Budget
from beaufort.engines.openvino.keywords import EXACT, Rewritten, count, refuse, whole

MAX_LISTED = 256
# The days that each month always has; the year is free, so there is no 29th of February.
_DATE = (
    "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_TIME = rf"{_CLOCK}:[0-5][0-9](\.[0-9]{{1,6}})?(Z|[+-]{_CLOCK})"
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])"
FORMATS: Mapping[str, str] = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f"{_DATE}T{_TIME}",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "ipv4": rf"{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}",
}


def string(held: Mapping[str, object], at: str, budget: Budget) -> Rewritten:
    """Return the schema of a string."""
    least = count(held, "minLength", at, EXACT) or 0
    most = count(held, "maxLength", at, EXACT)
    form = held.get("format")
    if most is not None and most < least:
        refuse(f"{at}.maxLength", "is less than 'minLength'", "raise it")
    if isinstance(form, str) and form in FORMATS:
        if least or most is not None:
            refuse(f"{at}.format", "cannot be combined with a length", "leave the length out")
        budget.form(at)
        return {"type": "string", "pattern": f"^{FORMATS[form]}$"}
    if most == 0:
        return {"enum": [""]}
    if not least and most is None:
        return {"type": "string"}
    budget.length(least if most is None else most, at)
    return {"type": "string", "pattern": rf'^[^"\\\x00-\x1f]{{{least},{"" if most is None else most}}}$'}


def integer(held: Mapping[str, object], at: str, budget: Budget) -> Rewritten:
    """Return the schema of an integer."""
    bounds = {key: whole(held[key], f"{at}.{key}") for key in held}
    for low, high in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if low in bounds and high in bounds:
            refuse(f"{at}.{high}", f"stands beside '{low}'", "leave one out")
    least = bounds["exclusiveMinimum"] + 1 if "exclusiveMinimum" in bounds else bounds.get("minimum")
    most = bounds["exclusiveMaximum"] - 1 if "exclusiveMaximum" in bounds else bounds.get("maximum")
    if least is None and most is None:
        return {"type": "integer"}
    if least is not None and most is not None:
        return {"enum": _range(least, most, at, budget)}
    budget.bound(at)
    if least is not None:
        first, last, bound = _split(least)
        opened: Rewritten = {"type": "integer", "minimum": bound}
    else:
        last, first, bound = (-each for each in _split(-(most or 0)))
        opened = {"type": "integer", "maximum": bound}
    return opened if first > last else {"anyOf": [{"enum": _range(first, last, at, budget)}, opened]}


def _range(least: int, most: int, at: str, budget: Budget) -> list[int]:
    if least > most:
        refuse(at, f"has no integer between {least} and {most}", "mend 'minimum' and 'maximum'")
    if most - least >= MAX_LISTED:
        remedy = "leave one bound out, or bring them closer"
        refuse(at, f"asks for one of {most - least + 1} integers; at most {MAX_LISTED} can be told apart", remedy)
    for value in range(least, most + 1):
        budget.literal(str(value), at)
    return list(range(least, most + 1))


def _split(least: int) -> tuple[int, int, int]:
    """Return the first and last integer to list, and the bound of the open range above, for all from ``least`` on.

    The compiler's open ranges are right from 0, 1, 10 and beyond, not from 2 to 9 and not below 0.
    """
    if least < 0:
        return least, -1, 0
    if 1 < least < 10:  # noqa: PLR2004 - one digit
        return least, 9, 10
    return 1, 0, least
