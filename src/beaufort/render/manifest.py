"""One Kubernetes object as a plain value, and the text that it becomes.

An object is written as the dictionary that its YAML shows, in the order that a reader expects: ``apiVersion``,
``kind``, ``metadata``, ``spec``. The text is the same at every run, and every reader of YAML understands it alike:
what some reader takes for a number, a date or a truth value is quoted, and text of several lines is a block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import yaml

from beaufort.catalog.kinds import rank
from beaufort.spec.plain import WordError, plain

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
Manifest: TypeAlias = Mapping[str, Json]


def kind_of(manifest: Manifest) -> str:
    """Return the object's kind."""
    return str(manifest["kind"])


def name_of(manifest: Manifest) -> str:
    """Return the object's name."""
    return str(metadata_of(manifest)["name"])


def namespace_of(manifest: Manifest) -> str:
    """Return the object's namespace; empty for an object of the whole cluster."""
    return str(metadata_of(manifest).get("namespace", ""))


def annotations_of(manifest: Manifest) -> Mapping[str, str]:
    """Return the object's annotations."""
    found = metadata_of(manifest).get("annotations")
    return {key: str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}


def metadata_of(manifest: Manifest) -> Mapping[str, Json]:
    """Return the object's metadata."""
    metadata = manifest["metadata"]
    if not isinstance(metadata, Mapping):
        message = f"the metadata of a {manifest['kind']} is no mapping"
        raise TypeError(message)
    return metadata


def application_order(manifest: Manifest) -> tuple[int, str, str, str]:
    """Return the key by which objects are sorted, so that each may be applied when its turn comes."""
    kind = kind_of(manifest)
    return rank(kind), kind, namespace_of(manifest), name_of(manifest)


def yaml_text(value: Json) -> str:
    """Return ``value`` as a YAML document: block style, keys in their own order, lines never folded."""
    # PyYAML is typed to return Any: with no stream given it is the text.
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_UNFOLDED
    )
    return text


def yaml_stream(manifests: Sequence[Manifest]) -> str:
    """Return objects as one stream of YAML documents."""
    return "---\n".join(map(yaml_text, manifests))


_UNFOLDED = 1 << 20  # longer than any line: folded text is hard to read and to compare


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True  # a value that is used twice is written twice


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Trailing blanks cannot stand in a block; PyYAML then quotes on its own.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else _quotes(text))


def _quotes(text: str) -> str | None:
    """Return the quotes that keep ``text`` from being read as anything else; PyYAML adds those that syntax needs."""
    try:
        return None if plain(text) == text else "'"
    except WordError:
        return "'"


_Dumper.add_representer(str, _text)
