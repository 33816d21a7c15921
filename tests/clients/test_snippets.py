"""What the documentation tells users of clients to paste works as it stands."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.cli.running import PATIENCE
from tests.clients.conftest import Service
from tests.clients.snippets import snippets

pytestmark = [pytest.mark.model, pytest.mark.slow]

PYTHON = len(snippets("python", ""))
CURL = sum(code.startswith("curl") for code in snippets("sh", ""))


def test_there_are_some() -> None:
    assert PYTHON >= 5
    assert CURL >= 2


@pytest.mark.parametrize("number", range(PYTHON))
def test_a_python_snippet_answers(demo: Service, number: int) -> None:
    code = snippets("python", demo.server)[number]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout


@pytest.mark.parametrize("number", range(CURL))
def test_a_curl_snippet_answers(demo: Service, number: int) -> None:
    code = [code for code in snippets("sh", demo.server) if code.startswith("curl")][number]
    done = subprocess.run(["/bin/sh", "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout
