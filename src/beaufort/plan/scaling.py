"""What autoscaling holds per replica, how fast it may act, and what evictions may take at once."""

from __future__ import annotations

import math

from beaufort.plan.capacity import Disruption, Region, ScalePolicy, Scaling
from beaufort.plan.way import Served

GPU_UTILISATION = 75
_UP_PERIOD, _DOWN_PERIOD = 60, 60
_DOWN_STABILIZATION = 300  # the default of an HorizontalPodAutoscaler
_DOWN_PERCENT = 10
_QUEUE_SHARE = 0.5
_LEAST_RUNNING = 0.5


def scaling(served: Served, regions: tuple[Region, ...]) -> Scaling:
    """Return the targets of autoscaling.

    Running: what a replica runs at the planned peak, less what comes while another one starts; so an autoscaler that
    divides the running requests by it arrives at the planned replicas at the peak. Waiting: as many as are computed
    within half of the time to first token that is allowed.
    """
    state = served.state
    running = state.running / (1 + min(1.0, served.frame.growth)) if not served.frame.holds_all else state.running
    waiting = math.floor(_QUEUE_SHARE * served.target.ttft / max(1e-9, state.holds.mean))
    grow = max(region.replicas.max - region.replicas.min for region in regions)
    shrink = max(region.replicas.planned for region in regions)
    return Scaling(
        waiting_target=float(max(1, min(waiting, served.rates.places))),
        running_target=max(_LEAST_RUNNING, math.floor(10 * running) / 10),
        gpu_utilisation_target=GPU_UTILISATION,
        up=ScalePolicy(stabilization_seconds=0, pods=max(1, grow), percent=100, period_seconds=_UP_PERIOD),
        down=ScalePolicy(
            stabilization_seconds=_DOWN_STABILIZATION,
            pods=max(1, shrink // 10),
            percent=_DOWN_PERCENT,
            period_seconds=_DOWN_PERIOD,
        ),
    )


def disruption(regions: tuple[Region, ...]) -> Disruption:
    """Return what evictions may take at once: what the smallest region has to spare."""
    spare = min(region.replicas.spare for region in regions)
    return Disruption(max_unavailable=max(1, spare), headroom_pods=0)
