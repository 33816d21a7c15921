from hypothesis import given
from hypothesis import strategies as st

from beaufort.gateway import headers
from beaufort.wire import Request

HOP_BY_HOP = [
    (b"connection", b"Keep-Alive, X-Named"),
    (b"keep-alive", b"timeout=5"),
    (b"proxy-connection", b"close"),
    (b"te", b"trailers"),
    (b"trailer", b"x"),
    (b"transfer-encoding", b"chunked"),
    (b"upgrade", b"h2c"),
    (b"x-named", b"1"),
]
NAMES = st.sampled_from([b"accept", b"x-a", b"authorization", b"cookie", b"te", b"x-named", b"connection", b"host"])
FIELDS = st.lists(st.tuples(NAMES, st.sampled_from([b"1", b"x-named", b"close", b"a , X-A", b"keep-alive"])))


def request(fields: list[tuple[bytes, bytes]], body: bytes = b"", method: str = "POST", query: str = "") -> Request:
    return Request(method, "/v1/x", query, tuple(fields), body)


def test_what_belongs_to_the_connection_stays_behind() -> None:
    fields = [*HOP_BY_HOP, (b"accept", b"*/*"), (b"host", b"a"), (b"expect", b"100-continue"), (b"accept", b"b")]
    sent = headers.request_rest(request(fields, b"xy"), b"id")
    assert sent == b"accept: */*\r\naccept: b\r\nx-request-id: id\r\ncontent-length: 2\r\n\r\nxy"


def test_the_framing_of_a_response_stays_behind() -> None:
    fields = [*HOP_BY_HOP, (b"content-length", b"2"), (b"x-request-id", b"theirs"), (b"server", b"uvicorn")]
    assert headers.returned(fields, b"ours") == [(b"server", b"uvicorn"), (b"x-request-id", b"ours")]


def test_a_request_without_a_body_has_no_length() -> None:
    assert headers.request_rest(request([], method="GET"), b"id") == b"x-request-id: id\r\n\r\n"
    assert b"content-length: 0" in headers.request_rest(request([]), b"id")


def test_the_query_is_kept_as_it_is() -> None:
    assert headers.request_line(request([], query="a=%20&b")) == b"POST /v1/x?a=%20&b HTTP/1.1\r\n"


@given(FIELDS)
def test_only_whole_fields_are_dropped_and_order_is_kept(fields: list[tuple[bytes, bytes]]) -> None:
    kept = headers.returned(fields, b"id")[:-1]
    rest = iter(fields)
    assert all(field in rest for field in kept)
    named = {token.strip().lower() for name, value in fields if name == b"connection" for token in value.split(b",")}
    assert not {name for name, _ in kept} & (named | {b"connection", b"te"})
    untouchable = {b"accept", b"authorization", b"cookie"} - named
    assert [f for f in fields if f[0] in untouchable] == [f for f in kept if f[0] in untouchable]
