"""What comes back when a model is asked through the API server."""

from __future__ import annotations

import json

import pytest

from beaufort.kube.connection import Reply
from beaufort.kube.question import _answer


def status(code: int, message: str) -> str:
    return json.dumps({"kind": "Status", "status": "Failure", "message": message, "code": code})


@pytest.mark.parametrize(
    ("code", "body", "kind", "said"),
    [
        (200, json.dumps({"choices": [{"text": " there"}]}), "answered", "the model answers"),
        (200, json.dumps({"choices": []}), "failed", "200"),
        (200, "<html>", "failed", "<html>"),
        (503, json.dumps({"error": {"message": "no engine is ready"}}), "failed", "no engine is ready"),
        (404, json.dumps({"error": "no such model"}), "failed", "no such model"),
        (401, json.dumps({"error": {"message": "no key"}}), "refused", "asks for a key"),
        (429, "", "refused", "429"),
        (503, status(503, 'no endpoints available for service "a"'), "unreached", "no endpoints available"),
        (403, status(403, 'cannot create resource "services/proxy"'), "unreached", "no right to ask"),
        (502, "error trying to reach service: dial tcp 10.0.0.1:8080: i/o timeout", "unreached", "dial tcp"),
    ],
)
def test_an_answer_is_told_apart_from_what_stands_in_its_way(code: int, body: str, kind: str, said: str) -> None:
    answer = _answer(Reply(code, {}, body.encode()))
    assert answer.kind == kind
    assert said in answer.what
    assert answer.text == (" there" if kind == "answered" else "")
