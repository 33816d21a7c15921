"""What a gateway is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from beaufort.gateway.resolution import EndpointsName
from beaufort.gateway.slices import SlicedService
from beaufort.routing import HealthPolicy
from beaufort.wire import Limits


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the gateway waits, in seconds, and how often it tries.

    Attributes:
        connect: For a connection to an endpoint.
        answer: For the first byte of a response's body. An answer that is not streamed comes whole, after the
            last token, so this bounds the longest generation.
        silence: Between two pieces of a response that has begun.
        ready: For an endpoint to become healthy when none is.
        waiters: So many requests may wait for that at once.
        attempts: So many times a request is sent, the first included.
    """

    connect: float = 2.0
    answer: float = 600.0
    silence: float = 120.0
    ready: float = 30.0
    waiters: int = 1024
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set.

    Attributes:
        host: Address to listen on.
        port: Port to listen on, 0 for a free one.
        endpoints: Addresses of endpoints that do not change.
        endpoints_file: A file with further endpoints, read again when it changes.
        endpoints_name: A name of DNS that stands for further endpoints, resolved again and again.
        endpoints_service: A Service of a cluster whose endpoints are further engines.
        zone: Whose engines are preferred; empty for the zone of the gateway's own pod, where that is known.
        access_log: ``stderr``, ``-`` for standard output, ``off``, or the path of a file.
        leave_seconds: How long requests are still taken after SIGTERM, each as the last one of its connection.
        drain_seconds: How long requests in flight may take to finish after that.
        probe_seconds: How long an endpoint may take to answer ``GET /health``.
        patience: Timeouts and tries of requests.
        health: When an endpoint is given up and asked again.
        limits: What a client's connection may cost.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    endpoints: tuple[str, ...] = ()
    endpoints_file: Path | None = None
    endpoints_name: EndpointsName | None = None
    endpoints_service: SlicedService | None = None
    zone: str = ""
    access_log: str = "stderr"
    leave_seconds: float = 0.0
    drain_seconds: float = 30.0
    probe_seconds: float = 5.0
    patience: Patience = field(default_factory=Patience)
    health: HealthPolicy = field(default_factory=HealthPolicy)
    limits: Limits = field(default_factory=Limits)
