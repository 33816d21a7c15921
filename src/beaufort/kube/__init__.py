"""The only Kubernetes I/O: one API server, asked and told about plain objects.

| Module | Holds |
|---|---|
| `reference` `ownership` | which object: its kind, namespace and name, and its turn; whose it is |
| `errors` | what an API server refuses, in words, with what to do next |
| `kubeconfig` `connection` | which cluster, and as whom; requests and streams, repeated while the server is away |
| `server` `discovery` | the API server itself: version, clock; where a kind of object is served |
| `apply` | server-side apply with our own field manager, and what it would change |
| `inventory` | what a service has in the cluster, remembered in the cluster |
| `release` `departure` | a service's objects as a whole: check, apply, prune, delete; until pods are gone |
| `watch` `observer` | objects as they change, across lost connections; a service as it changes |
| `question` `settling` | asking a model through the API server; from applied to answering |
| `logs` `chorus` | what a container says; what those of a service say together |
| `health` | how a deployed service is |
| `examination` | everything that the doctor looks at |

Objects are plain mappings, as in YAML: what is applied is what `render` wrote.
"""
