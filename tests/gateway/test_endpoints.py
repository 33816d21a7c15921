from beaufort.gateway.endpoints import Endpoints
from beaufort.gateway.settings import Patience
from beaufort.gateway.upstream import Address
from beaufort.routing import AttemptOutcome, HealthPolicy, ProbeOutcome
from beaufort.routing.prompt import NOTHING


def endpoints(*urls: str) -> tuple[Endpoints, list[str]]:
    said: list[str] = []
    made = Endpoints(lambda: 0.0, HealthPolicy(), Patience(), lambda _, line: said.append(line))
    made.update(Address(url) for url in urls)
    return made, said


def test_what_stays_in_the_list_keeps_its_state() -> None:
    made, said = endpoints("http://a", "http://b")
    first = next(iter(made))
    made.probed(first, ProbeOutcome.READY)
    made.update([Address("http://c"), Address("http://a")])
    assert {each.url for each in made} == {"http://a", "http://c"}
    assert first in set(made)
    assert made.ready
    assert said == [
        "http://a: added",
        "http://b: added",
        "http://a: healthy, it is ready",
        "http://b: removed",
        "http://c: added",
    ]


def test_a_change_of_health_is_said_once() -> None:
    made, said = endpoints("http://a")
    (upstream,) = made
    for outcome in (ProbeOutcome.READY, ProbeOutcome.REFUSED, ProbeOutcome.REFUSED, ProbeOutcome.READY):
        made.begin_probe(upstream)
        made.probed(upstream, outcome)
    made.attempted(upstream, AttemptOutcome.SERVED)
    assert said[1:] == [
        "http://a: healthy, it is ready",
        "http://a: unhealthy, it refuses connections",
        "http://a: healthy, it is ready",
    ]


def test_those_who_wait_are_woken_once() -> None:
    made, _ = endpoints("http://a")
    (upstream,) = made
    woken: list[int] = []
    made.wait(lambda: woken.append(1))
    gone = lambda: woken.append(2)  # noqa: E731 - one callable, named twice
    made.wait(gone)
    made.leave(gone)
    made.probed(upstream, ProbeOutcome.READY)
    made.probed(upstream, ProbeOutcome.READY)
    assert woken == [1]


def test_a_doubt_wakes_the_prober() -> None:
    made, _ = endpoints("http://a")
    (upstream,) = made
    made.probed(upstream, ProbeOutcome.READY)
    woken: list[int] = []
    made.changed = lambda: woken.append(1)
    made.attempted(upstream, AttemptOutcome.BROKEN)
    assert woken == [1]


def test_the_own_zone_is_chosen_and_a_zone_that_changes_is_heeded() -> None:
    made, _ = endpoints("http://a", "http://b")
    for upstream in made:
        made.probed(upstream, ProbeOutcome.READY)
    made.zone = "here"
    made.update([Address("http://a"), Address("http://b", "here")])
    assert {route.upstream.url for _ in range(4) if (route := made.choose(NOTHING))} == {"http://b"}
    made.update([Address("http://a", "here"), Address("http://b")])
    assert {route.upstream.url for _ in range(4) if (route := made.choose(NOTHING))} == {"http://a"}
