"""The page about the checks, made from them."""

from __future__ import annotations

from collections.abc import Callable

from beaufort.doctor.checks import CLUSTER, MACHINE
from beaufort.doctor.result import Result

_HEAD = """\
# The checks of `beaufort doctor`

Written by `scripts/doctor_reference.py` from the checks. In use: [check a cluster](../how-to/check-a-cluster.md).

Each check ends with a verdict, what was seen, and what to do about it:

| Verdict | Meaning |
|---|---|
| `ok` | nothing has to be done |
| `unknown` | it could not be found out: a right is missing, or the cluster does not tell |
| `warning` | something will be missed, or may go wrong |
| `failed` | a service cannot be deployed, or cannot answer |

The exit code is 1 if a check has failed (with `--strict`: or warns), else 0.
"""


def reference() -> str:
    """Return the page."""
    machine = "\n".join(f"| `{check.name}` | {_asks(check.run)} |" for check in MACHINE)
    cluster = "\n".join(f"| `{check.name}` | {_asks(check.run)} | {check.reads} |" for check in CLUSTER)
    return (
        f"{_HEAD}\n## Of this machine\n\n| Check | Asks |\n|---|---|\n{machine}\n\n"
        f"## Of the cluster\n\n| Check | Asks | Reads |\n|---|---|---|\n{cluster}\n"
    )


def _asks(check: Callable[..., Result]) -> str:
    summary = (check.__doc__ or "").partition("\n")[0]
    return summary.removeprefix("Check ").rstrip(".")
