"""The JSON schemas of Kubernetes' own objects, by version, with unknown fields refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from beaufort.render import Manifest

Node = Any  # JSON as it was read

# Objects of others, which no schema of Kubernetes describes.
CUSTOM = (
    "amd.com",
    "cilium.io",
    "gateway.networking.k8s.io",
    "keda.sh",
    "leaderworkerset.x-k8s.io",
    "monitoring.coreos.com",
    "nvidia.com",
    "snapshot.storage.k8s.io",
)


@cache
def _definitions(minor: int) -> dict[str, Node]:
    path = f"kubernetes-json-schema/v1.{minor}.0-local/_definitions.json"
    text = resources.files("kubernetes_validate").joinpath(path).read_text("utf-8")
    definitions: dict[str, Node] = json.loads(text)["$defs"]
    for definition in definitions.values():
        if "properties" in definition:
            definition.setdefault("additionalProperties", False)
    return definitions


@cache
def _kinds(minor: int) -> dict[tuple[str, str], str]:
    return {
        (api, kind): name
        for name, definition in _definitions(minor).items()
        for api in _words(definition, "apiVersion")
        for kind in _words(definition, "kind")
    }


def _words(definition: Node, field: str) -> list[str]:
    words: list[str] = definition.get("properties", {}).get(field, {}).get("enum", [])
    return words


@cache
def _validator(api: str, kind: str, minor: int) -> Validator:
    name = _kinds(minor)[api, kind]
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _definitions(minor)})


def mistakes(manifest: Manifest, minor: int) -> Iterator[str]:
    """Yield what is wrong with an object of Kubernetes' own.

    Raises:
        KeyError: The version knows no such object.
    """
    validator = _validator(str(manifest["apiVersion"]), str(manifest["kind"]), minor)
    plain = json.loads(json.dumps(manifest))
    return (f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(plain))
