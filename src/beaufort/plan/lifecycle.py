"""How long a replica takes to start and to end, and what its pod needs of the node.

Assumptions, of the order that vLLM's users report, stated because scaling and headroom stand on them:

- 60 s for the process, its imports, compiled kernels from a cache, and the capture of CUDA graphs (59 s from start to
  first answer with a compile cache: vllm-project/vllm issue 20264).
- Weights are read from the node's disk at 0.5 GB/s (12.7 GiB in 25 s: issue 38820) and downloaded at 0.2 GB/s.
- A node that does not exist yet takes three minutes to boot and to pull the image.
- The embedded engine loads 0.1 GB of weights a second, after 3 s.
"""

from __future__ import annotations

import math

from beaufort.plan.replica import HostResources, Lifecycle
from beaufort.plan.setup import Setup
from beaufort.units import GIB

NODE_SECONDS = 180.0
"""Until a new node can run a pod."""
CONTROL_SECONDS = 30.0
"""Until a change of load has been scraped (15 s) and an autoscaler has looked (15 s)."""

_PROCESS_SECONDS = 60.0
_READ = 0.5e9
_DOWNLOAD = 0.2e9
_EMBEDDED_SECONDS, _EMBEDDED_READ = 3.0, 0.1e9

PRE_STOP_SECONDS = 5
"""For gateways to see that the endpoint leaves: on a quiet cluster they do within a second."""
_LEAST_SHUTDOWN, _MOST_SHUTDOWN = 10, 600
MARGIN_SECONDS = 5
RECLAIM_NOTICE = {"eks": 120, "gke": 30, "aks": 30}
"""Seconds between the notice and the end of a spot node, by provider."""
SHORTEST_NOTICE = 30
"""The same where the provider is not known."""

_PROCESS_BYTES = 6 * GIB
_SHARD_BYTES = 5 * GIB


def lifecycle(setup: Setup, longest_seconds: float, *, notice: int | None, embedded: bool) -> Lifecycle:
    """Return a replica's times.

    Args:
        setup: What has to be loaded.
        longest_seconds: How long almost every request takes.
        notice: Seconds before a spot node vanishes; None when no replica runs on one.
        embedded: Whether the engine is the embedded one.
    """
    weights = setup.space.weights * setup.shape.accelerators_per_node
    start = _EMBEDDED_SECONDS + weights / _EMBEDDED_READ if embedded else _PROCESS_SECONDS + weights / _READ
    shutdown = min(_MOST_SHUTDOWN, max(_LEAST_SHUTDOWN, math.ceil(longest_seconds)))
    if notice is not None:
        shutdown = min(shutdown, notice - PRE_STOP_SECONDS - MARGIN_SECONDS)
    return Lifecycle(
        startup_seconds=round(start, 1),
        first_startup_seconds=round(start + weights / _DOWNLOAD, 1),
        pre_stop_seconds=PRE_STOP_SECONDS,
        shutdown_seconds=shutdown,
        grace_seconds=PRE_STOP_SECONDS + shutdown + MARGIN_SECONDS,
    )


def host(setup: Setup) -> HostResources:
    """Return what a pod needs besides accelerators.

    vLLM wants a core for its server, one for its scheduler, and one for each accelerator. Weights are mapped from disk:
    one file of them, 5 GB as the hub stores them, is in memory at a time. Workers exchange data by shared memory.
    """
    count = setup.shape.accelerators_per_node
    shared = GIB * count
    weights = min(setup.space.weights * count, _SHARD_BYTES)
    memory = _PROCESS_BYTES + count * GIB + weights + shared
    return HostResources(cpus=2 + count, memory_bytes=-(-memory // GIB) * GIB, shared_memory_bytes=shared)
