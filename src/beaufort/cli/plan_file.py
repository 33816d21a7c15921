"""Reading a plan, or a service file that is planned first."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal, TypeAlias

from pydantic import ValidationError

from beaufort.cli.plan import planned
from beaufort.cli.service_file import read, shown_name
from beaufort.errors import Problem, UsageError
from beaufort.plan.plan import Plan
from beaufort.spec import MistralService, parse

Engine: TypeAlias = Literal["openvino", "vllm", "tgi"]

_MAX_BYTES = 16 * 1024 * 1024  # a plan keeps its candidates; thousands of them fit


def as_it_is(service: MistralService) -> MistralService:
    """Return the service unchanged."""
    return service


def load_plan(
    name: str, adjust: Callable[[MistralService], MistralService] = as_it_is, *, engine: Engine | None = None
) -> Plan:
    """Return the plan in the file called ``name``, or that of the service in it; ``-`` is standard input.

    Args:
        name: The file.
        adjust: Returns the service as it is wanted, before it is planned or in a plan that is made already.
        engine: What the service is planned for, instead of what it says.

    Raises:
        SpecError: It is a service file, and wrong.
        PlanError: It is a service file, and nothing keeps its objectives.
        UsageError: It is neither, or cannot be read; or it is a plan, and another engine is wanted.
    """
    shown = shown_name(name)
    text = read(name, _MAX_BYTES)
    if len(text) > _MAX_BYTES:
        raise UsageError(Problem(f"is larger than {_MAX_BYTES >> 20} MiB", shown, "name a plan or a service file"))
    if not _is_plan(text):
        return planned(_with_engine(adjust(parse(text, shown)), engine))
    if engine is not None:
        remedy = "name the service file, or leave --engine out"
        raise UsageError(Problem("a plan is made for its engine", shown, remedy))
    try:
        plan = Plan.model_validate_json(text)
        return plan.model_copy(update={"service": adjust(plan.service)})
    except ValidationError as error:
        raise UsageError(*(_problem(each["loc"], each["msg"], shown) for each in error.errors())) from error


def _with_engine(service: MistralService, engine: Engine | None) -> MistralService:
    if engine is None:
        return service
    return service.model_copy(update={"spec": service.spec.model_copy(update={"engine": engine})})


def _is_plan(text: bytes) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("kind") == "Plan"


def _problem(location: tuple[int | str, ...], message: str, shown: str) -> Problem:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    remedy = "make the plan again with this version: beaufort plan SERVICE -o json"
    return Problem(message, f"{shown}: {path}" if path else shown, remedy)
