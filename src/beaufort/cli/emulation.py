"""Running a plan without its accelerators: ``--emulate``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from beaufort.spec import MistralService

Command = TypeVar("Command", bound=Callable[..., object])


def emulate_option(command: Command) -> Command:
    """Add ``--emulate`` to a verb, which it receives as ``emulate``."""
    return click.option(
        "--emulate", is_flag=True, help="Engines that only keep the accelerators' time: no model, no accelerator."
    )(command)


def emulated(service: MistralService, *, wanted: bool) -> MistralService:
    """Return the service with emulated engines if that is wanted."""
    if not wanted:
        return service
    spec = service.spec.model_copy(update={"engine": "emulated"})
    return service.model_copy(update={"spec": spec})
