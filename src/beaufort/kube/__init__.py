"""The only Kubernetes I/O: one API server, asked and told about plain objects.

| Module | Holds |
|---|---|
| `reference` | which object: its kind, namespace and name, and its turn |
| `errors` | what an API server refuses, in words, with what to do next |
| `connection` | requests and streams over a kubeconfig or a pod's own account, repeated while the server is away |
| `discovery` | where a kind of object is served |
| `apply` | server-side apply with our own field manager, and what it would change |
| `inventory` | what a service has in the cluster, remembered in the cluster |
| `release` | a service's objects as a whole: apply, prune, delete; every step may be the last, and is taken up again |
| `watch` | objects as they change, across lost connections |

Objects are plain mappings, as in YAML: what is applied is what `render` wrote.
"""
