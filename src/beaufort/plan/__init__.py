"""What is to be run for a service, and why: memory, shape, replicas, capacity, scaling, cost. Pure arithmetic.

| Module | Holds |
|---|---|
| `plan` `replica` `capacity` `outcome` | the plan and its parts, as frozen values; `reference` is their page |
| `planner` | from a service to its plan: where to begin to read |
| `asking` `question` | what is asked, with everything looked up; what no plan can be made of |
| `offers` `shapes` | what may be used: nodes, and cuts of a replica |
| `way` `search` `draft` `judge` `candidates` | each way to serve: found, bounded, judged, compared |
| `setup` `memory` `staged` `lifecycle` | one replica: its settings, memory, timing in stages, start and end |
| [`queue`](queue/__init__.py) | one replica as a queue, and the most that it takes |
| `sizing` `mix` `availability` | how many replicas, on which nodes, and what may fail |
| `regions` `scaling` | the bounds and targets of autoscaling, and the pools of nodes |
| `refusal`, [`remedy`](remedy/__init__.py) | what is in the way, and which changes of the file would do |
| `replica_reasons` `capacity_reasons` `notes` `rounding` | why each number is what it is, what was assumed |
"""
