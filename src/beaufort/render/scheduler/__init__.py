"""The layer ``scheduler``: a second scheduler that looks at accelerators.

The default scheduler ranks nodes by free cores and memory, of which nodes with accelerators have plenty: to it eight
busy accelerators look as good as eight free ones. A profile that ranks by accelerators changes that. Its weight
matters: with the usual one the other scores, spreading by host above all, outweigh it (measured: twelve pods on six
nodes, three of them half full; difference between the fullest and the emptiest node afterwards).

| Profile | Difference, of 8 accelerators |
|---|---|
| the default | 4 |
| LeastAllocated, weight 1 | 2 |
| LeastAllocated, weight 10: `spread` | 0 |
| MostAllocated, no other score: `pack` | 8, three nodes wholly free |

Managed clusters do not let anybody change the profiles of their scheduler, so it is one beside it. Both bind pods
optimistically: should they choose the same place at once, the kubelet refuses one, and it is placed anew.
A cluster autoscaler asks only whether a pod fits, which does not depend on the profile.

| Module | Holds |
|---|---|
| `configuration` | the profile |
| `access` | the account and its rights |
| `deployment` | the pods |
"""

from __future__ import annotations

from beaufort.render.layer import Layer
from beaufort.render.scheduler import access
from beaufort.render.scheduler.configuration import config_map
from beaufort.render.scheduler.deployment import deployment
from beaufort.render.setting import Setting


def is_default(setting: Setting) -> bool:
    """Return whether the cluster's own scheduler places the engines."""
    return setting.spec.scheduling.profile == "default" or not setting.accelerated


def render(setting: Setting) -> Layer:
    """Return the layer; nothing when the default scheduler is good enough."""
    if is_default(setting):
        return Layer("scheduler")
    note = (
        f"Engines are placed by a scheduler of their own, {setting.names.scheduler}: without it they stay Pending. "
        "To go back, set spec.scheduling.profile to default."
    )
    return Layer(
        "scheduler",
        manifests=(*access.manifests(setting), config_map(setting), deployment(setting)),
        notes=(note,),
    )
