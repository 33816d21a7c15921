from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.routing import Endpoint, State, choose

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
