"""Whether a machine and a cluster can do what is wanted of them. Pure: facts in, verdicts with evidence and remedy out.

| Module | Holds |
|---|---|
| `facts` | what is known of a machine and of a cluster, and what a service needs |
| `result` | what a check finds: a verdict, the evidence, the remedy |
| `machine` | checks of the machine |
| `control_plane` `permission` | checks of the API server, and of what the account may do |
| `nodes` `networking` `extensions` | checks of nodes and accelerators, of the network, of what others bring |
| `checks` | all of them, in order |
| `reference` | their page in the documentation |

A check that lacks the right to look says so; it is no failure.
"""
