"""Bytes to requests: the same whatever the pieces, and never laxer than h11."""

from __future__ import annotations

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beaufort.wire import Limits, Request
from beaufort.wire.parsing import Refusal, RequestParser

LIMITS = Limits(header_bytes=2048, headers=16, body_bytes=4096)


def parse(*pieces: bytes, limits: Limits = LIMITS) -> list[Request | Refusal | str]:
    """Return what a parser makes of ``pieces``; each ``100 Continue`` it asks for is a string."""
    found: list[Request | Refusal | str] = []
    parser = RequestParser(limits, found.append, lambda: found.append("continue"))
    for piece in pieces:
        parser.feed(piece)
    return found


def statuses(*pieces: bytes) -> list[int]:
    """Return the status of each refusal, and 200 for each request."""
    return [found.status if isinstance(found, Refusal) else 200 for found in parse(*pieces)]


def post(*fields: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join([b"POST /p HTTP/" + version, b"Host: a", *fields, b"", body])


CHUNKED = b"Transfer-Encoding: chunked"
SAMPLES = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\nGET /a/b?c=d&e HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Space: \t b c \t\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nhOsT: a\r\nx: \xe9\r\n\r\n",
    b"GET http://a.example/p?q HTTP/1.1\r\nHost: a.example\r\n\r\n",
    post(b"Content-Length: 5", body=b"hello"),
    post(b"Content-Length: 0"),
    post(b"Expect: 100-continue", b"Content-Length: 2", body=b"ok"),
    post(CHUNKED, body=b'3;name=value;q="s"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nT: trailer\r\n\r\n'),
    b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    post(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 5", body=b"hello"),
]


@given(st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=4), st.data())
def test_the_pieces_make_no_difference(requests: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(requests)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=12)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert parse(*pieces) == parse(stream)


@pytest.mark.parametrize("request_bytes", SAMPLES)
def test_every_single_cut_makes_no_difference(request_bytes: bytes) -> None:
    stream = SAMPLES[0] + request_bytes + SAMPLES[4]
    whole = parse(stream)
    assert len(whole) >= 2
    assert parse(*(stream[i : i + 1] for i in range(len(stream)))) == whole
    for cut in range(1, len(stream)):
        assert parse(stream[:cut], stream[cut:]) == whole


def test_a_request_is_read_as_it_was_meant() -> None:
    assert parse(SAMPLES[1]) == [
        Request("GET", "/a/b", "c=d&e", ((b"host", b"a"), (b"x-empty", b""), (b"x-space", b"b c")), b"")
    ]
    (chunked,) = parse(SAMPLES[7])
    assert isinstance(chunked, Request)
    assert chunked.body == b"abc0123456789"
    assert chunked.header(b"t") is None


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", ""),
        (b"/a%20b?x=%3F?", "/a%20b", "x=%3F?"),
        (b"http://a", "/", ""),
        (b"http://a?x=1/2", "/", "x=1/2"),
        (b"http://a:1/b/c?x", "/b/c", "x"),
        (b"/see/http://b/c?u=http://d", "/see/http://b/c", "u=http://d"),
        (b"*", "*", ""),
    ],
)
def test_a_target_has_a_path_and_a_query(target: bytes, path: str, query: str) -> None:
    (request,) = parse(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target)
    assert isinstance(request, Request)
    assert (request.path, request.query) == (path, query)


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"GET / HTTP/1.1\nHost: a\n\n", id="bare-lf"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", id="bare-lf-after-header"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\n", id="bare-lf-at-the-end"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", id="bare-cr"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\rX", id="bare-cr-at-the-end"),
        pytest.param(post(b"Content-Length: 1", b"Content-Length: 1", body=b"x"), id="length-twice"),
        pytest.param(post(b"Content-Length: 1", b"Content-Length: 2", body=b"xx"), id="lengths-differ"),
        pytest.param(post(b"Content-Length: 1, 1", body=b"x"), id="length-list"),
        pytest.param(post(b"Content-Length: +1", body=b"x"), id="length-plus"),
        pytest.param(post(b"Content-Length: -1", body=b"x"), id="length-minus"),
        pytest.param(post(b"Content-Length: 0x1", body=b"x"), id="length-hex"),
        pytest.param(post(b"Content-Length: 1 1", body=b"x"), id="length-space"),
        pytest.param(post(b"Content-Length:", body=b"x"), id="length-empty"),
        pytest.param(post(b"Content-Length: " + b"9" * 40, body=b"x"), id="length-endless"),
        pytest.param(post(b"Content-Length: 3", CHUNKED, body=b"0\r\n\r\n"), id="length-and-coding"),
        pytest.param(post(CHUNKED, b"Content-Length: 3", body=b"0\r\n\r\n"), id="coding-and-length"),
        pytest.param(post(b"Transfer-Encoding: gzip"), id="coding-gzip"),
        pytest.param(post(b"Transfer-Encoding: identity"), id="coding-identity"),
        pytest.param(post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), id="coding-xchunked"),
        pytest.param(post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), id="coding-vt"),
        pytest.param(post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), id="coding-list"),
        pytest.param(post(b"Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n"), id="coding-not-last"),
        pytest.param(post(b"Transfer-Encoding: gzip", CHUNKED, body=b"0\r\n\r\n"), id="coding-gzip-then-chunked"),
        pytest.param(post(CHUNKED, CHUNKED, body=b"0\r\n\r\n"), id="coding-twice"),
        pytest.param(post(CHUNKED, body=b"0\r\n\r\n", version=b"1.0"), id="coding-in-1.0"),
        pytest.param(post(CHUNKED, body=b"2\nab\r\n0\r\n\r\n"), id="chunk-bare-lf"),
        pytest.param(post(CHUNKED, body=b"2;x\nab\r\n0\r\n\r\n"), id="chunk-extension-bare-lf"),
        pytest.param(post(CHUNKED, body=b"2\r\nabc\r\n0\r\n\r\n"), id="chunk-longer-than-said"),
        pytest.param(post(CHUNKED, body=b"0x2\r\nab\r\n0\r\n\r\n"), id="chunk-size-0x"),
        pytest.param(post(CHUNKED, body=b"2 \r\nab\r\n0\r\n\r\n"), id="chunk-size-space"),
        pytest.param(post(CHUNKED, body=b"\r\nab\r\n0\r\n\r\n"), id="chunk-size-empty"),
        pytest.param(post(CHUNKED, body=b"f" * 20 + b"\r\nab"), id="chunk-size-overflow"),
        pytest.param(post(CHUNKED, body=b"0\r\nContent-Length: 3\r\n\r\nabc"), id="trailer-length"),
        pytest.param(post(b"X: a", b" b"), id="folded"),
        pytest.param(b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", id="folded-first"),
        pytest.param(post(b"X : a"), id="space-before-colon"),
        pytest.param(post(b"X"), id="no-colon"),
        pytest.param(post(b": a"), id="no-name"),
        pytest.param(post(b"X: a\0b"), id="nul"),
        pytest.param(post(b"X\0: a"), id="nul-in-name"),
        pytest.param(post(b"X: a\x01b"), id="control-character"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no-host"),
        pytest.param(post(b"Host: b"), id="two-hosts"),
        pytest.param(b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", id="target-not-ascii"),
        pytest.param(b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", id="target-relative"),
        pytest.param(b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", id="unknown-method"),
        pytest.param(b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", id="unknown-version"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="http2-preface"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="tls-hello"),
        pytest.param(post(*[b"X-%d: y" % i for i in range(16)]), id="too-many-headers"),
        pytest.param(post(*[b"X-%d: %b" % (i, b"y" * 200) for i in range(11)]), id="headers-too-large-together"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 2100, id="one-endless-header"),
        pytest.param(b"GET /" + b"y" * 2100, id="endless-target"),
        pytest.param(b"\r\n" * 1100, id="endless-blank-lines"),
        pytest.param(post(b"X: " + b"y" * 1_000_000), id="headers-of-a-megabyte"),
        pytest.param(post(CHUNKED, body=b"0\r\n" + b"T: abc\r\n" * 400), id="endless-trailers"),
        pytest.param(post(CHUNKED, body=b"0\r\nT: " + b"y" * 2100), id="one-endless-trailer"),
        pytest.param(post(CHUNKED, body=b"2;x=" + b"y" * 2100), id="endless-chunk-extension"),
    ],
)
def test_what_must_be_refused_is_refused(stream: bytes) -> None:
    trickled = [stream[i : i + 1] for i in range(len(stream))] if len(stream) < 10_000 else [stream]
    more = stream[-2100:]  # of what is endless, one read beyond the limit is enough
    assert statuses(*trickled) == [400]
    assert statuses(stream, more) == [400]
    assert statuses(SAMPLES[0] + stream, more) == [200, 400]
    assert statuses(*trickled, SAMPLES[0]) == [400], "nothing is read after a refusal"


@pytest.mark.parametrize(
    ("stream", "status"),
    [
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\n\r\n", 505),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (post(b"Content-Length: 4097", body=b"x"), 413),
        (post(b"Expect: 100-continue", b"Content-Length: 4097"), 413),
        (post(CHUNKED, body=b"800\r\n%b\r\n" % (b"x" * 2048) * 3), 413),
        (post(CHUNKED, body=b"1001\r\n" + b"x" * 4097), 413),
    ],
)
def test_some_refusals_say_more_than_400(stream: bytes, status: int) -> None:
    assert statuses(stream) == [status]


def test_what_is_just_within_the_limits_is_accepted() -> None:
    assert statuses(post(*[b"X-%d: y" % i for i in range(15)])) == [200]
    assert statuses(post(b"X: " + b"y" * 1900)) == [200]
    assert statuses(post(b"Content-Length: 4096", body=b"x" * 4096)) == [200]
    assert statuses(post(CHUNKED, body=b"1000\r\n%b\r\n0\r\n\r\n" % (b"x" * 4096))) == [200]
    many = post(CHUNKED, body=b"2;%b\r\nab\r\n" % (b"e" * 1000) * 100 + b"0\r\n\r\n")
    assert statuses(*(many[i : i + 700] for i in range(0, len(many), 700))) == [200]
    assert statuses(SAMPLES[0] * 500) == [200] * 500


def test_an_upgrade_is_declined_and_the_request_read_whole() -> None:
    fields = [b"Connection: keep-alive, Upgrade", b"Upgrade: h2c", b"X: y"]
    expected = (b"host", b"a"), (b"x", b"y")
    (length,) = parse(post(*fields, b"Content-Length: 2", body=b"ab" + SAMPLES[0]))
    (chunks,) = parse(post(*fields, CHUNKED, body=b"2\r\nab\r\n0\r\n\r\n" + SAMPLES[0]))
    for request in (length, chunks):
        assert isinstance(request, Request)
        assert request.body == b"ab"
        assert request.headers[:2] == expected
        assert not request.keep_alive
    assert statuses(post(*fields, CHUNKED, body=b"x\r\n")) == [400]
    assert statuses(post(*fields, b"Content-Length: 5000")) == [413]


def test_the_parser_knows_where_it_is() -> None:
    parser = RequestParser(LIMITS, lambda _: None, lambda: None)
    places = []
    for piece in (b"", b"\r", b"\nPO", b"ST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n", b"\r\n", b"a", b"b"):
        parser.feed(piece)
        places.append((parser.in_head, parser.in_body, parser.body_bytes))
    head, rest = (True, False, 0), (False, False, 0)
    assert places == [rest, head, head, head, (False, True, 0), (False, True, 1), rest]


# ---- h11, another implementation, agrees or is laxer.
# Known differences, all of them harmless, none generated below: llhttp skips several blank lines and spaces before
# and within the request line where h11 allows none; it reads RTSP/1.0 and ICE/1.0 as HTTP/1.0 for their own methods.


def by_h11(stream: bytes) -> list[Request] | None:
    """Return the requests that h11 finds in ``stream``, or None when it refuses it."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
    connection.receive_data(stream)
    requests: list[Request] = []
    try:
        while True:
            head = connection.next_event()
            if not isinstance(head, h11.Request):
                return requests
            body = b""
            while isinstance(event := connection.next_event(), h11.Data):
                body += event.data
            if not isinstance(event, h11.EndOfMessage):
                return requests
            path, _, query = head.target.decode().partition("?")
            fields = tuple((bytes(name), bytes(value)) for name, value in head.headers)
            requests.append(Request(head.method.decode(), path, query, fields, body))
            connection.send(h11.Response(status_code=200, headers=[(b"content-length", b"0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return requests
            connection.start_next_cycle()
    except h11.RemoteProtocolError:
        return requests


TOKEN = st.text("abcXYZ019-_.!#$%&'*+^`|~", min_size=1, max_size=12).map(lambda text: b"x" + text.encode())
VALUE = st.text('ab:;,/"= \t\u00e9', max_size=12).map(lambda text: text.strip().encode("latin-1"))
TARGET = st.text("ab/%20?=&.;:@~-", max_size=20).map(lambda text: b"/" + text.encode())
BODY = st.binary(max_size=40)


@st.composite
def generated(draw: st.DrawFn) -> bytes:
    """A valid request in one of its many forms."""
    fields = [
        b"%b:%b%b" % (name, draw(st.sampled_from([b"", b" ", b"\t "])), value)
        for name, value in draw(st.lists(st.tuples(TOKEN, VALUE), max_size=5))
    ]
    fields.insert(draw(st.integers(0, len(fields))), b"Host: example")
    framing = draw(st.sampled_from(["none", "length", "chunks"]))
    body = draw(BODY)
    if framing == "length":
        fields.append(b"content-length: %d" % len(body))
    elif framing == "chunks":
        fields.append(b"Transfer-Encoding: chunked")
        size = draw(st.integers(1, 20))
        pieces = [body[i : i + size] for i in range(0, len(body), size)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        body = b""
    method = draw(st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"]))
    return b"\r\n".join([b"%b %b HTTP/1.1" % (method, draw(TARGET)), *fields, b"", body])


def requests_of(stream: bytes) -> list[Request]:
    return [found for found in parse(stream) if isinstance(found, Request)]


@given(st.lists(generated(), min_size=1, max_size=3))
def test_h11_reads_the_same_requests(requests: list[bytes]) -> None:
    stream = b"".join(requests)
    ours = requests_of(stream)
    assert len(ours) == len(requests)
    assert ours == by_h11(stream)


MUTATIONS = [b"", b"\r", b"\n", b"\r\n", b" ", b"\t", b"\0", b":", b",", b"0", b"1", b"x", b"\xff", b"chunked", b";"]


@given(generated(), st.data())
@example(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", None)
def test_what_is_accepted_of_mutated_requests_h11_reads_the_same(request: bytes, data: st.DataObject | None) -> None:
    stream = request
    if data is not None:
        start = request.index(b"HTTP/1.1") + 1  # the request line's spaces are among the known differences
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(start, len(stream)))
            skipped = data.draw(st.integers(0, 2))
            stream = stream[:at] + data.draw(st.sampled_from(MUTATIONS)) + stream[at + skipped :]
    ours, theirs = requests_of(stream), by_h11(stream)
    if theirs is not None and ours:
        assert ours[0] == theirs[0]
