from __future__ import annotations

import re

import pytest

from beaufort.spec.source import EXPRESSION, DemoSource, HubSource, PathSource, Source, model_name, parse_source


@pytest.mark.parametrize(
    ("text", "source", "name"),
    [
        ("demo", DemoSource(), "demo"),
        (
            "hf://mistralai/Mistral-7B-Instruct-v0.3",
            HubSource("mistralai/Mistral-7B-Instruct-v0.3"),
            "mistral-7b-instruct-v0.3",
        ),
        ("hf://a/b@v1.0", HubSource("a/b", "v1.0"), "b"),
        ("hf://a/b-GGUF@main/sub/m.Q4_K_M.gguf", HubSource("a/b-GGUF", "main", "sub/m.Q4_K_M.gguf"), "b-gguf"),
        ("hf://a/b/m.gguf", HubSource("a/b", None, "m.gguf"), "b"),
        ("./models/Mistral 7B.gguf", PathSource("./models/Mistral 7B.gguf"), "mistral-7b"),
        ("/srv/model/", PathSource("/srv/model/"), "model"),
        ("../..", PathSource("../.."), None),
    ],
)
def test_sources(text: str, source: Source, name: str | None) -> None:
    assert re.fullmatch(EXPRESSION, text)
    assert parse_source(text) == source
    assert model_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Demo",
        "model.gguf",
        "hf://a",
        "hf://a/",
        "hf:/a/b",
        "hf://a/b@",
        "hf://a/b/../c",
        "https://x/y",
        "hf://-a/b",
    ],
)
def test_what_is_no_source(text: str) -> None:
    assert not re.fullmatch(EXPRESSION, text)
