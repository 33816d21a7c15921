"""What may fail at once, and what must still be there then.

Assumptions, which every plan states in its notes:

- A node is missing for a thousandth of the time, apart from others. (Google Cloud and Azure promise 99.9 % of a single
  virtual machine. 16,384 H100 in 2,048 nodes had 419 unexpected interruptions in 54 days: one per node and 264 days;
  The Llama 3 Herd of Models, arXiv 2407.21783, table 5. At six hours each that is a thousandth.)
- More than 99.95 % cannot be promised in one zone, and then the loss of a whole zone is covered. (Azure promises
  99.95 % for machines apart in one data centre, 99.99 % over zones; Google Cloud and AWS 99.99 % over zones.)
- All spot nodes of one zone may be reclaimed at once, and are missing for a tenth of the time: reclaims come in
  waves (Z. Mao et al., SkyServe, arXiv 2411.01438, section 2). For a promise above 90 % the rest must do.
"""

from __future__ import annotations

import math
from functools import lru_cache

NODE_MISSING = 1e-3
"""Share of the time for which a node is missing."""
SPOT_MISSING = 0.1
"""Share of the time for which the spot nodes of a zone are missing."""
ONE_ZONE_MOST = 0.9995
"""The largest availability that is promised in one zone."""
ONE_REGION_MOST = 0.9999
"""The largest availability that clouds promise in one region."""


@lru_cache(maxsize=4096)
def nodes_lost(nodes: int, availability: float) -> int:
    """Return how many of ``nodes`` may be missing at once often enough to count.

    The least ``j`` for which more than ``j`` are missing at most ``1 - availability`` of the time, with a binomial
    distribution.
    """
    if nodes <= 0:
        return 0
    allowed = (1 - availability) * (1 + 1e-9)  # what subtraction loses to rounding
    log_missing, log_there = math.log(NODE_MISSING), math.log1p(-NODE_MISSING)
    within = 0.0
    for lost in range(nodes + 1):
        ways = math.lgamma(nodes + 1) - math.lgamma(lost + 1) - math.lgamma(nodes - lost + 1)
        within += math.exp(ways + lost * log_missing + (nodes - lost) * log_there)
        if 1 - within <= allowed:
            return lost
    return nodes


def with_spare(needed: int, per_node: int, availability: float) -> int:
    """Return the replicas of which ``needed`` are left when as many nodes are missing as count.

    Args:
        needed: Replicas for the traffic.
        per_node: Replicas of one node, which go together.
        availability: What is promised.
    """
    if needed == 0:
        return 0
    planned = needed
    while True:
        lost = nodes_lost(-(-planned // per_node), availability) * per_node
        if planned - min(lost, planned) >= needed:
            return planned
        planned = needed + lost


def covers_zone(availability: float) -> bool:
    """Return whether the loss of a whole zone must be covered."""
    return availability > ONE_ZONE_MOST


def covers_reclaim(availability: float) -> bool:
    """Return whether the reclaim of all spot nodes of one zone must be covered."""
    return availability > 1 - SPOT_MISSING
