import json

from beaufort.gateway import responses
from beaufort.wire import sse


def test_an_error_has_openais_shape() -> None:
    failure = responses.timed_out("the engine sent nothing for 5 s")
    assert json.loads(failure.body) == {
        "error": {
            "message": "the engine sent nothing for 5 s",
            "type": "server_error",
            "param": None,
            "code": "upstream_timeout",
        }
    }


def test_an_error_event_ends_the_event_before_it() -> None:
    failure = responses.upstream_failed("gone")
    events = sse.Decoder().feed(b'data: {"ha' + failure.event)
    assert events == [b'{"ha', failure.body]
    assert sse.Decoder().feed(b"data: 1\n\n" + failure.event) == [b"1", failure.body]


def test_a_long_path_is_not_repeated_whole() -> None:
    assert len(responses.not_found("/" + "x" * 10_000).message) < 300
