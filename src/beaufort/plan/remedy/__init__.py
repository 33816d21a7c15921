"""What would make a service possible that nothing can serve: changes of its file, each of them tried.

| Module | Holds |
|---|---|
| `change` | one value of a service file that should be another one |
| `knob` | a bound that may be in the way, as a protocol |
| `capacity` `model` `objectives` | the bounds: how much may be used, what is run, what is promised |
| `remedies` | the search for the least that is enough: where to begin to read |
"""
