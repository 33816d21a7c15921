"""The ports that pods listen on."""

from __future__ import annotations

ENGINE = 8000
"""HTTP of an engine: the API, its health and its metrics."""

GATEWAY = 8080
"""HTTP of the gateway: the API, its health and its metrics."""

ENGINE_GROUP = 29501
"""How the pods of one replica over several nodes meet; they then talk on ports of their own choice."""
