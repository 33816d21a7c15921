"""Which cores each replica runs on."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

Cores = tuple[int, ...]


def share(cores: Iterable[int], replicas: int) -> tuple[Cores, ...]:
    """Return each replica's cores, in ascending order.

    Neighbouring cores share caches, so a replica gets a run of neighbours. The shares differ by one core at
    most; when there are more replicas than cores, each has one core and no core has two replicas more than
    another.

    Args:
        cores: The cores that may be used (``os.sched_getaffinity``), at least one.
        replicas: How many shares, at least one.
    """
    ordered = sorted(set(cores))
    if replicas >= len(ordered):
        return tuple((ordered[index * len(ordered) // replicas],) for index in range(replicas))
    bounds = [index * len(ordered) // replicas for index in range(replicas + 1)]
    return tuple(tuple(ordered[start:end]) for start, end in pairwise(bounds))


def show(cores: Cores) -> str:
    """Return cores as Linux writes them: ``0-3,8``."""
    runs: list[list[int]] = []
    for core in cores:
        if runs and runs[-1][-1] == core - 1:
            runs[-1] = [runs[-1][0], core]
        else:
            runs.append([core])
    return ",".join("-".join(map(str, run)) for run in runs)
