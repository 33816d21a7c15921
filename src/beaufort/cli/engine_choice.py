"""Another engine than the file's, for a rehearsal or a trial: ``--engine`` and ``--emulate``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import click

from beaufort.cli.plan_file import Engine, as_it_is, load_plan
from beaufort.plan.plan import Plan
from beaufort.render import emulate
from beaufort.spec import MistralService

_ENGINES = get_args(Engine)


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options, as its arguments ``engine`` and ``emulated``."""
    engine = click.option("--engine", type=click.Choice(_ENGINES), help="The engine, instead of the file's.")
    emulated = click.option(
        "--emulate", "emulated", is_flag=True, help="Rehearse it: engines that act the plan's, on any nodes."
    )
    return engine(emulated(command))


def plan_with(
    file: str,
    engine: Engine | None,
    *,
    emulated: bool,
    adjust: Callable[[MistralService], MistralService] = as_it_is,
) -> Plan:
    """Return the plan in ``file``, or that of the service in it, with the engine that is wanted.

    Args:
        file: Its name; ``-`` is standard input.
        engine: What the service is planned for, instead of what it says.
        emulated: Whether emulated engines act the planned ones.
        adjust: Returns the service as it is wanted otherwise.

    Raises:
        BeaufortError: As ``load_plan``; and when the file is a plan, which is made for its engine.
    """
    plan = load_plan(file, adjust, engine=engine)
    return emulate(plan) if emulated else plan
