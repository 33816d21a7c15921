from __future__ import annotations

import json

import pytest

from beaufort.engines.refusal import RequestError, error_body, render_refusal, unknown_model


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (404, "invalid_request_error"),
        (405, "invalid_request_error"),
        (413, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "server_error"),
        (503, "service_unavailable_error"),
    ],
)
def test_a_refusal_has_openais_shape(status: int, kind: str) -> None:
    refusal = RequestError('no "größe"', status=status, param="n", code="c")
    error = {"message": 'no "größe"', "type": kind, "param": "n", "code": "c"}
    assert json.loads(refusal.body()) == {"error": error}
    assert json.loads(error_body(status, "x"))["error"] == {"message": "x", "type": kind, "param": None, "code": None}


def test_only_what_the_client_sent_can_be_malformed() -> None:
    assert json.loads(render_refusal(400, "x")[1])["error"]["code"] == "malformed_http"
    assert json.loads(render_refusal(500, "x")[1])["error"]["code"] is None


def test_an_unknown_model_is_named_with_the_known_one() -> None:
    refusal = unknown_model("a", "b")
    assert (refusal.status, refusal.code) == (400, "model_not_found")
    assert "'a'" in refusal.message
    assert "'b'" in refusal.message
