"""Whose an object is: by its labels, and by the fields that somebody keeps."""

from __future__ import annotations

from typing import Any

from beaufort.kube.reference import Object

FIELD_MANAGER = "beaufort"
SERVICE_LABEL = "app.kubernetes.io/instance"
MANAGER_LABEL = "app.kubernetes.io/managed-by"
MANAGER = "beaufort"


def labels(thing: Object) -> dict[str, str]:
    """Return an object's labels."""
    found: dict[str, str] = thing["metadata"].get("labels") or {}
    return found


def is_ours(thing: Object, service: str) -> bool:
    """Return whether an object carries the labels that every object of the service was made with."""
    return labels(thing).get(SERVICE_LABEL) == service and labels(thing).get(MANAGER_LABEL) == MANAGER


def selector(service: str) -> str:
    """Return the selector of the objects and pods that ``is_ours`` finds."""
    return f"{SERVICE_LABEL}={service},{MANAGER_LABEL}={MANAGER}"


def keeps(thing: Object, manager: str, *path: str) -> bool:
    """Return whether a manager keeps a field by server-side apply: ``keeps(x, "beaufort", "spec", "replicas")``.

    Without a path: whether it keeps any.
    """
    for entry in thing["metadata"].get("managedFields") or ():
        if entry.get("manager") != manager or entry.get("operation") != "Apply":
            continue
        found: Any = entry.get("fieldsV1")
        for step in path:
            found = found.get(f"f:{step}") if isinstance(found, dict) else None
        if found is not None:
            return True
    return False
