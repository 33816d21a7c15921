"""Which endpoint takes a request: filter, score, pick over frozen snapshots; and which endpoints are fit to.

Everything here is a pure function of its arguments: time and tie-breaking numbers are given, never taken, so the
simulator and the gateway decide alike.

| Module | Holds |
|---|---|
| `health` | one endpoint's health: state and outcome in, state out |
| `endpoint` | one endpoint as it stands at this moment |
| `prompt` | how long a prompt is, and what it begins with |
| `prefix` | what a replica should still have in its prefix cache |
| `crowd` | which beginnings many requests in progress share |
| `choice` | filter, score, pick, and the reason |
"""

from beaufort.routing.choice import Choice, choose
from beaufort.routing.crowd import Crowd
from beaufort.routing.endpoint import Endpoint
from beaufort.routing.health import AttemptOutcome, Health, HealthPolicy, ProbeOutcome, State
from beaufort.routing.prefix import PrefixIndex
from beaufort.routing.prompt import Prompt

__all__ = [
    "AttemptOutcome",
    "Choice",
    "Crowd",
    "Endpoint",
    "Health",
    "HealthPolicy",
    "PrefixIndex",
    "ProbeOutcome",
    "Prompt",
    "State",
    "choose",
]
