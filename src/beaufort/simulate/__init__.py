"""A replica of an engine on a virtual clock, which the emulated engine steps on the real one.

| Module | Holds |
|---|---|
| `replica` | the scheduler: submit, abort, step, stats |
| `sequence` | a request inside the replica |
| `blocks` | paged memory and the prefix cache |
| `request`, `step` | the frozen values that go in and come out |
| `config` | the replica's bounds |
| `fleet` | replicas under traffic: requests in, latencies out |
"""
