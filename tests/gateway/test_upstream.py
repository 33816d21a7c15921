import pytest

from beaufort.errors import UsageError
from beaufort.gateway.upstream import Address, Upstream, normalise
from beaufort.routing import Endpoint, Health, State


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://127.0.0.1:9001", "http://127.0.0.1:9001"),
        (" http://Engine-0.Engines:8000/ ", "http://engine-0.engines:8000"),
        ("HTTP://[::1]:9001", "http://[::1]:9001"),
        ("http://engine", "http://engine"),
    ],
)
def test_an_address_has_one_form(given: str, kept: str) -> None:
    assert normalise(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "127.0.0.1:9001",
        "https://engine",
        "http://",
        "http://engine/v1",
        "http://engine?x",
        "http://engine#x",
        "http://user:secret@engine",
        "http://engine:port",
        "http://engine:99999",
        "http://engine:0",
        "http://en gine",
        "http://engine\r\nx-y: z",
        "http://[::1",
        "http://müller",
    ],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="no endpoint's address"):
        normalise(given)


def test_the_snapshot_follows() -> None:
    upstream = Upstream(Address("http://a:1"), connect_seconds=1, health=Health())
    assert upstream.snapshot == Endpoint("http://a:1", 0, State.PROBING)
    upstream.in_flight += 1
    assert upstream.snapshot.in_flight == 1
    upstream.health = Health(State.HEALTHY)
    assert upstream.snapshot == Endpoint("http://a:1", 1, State.HEALTHY)
    assert upstream.snapshot is upstream.snapshot
