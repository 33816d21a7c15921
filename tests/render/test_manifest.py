from __future__ import annotations

import pytest
import yaml

from beaufort.render.manifest import Manifest, application_order, yaml_stream, yaml_text


@pytest.mark.parametrize(
    "text",
    [
        "1.30",
        "1e3",
        "0x1F",
        "012",
        "yes",
        "n",
        "on",
        "true",
        "null",
        "~",
        "",
        "12:30:00",
        "2026-01-01",
        "1_000",
        ".inf",
    ],
)
def test_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    written = yaml_text({"a": text})
    assert written in {f"a: '{text}'\n", f'a: "{text}"\n'}
    assert yaml.safe_load(written) == {"a": text}


@pytest.mark.parametrize("text", ["4Gi", "nvidia.com/gpu", "http", "H100 80GB", "a, b"])
def test_plain_text_stays_plain(text: str) -> None:
    assert yaml_text({"a": text}) == f"a: {text}\n"


def test_text_of_several_lines_is_a_block() -> None:
    assert yaml_text({"run": "set -eu\nexec sleep 1\n"}) == "run: |\n  set -eu\n  exec sleep 1\n"


def test_long_lines_are_not_folded_and_nothing_is_an_alias() -> None:
    labels = {"a": "word " * 60 + "end"}
    written = yaml_text({"one": labels, "two": labels})
    assert written == f"one:\n  a: {labels['a']}\ntwo:\n  a: {labels['a']}\n"


def test_keys_keep_their_order() -> None:
    assert yaml_text({"kind": "b", "apiVersion": "a"}) == "kind: b\napiVersion: a\n"


def test_a_stream_holds_every_object() -> None:
    objects: list[Manifest] = [{"kind": "A", "metadata": {"name": "a"}}, {"kind": "B", "metadata": {"name": "b"}}]
    assert list(yaml.safe_load_all(yaml_stream(objects))) == objects


def test_objects_come_after_what_they_refer_to() -> None:
    kinds = ["Deployment", "Gadget", "Namespace", "Service", "HorizontalPodAutoscaler", "ConfigMap", "PriorityClass"]
    objects: list[Manifest] = [{"kind": kind, "metadata": {"name": "x"}} for kind in kinds]
    assert [each["kind"] for each in sorted(objects, key=application_order)] == [
        "Namespace",
        "PriorityClass",
        "ConfigMap",
        "Service",
        "Gadget",
        "Deployment",
        "HorizontalPodAutoscaler",
    ]
