"""An accelerator's timing without one: the simulator's replica, stepped on the real clock.

| Module | Holds |
|---|---|
| `engine` | the engine: requests in, steps of the simulated replica, tokens out |
| `text` | tokens and text without a model, the same on every replica |
| `faults` | failures on purpose |
| `load` | the replica of a model on an accelerator |
"""
