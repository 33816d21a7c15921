"""Engines as local processes behind a gateway, kept alive and scaled like a Deployment.

The processes are other verbs of this program, started as children: the fleet imports neither the gateway nor an
engine (only what finds a model's files), so it starts in a moment and a fault of theirs cannot reach it.

| Module | Holds |
|---|---|
| `cores`, `memory` | which cores a replica gets; whether the replicas fit |
| `backoff`, `state` | when a process is started again; what it is doing and what may come next |
| `settings`, `commands` | what is run; the command lines made of it |
| `preflight` | what stands in the way before anything is started |
| `child` | one process that cannot outlive us |
| `member` | one process that is kept alive |
| `endpoints`, `ports` | where the ready engines are |
| `supervisor` | all processes: started, scaled, drained in order |
| `scrape`, `view` | what a process is doing, in figures |
| `table`, `display` | what the user sees |
| `service` | a run from its first check to its last process |
"""

from beaufort.fleet.service import Places, run_directory, serve
from beaufort.fleet.settings import DEFAULT_MODELS, EngineKind, Settings, from_service
from beaufort.fleet.supervisor import Fleet, FleetError

__all__ = [
    "DEFAULT_MODELS",
    "EngineKind",
    "Fleet",
    "FleetError",
    "Places",
    "Settings",
    "from_service",
    "run_directory",
    "serve",
]
