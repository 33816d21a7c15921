"""Calls of the command line as a shell makes them, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from beaufort.cli import main

HEAD = "apiVersion: beaufort.dev/v1alpha1\nkind: MistralService\nmetadata: {name: a}\nspec:\n"
MISTRAL = "  model: {source: hf://mistralai/Mistral-7B-Instruct-v0.3}\n"


@dataclass(frozen=True)
class Outcome:
    """What a call came to."""

    code: int
    output: str
    errors: str


Call = Callable[..., Outcome]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that calls ``beaufort`` with arguments."""

    def called(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["beaufort", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Outcome(left.value.code, told.out, told.err)

    return called


def written(folder: Path, spec: str) -> str:
    """Write a service file with this ``spec`` and return its name."""
    file = folder / "service.yaml"
    file.write_text(HEAD + spec)
    return str(file)
