"""One replica as a queue, and the most that it takes within the objectives.

| Module | Holds |
|---|---|
| `station` | a replica and its traffic, and where the two settle: where to begin to read |
| `state` | a replica that has settled, and the latencies that its requests see |
| `work` | what requests cost: how long steps are, and what a prompt adds to them |
| `wavering` | how the batch moves around its balance |
| `waiting` | how long a prompt waits for those before it |
| `gamma` | the distribution that times are fitted with |
| `limit` | the highest rate at which the objectives are kept |
"""
