"""Whether a service's pods are there, and what keeps them from it. Pure: objects and events in, findings out.

| Module | Holds |
|---|---|
| `finding` | one thing that is in the way: what, where, what to do, and whether waiting helps |
| `pod` | what is in the way of one pod, from its status |
| `scheduling` | what the scheduler says, in words |
| `workload` | what keeps a Deployment, a set or a job from making pods, and a claim from its volume |
| `revision` | which pods count: those of the newest form |
| `progress` | how far a service is, and all that is in its way, each thing once |
| `verdict` | whether it is ready, or stuck, or to be waited for |
| `rights` | which rights it takes to deploy a service |
"""

from __future__ import annotations

from beaufort.rollout.finding import Cause, Finding
from beaufort.rollout.progress import Component, Progress, progress
from beaufort.rollout.verdict import Patience, Verdict, judge

__all__ = ["Cause", "Component", "Finding", "Patience", "Progress", "Verdict", "judge", "progress"]
