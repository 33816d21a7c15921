import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.plan.availability import covers_reclaim, covers_zone, nodes_lost, with_spare


@pytest.mark.parametrize(
    ("nodes", "availability", "lost"),
    [
        (0, 0.99, 0),
        (1, 0.999, 0),  # a node is missing for a thousandth of the time, which is allowed
        (1, 0.9991, 1),
        (2, 0.999, 1),  # two of them are missing one for almost two thousandths
        (10, 0.99, 0),
        (11, 0.99, 1),
        (4, 0.99999, 1),  # two of four at once: 6e-6
        (6, 0.99999, 2),  # two of six at once: 1.5e-5
        (200_000, 0.99, 234),  # 200 in the mean, 14 is the deviation
    ],
)
def test_nodes_are_missing_as_the_binomial_distribution_says(nodes: int, availability: float, lost: int) -> None:
    assert nodes_lost(nodes, availability) == lost


def test_spare_replicas_are_those_of_the_nodes_that_may_be_missing() -> None:
    assert with_spare(2, per_node=1, availability=0.99) == 2
    assert with_spare(2, per_node=1, availability=0.999) == 3
    assert with_spare(2, per_node=4, availability=0.9995) == 6  # the one node of both, and then one of two
    assert with_spare(0, per_node=1, availability=0.999) == 0


@given(st.integers(1, 2000), st.integers(1, 8), st.floats(0.5, 0.999999))
def test_enough_are_left_and_more_needed_is_never_fewer(needed: int, per_node: int, availability: float) -> None:
    planned = with_spare(needed, per_node, availability)
    lost = nodes_lost(-(-planned // per_node), availability) * per_node
    assert planned - min(lost, planned) >= needed
    assert with_spare(needed + 1, per_node, availability) >= planned


def test_zones_and_reclaims_are_covered_from_some_promise_on() -> None:
    assert not covers_zone(0.9995)
    assert covers_zone(0.9999)
    assert not covers_reclaim(0.9)
    assert covers_reclaim(0.95)
