"""What is to be run for a service, and why: memory, shape, replicas, capacity, scaling, cost. Pure arithmetic.

| Module | Holds |
|---|---|
| `plan` `replica` `capacity` `outcome` | the plan and its parts, as frozen values |
| `planner` | from a service to its plan: where to begin to read |
| `question` | what is asked, with everything looked up |
| `offers` `shapes` `precisions` | what may be used: nodes, cuts of a replica, forms of the weights |
| `way` `search` `judge` `candidates` `refusal` | each way to serve: tried, judged, compared, told |
| `setup` `memory` `staged` | one replica: its settings, its memory, its timing in stages |
| `queueing` `state` `waiting` `work` `gamma` `limit` | one replica as a queue, and the most that it takes |
| `sizing` `mix` `availability` `regions` | how many replicas, on which nodes, and what may fail |
| `scaling` `lifecycle` | what autoscaling holds; how replicas start and end |
| `reasons` | why each number is what it is |
"""
