"""What is to be run for a service, and why: memory, shape, replicas, capacity, scaling, cost. Pure arithmetic.

| Module | Holds |
|---|---|
| `plan` `replica` `capacity` `outcome` | the plan and its parts, as frozen values |
| `planner` | from a service to its plan: where to begin to read |
| `asking` `question` | what is asked, with everything looked up; what no plan can be made of |
| `offers` `shapes` `precisions` | what may be used: nodes, cuts of a replica, forms of the weights |
| `way` `search` `judge` `candidates` | each way to serve: tried, judged, compared |
| `setup` `memory` `staged` | one replica: its settings, its memory, its timing in stages |
| `queueing` `state` `waiting` `wavering` `work` `gamma` `limit` | one replica as a queue, and the most that it takes |
| `sizing` `mix` `availability` `regions` | how many replicas, on which nodes, and what may fail |
| `scaling` `lifecycle` | what autoscaling holds; how replicas start and end |
| `refusal` `remedies` `knobs` `latencies` `change` `rounding` | what is in the way, and which changes would do |
| `replica_reasons` `capacity_reasons` `notes` | why each number is what it is, and what was assumed |
"""
