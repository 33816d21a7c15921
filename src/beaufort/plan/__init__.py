"""What is to be run for a service, and why: memory, shape, replicas, capacity, scaling, cost. Pure arithmetic.

| Module | Holds |
|---|---|
| `replica` | one replica: its shape, its engine's settings, its memory, its lifecycle |
| `capacity` | where replicas run: pools of nodes, regions, bounds and targets of scaling |
| `outcome` | what is expected: latency, throughput, cost, and how wrong that may be |
| `plan` | the plan: all of it, with a reason for every number |
"""
