"""The options that every server has: where it listens and how it ends."""

from __future__ import annotations

import functools
from collections.abc import Callable

import click

from beaufort.engines.serving import Address


def address_options(default_port: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add ``--host``, ``--port``, ``--drain-seconds`` and ``--exit-with-parent``; they arrive as one ``address``."""

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(verb)
        def called(*, host: str, port: int, drain_seconds: float, exit_with_parent: bool, **others: object) -> None:
            verb(address=Address(host, port, drain_seconds, exit_with_parent), **others)

        options = (
            click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
            click.option(
                "--port", type=click.IntRange(0, 65535), default=default_port, show_default=True, help="0: a free one."
            ),
            click.option(
                "--drain-seconds",
                type=click.FloatRange(0),
                default=30.0,
                show_default=True,
                help="How long running requests may take to finish after SIGTERM.",
            ),
            click.option("--exit-with-parent", is_flag=True, help="Stop when standard input ends."),
        )
        for option in reversed(options):
            called = option(called)
        return called

    return decorate
