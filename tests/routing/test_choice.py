from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.routing import Endpoint, Prompt, State, choose

URLS = st.integers(0, 99).map(str)
ENDPOINTS = st.lists(
    st.builds(
        Endpoint,
        st.integers(0, 99).map(str),
        st.integers(0, 9),
        st.sampled_from(State),
        st.sampled_from(["", "a", "b"]),
    ),
    unique_by=lambda endpoint: endpoint.url,
    max_size=12,
)
EXCLUDED = st.frozensets(URLS)


@given(ENDPOINTS, EXCLUDED, st.integers(0))
def test_the_choice_is_healthy_not_excluded_if_possible_and_least_loaded(
    endpoints: list[Endpoint], exclude: frozenset[str], tie: int
) -> None:
    choice = choose(endpoints, exclude=exclude, tie=tie)
    healthy = [each for each in endpoints if each.state is State.HEALTHY]
    candidates = [each for each in healthy if each.url not in exclude] or healthy
    if not healthy:
        assert choice.endpoint is None
    else:
        assert choice.endpoint in candidates
        assert choice.endpoint is not None
        assert choice.endpoint.in_flight == min(each.in_flight for each in candidates)
    assert choice.again == bool(choice.endpoint and choice.endpoint.url in exclude)


@given(st.integers(1, 9), st.integers(0, 1000), st.integers(0, 5))
def test_ties_are_shared_evenly(count: int, first: int, in_flight: int) -> None:
    endpoints = [Endpoint(f"http://{each}", in_flight) for each in range(count)]
    chosen = Counter(choose(endpoints, tie=first + turn).endpoint for turn in range(3 * count))
    assert set(chosen.values()) == {3}


def test_the_reason_is_readable() -> None:
    one, two, gone = Endpoint("a", 1), Endpoint("b", 4), Endpoint("c", 0, State.UNHEALTHY)
    assert choose([one, two, gone]).reason == "1 in flight, the fewest of 2 candidates among 3 endpoints"
    assert choose([gone]).reason == "none of 1 endpoints is healthy"
    assert choose([one, gone], exclude={"a"}).reason.endswith("tried before, for want of another")
    assert choose([Endpoint("a", 9, zone="x"), Endpoint("b", zone="y")], zone="x").reason == (
        "0 in flight in another zone, which counts as 2 more, the fewest of 2 candidates among 2 endpoints"
    )
    assert choose([Endpoint("a"), Endpoint("b")]).reason == "0 in flight, as 2 of 2 candidates among 2 endpoints"


@given(ENDPOINTS, st.integers(0), st.sampled_from("ab"))
def test_the_own_zone_is_preferred_and_never_loaded_by_more_than_two_requests_above_another(
    endpoints: list[Endpoint], tie: int, zone: str
) -> None:
    choice = choose(endpoints, tie=tie, zone=zone)
    loads: dict[bool, list[int]] = {True: [], False: []}
    for each in endpoints:
        if each.state is State.HEALTHY:
            loads[each.zone == zone].append(each.in_flight)
    chosen = choice.endpoint
    if chosen is None:
        assert not loads[True] + loads[False]
    elif chosen.zone == zone:
        assert chosen.in_flight == min(loads[True])
        assert chosen.in_flight <= min(loads[False], default=99) + 2
    else:
        assert chosen.in_flight == min(loads[False])
        assert chosen.in_flight + 2 <= min(loads[True], default=99)
    assert choice.away == (chosen is not None and chosen.zone != zone)


def test_without_an_own_zone_none_is_preferred() -> None:
    endpoints = [Endpoint("1", zone="a"), Endpoint("2", zone="b"), Endpoint("3")]
    assert {choose(endpoints, tie=turn).endpoint for turn in range(3)} == set(endpoints)


def test_a_snapshot_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 requests in flight"):
        Endpoint("a", -1)


PROMPT = Prompt(chain=(1, 2), tokens=4096, origin=7)


def test_a_prompt_goes_to_where_it_is_known() -> None:
    endpoints = [Endpoint(str(each)) for each in range(4)]
    choice = choose(endpoints, prompt=PROMPT, cached=[0, 0, 4000, 0])
    assert choice.endpoint == endpoints[2]
    assert (choice.cached, choice.fresh) == (4000, 96)
    assert choice.reason == "0 in flight, 4000 of its 4096 tokens cached, the fewest of 4 candidates among 4 endpoints"


@pytest.mark.parametrize("busy", [Endpoint("known", 20), Endpoint("known", pending=20_000)])
def test_a_popular_endpoint_does_not_drown(busy: Endpoint) -> None:
    idle = Endpoint("idle")
    assert choose([busy, idle], prompt=PROMPT, cached=[4096, 0]).endpoint == idle


def test_a_new_prompt_has_a_home_unless_that_is_busy() -> None:
    endpoints = [Endpoint(str(each)) for each in range(8)]
    chosen = {choose(endpoints, prompt=PROMPT, cached=[0] * 8, tie=tie).endpoint for tie in range(8)}
    assert len(chosen) == 1
    (first,) = chosen
    assert first is not None
    busy = [replace(each, in_flight=20) if each == first else each for each in endpoints]
    other = choose(busy, prompt=PROMPT, cached=[0] * 8).endpoint
    assert other is not None
    assert other.url != first.url
    short = Prompt(tokens=20, origin=7)
    moved = choose([replace(each, in_flight=int(each == first)) for each in endpoints], prompt=short).endpoint
    assert moved is not None
    assert moved.url != first.url  # a short prompt is no reason to wait


@given(ENDPOINTS, st.data())
def test_who_knows_more_and_has_no_more_to_do_is_never_passed_over(
    endpoints: list[Endpoint], data: st.DataObject
) -> None:
    cached = [data.draw(st.integers(0, 5000)) for _ in endpoints]
    prompt = Prompt(tokens=4096, origin=data.draw(st.integers(0, 2**32 - 1)))
    chosen = choose(endpoints, prompt=prompt, cached=cached).endpoint
    if chosen is None:
        return
    mine = cached[endpoints.index(chosen)]
    assert not any(
        each.state is State.HEALTHY and each.in_flight < chosen.in_flight and known > max(mine, prompt.origin_tokens)
        for each, known in zip(endpoints, cached, strict=True)
    )
