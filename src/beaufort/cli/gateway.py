"""``beaufort gateway``: run the gateway in front of engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

import click

from beaufort.errors import Problem, UsageError
from beaufort.gateway import Patience, Settings, resolution, serve, slices
from beaufort.routing import HealthPolicy
from beaufort.units import MIB
from beaufort.wire import Limits, process

_EXAMPLE = """\b
Example: two engines behind one address
  beaufort gateway --endpoint http://127.0.0.1:9001 --endpoint http://127.0.0.1:9002
  curl http://127.0.0.1:8080/v1/models
"""
_SECONDS = click.FloatRange(min=0, min_open=True)


class Options(TypedDict):
    """The options, as click hands them over."""

    host: str
    port: int
    endpoint: tuple[str, ...]
    endpoints_file: Path | None
    endpoints_dns: str | None
    endpoints_service: str | None
    pod: str
    zone: str
    access_log: str
    exit_with_parent: bool
    leave_seconds: float
    drain_seconds: float
    wait_seconds: float
    wait_requests: int
    connect_seconds: float
    answer_seconds: float
    silence_seconds: float
    attempts: int
    probe_interval: float
    probe_seconds: float
    max_body_mib: int


def _seconds(name: str, default: float, meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(name, type=_SECONDS, default=default, show_default=True, metavar="SECONDS", help=meaning)


@click.command(epilog=_EXAMPLE)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option(
    "--endpoint", multiple=True, metavar="URL", help="An engine, for example http://127.0.0.1:9001. Repeatable."
)
@click.option(
    "--endpoints-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help='Further engines, read again when it changes: {"endpoints": [{"url": "http://127.0.0.1:9001"}]}.',
)
@click.option(
    "--endpoints-dns",
    metavar="NAME:PORT",
    help="A name with an address for each further engine, such as a headless Service; resolved every second.",
)
@click.option(
    "--endpoints-service",
    metavar="[NAMESPACE/]NAME[:PORT]",
    help="A Kubernetes Service with an endpoint for each further engine; its EndpointSlices are watched.",
)
@click.option(
    "--pod",
    default="",
    envvar="POD_NAME",
    show_envvar=True,
    help="The pod that this gateway runs in: with --endpoints-service, engines of its zone are preferred.",
)
@click.option("--zone", default="", help="Prefer engines of this zone.  [default: the pod's, where it is known]")
@click.option(
    "--access-log",
    default="stderr",
    show_default=True,
    metavar="FILE",
    help="A JSON line per request to stderr, a file, '-' for standard output, or 'off'.",
)
@click.option("--exit-with-parent", is_flag=True, help="Also drain and exit when standard input ends.")
@click.option(
    "--leave-seconds",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="After SIGTERM, for clients to find another gateway: requests are taken, connections are not kept.",
)
@_seconds("--drain-seconds", 30.0, "For requests in flight, after that.")
@_seconds("--wait-seconds", 30.0, "For an engine to be ready, when none is; then 503.")
@click.option("--wait-requests", type=click.IntRange(0), default=1024, show_default=True, help="So many may wait.")
@_seconds("--connect-seconds", 2.0, "For a connection to an engine.")
@_seconds("--answer-seconds", 600.0, "For the first byte of an answer, which is the whole of it unless it streams.")
@_seconds("--silence-seconds", 120.0, "Between two pieces of an answer.")
@click.option("--attempts", type=click.IntRange(1), default=3, show_default=True, help="So often is a request sent.")
@_seconds("--probe-interval", 1.0, "Between two GET /health to an engine.")
@_seconds("--probe-seconds", 5.0, "For its answer.")
@click.option("--max-body-mib", type=click.IntRange(1), default=32, show_default=True, help="Largest request body.")
def gateway(**options: Unpack[Options]) -> None:
    """Run the gateway in front of engines.

    It takes OpenAI's API under /v1/, sends each request to the healthy engine with the fewest in flight, tries
    another while nothing has been answered, and answers /health and /metrics itself.
    """
    settings = _settings(options)

    async def main(stop: asyncio.Event) -> None:
        await serve(settings, stop)

    process.run(main, exit_with_parent=options["exit_with_parent"])


def _settings(options: Options) -> Settings:
    dns, service = options["endpoints_dns"], options["endpoints_service"]
    if not options["endpoint"] and options["endpoints_file"] is None and dns is None and service is None:
        remedy = "give --endpoint URL, --endpoints-file FILE, --endpoints-dns NAME:PORT or --endpoints-service NAME"
        raise UsageError(Problem("there is no engine to send requests to", remedy=remedy))
    interval = options["probe_interval"]
    return Settings(
        host=options["host"],
        port=options["port"],
        endpoints=options["endpoint"],
        endpoints_file=options["endpoints_file"],
        endpoints_name=resolution.parse(dns) if dns is not None else None,
        endpoints_service=slices.parse(service, options["pod"]) if service is not None else None,
        zone=options["zone"],
        access_log=options["access_log"],
        leave_seconds=options["leave_seconds"],
        drain_seconds=options["drain_seconds"],
        probe_seconds=options["probe_seconds"],
        patience=Patience(
            connect=options["connect_seconds"],
            answer=options["answer_seconds"],
            silence=options["silence_seconds"],
            ready=options["wait_seconds"],
            waiters=options["wait_requests"],
            attempts=options["attempts"],
        ),
        health=replace(HealthPolicy(), interval=interval, first_retry=min(HealthPolicy().first_retry, interval)),
        limits=replace(Limits(), body_bytes=options["max_body_mib"] * MIB),
    )
