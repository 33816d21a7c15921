from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.routing import Endpoint, State, choose

ENDPOINTS = st.lists(
    st.builds(Endpoint, st.integers(0, 99).map(str), st.integers(0, 9), st.sampled_from(State)),
    unique_by=lambda endpoint: endpoint.url,
    max_size=12,
)
EXCLUDED = st.frozensets(st.integers(0, 99).map(str))


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
    assert choose([Endpoint("a"), Endpoint("b")]).reason == "0 in flight, as 2 of 2 candidates among 2 endpoints"


def test_a_snapshot_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 requests in flight"):
        Endpoint("a", -1)
