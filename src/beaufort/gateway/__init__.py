"""The data plane: every request goes from a client through here to an engine.

The way of one request, by module:

| Module | Holds |
|---|---|
| `server` | the gateway: its routes, its start and its orderly end |
| `relay` | one request: choose, try, try again, answer, account |
| `attempt` | one try on one endpoint; the bytes pass here |
| `headers` | what is sent on, and what stays behind |
| `endpoints` | every endpoint, the choice, the requests that wait for one |
| `upstream` | one endpoint: connections, load, health |
| `probes` | asks endpoints for their health |
| `discovery` | endpoints from a file that changes |
| `resolution` | endpoints from a name of DNS |
| `slices` | endpoints from a Kubernetes Service, with their zones |
| `responses` | the gateway's own answers |
| `access_log`, `line_writer` | one line per request |
| `metrics` | what is counted |
| `settings` | what can be set |

Nothing in a response is parsed, and there is no task, timer or metric per chunk.
"""

from beaufort.gateway.server import serve
from beaufort.gateway.settings import Patience, Settings

__all__ = ["Patience", "Settings", "serve"]
