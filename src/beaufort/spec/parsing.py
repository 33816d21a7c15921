"""From the text of a service file to a frozen value, and back to plain values."""

from __future__ import annotations

import json

from pydantic import JsonValue, ValidationError

from beaufort.spec.accelerators import Zones
from beaufort.spec.document import Document, read
from beaufort.spec.problems import SpecError, problems_of
from beaufort.spec.service import MistralService


def parse(text: str | bytes, where: str = "service.yaml") -> MistralService:
    """Return the service that YAML or JSON text describes, every default filled in.

    Args:
        text: The text, or its UTF-8 bytes.
        where: The file's name, for messages.

    Raises:
        SpecError: Something is wrong; every mistake that can be told is one of its problems.
    """
    document = read(text, where)
    if not document.complete:
        raise SpecError(*document.problems)
    try:
        # By way of JSON, so that pydantic's strict mode means JSON's types: lists are tuples, "2" is no number.
        service = MistralService.model_validate_json(
            json.dumps(document.tree), by_alias=True, by_name=False, context=_zones(document)
        )
    except ValidationError as error:
        raise SpecError(*document.problems, *problems_of(error, document)) from error
    if document.problems:
        raise SpecError(*document.problems)
    return service


def _zones(document: Document) -> Zones:
    zones = document.value(("spec", "cluster", "zones"))
    names = tuple(zone for zone in zones if isinstance(zone, str)) if isinstance(zones, list) else ()
    return Zones(names if isinstance(zones, list) and len(names) == len(zones) else ())


def dump(service: MistralService) -> dict[str, JsonValue]:
    """Return the service as plain values in the file's own form; ``parse`` reads their JSON as an equal service."""
    plain: dict[str, JsonValue] = service.model_dump(mode="json", by_alias=True, exclude_none=True)
    return plain
