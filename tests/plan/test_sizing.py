"""As many replicas as it takes, and not one more."""

import pytest
from tests.plan.services import asked, service

from beaufort.plan.draft import setups
from beaufort.plan.search import ways
from beaufort.plan.sizing import Rates

NODES = "accelerators: [{product: L40S, pricePerHour: 1.9}]"


def rates(variation: float) -> Rates:
    question = asked(service(NODES, f"traffic: {{rate: 9, shape: {{kind: bursty, variation: {variation}}}}}"))
    setup = setups(question, ways(question)[0])[0]
    return Rates(setup.station(), question.target, question.demand.dispersion)


@pytest.mark.parametrize("variation", [1.0, 3.0, 8.0])
@pytest.mark.parametrize("rate", [0.5, 20.0, 300.0])
def test_the_fewest_that_are_enough(variation: float, rate: float) -> None:
    found = rates(variation)
    needed = found.needed(rate, 1000)
    assert needed is not None
    assert found.enough(needed, rate)
    assert needed == 1 or not found.enough(needed - 1, rate * 1.01)


@pytest.mark.parametrize("variation", [1.0, 3.0])
def test_more_than_there_are_is_none(variation: float) -> None:
    found = rates(variation)
    needed = found.needed(300, 1000)
    assert needed is not None
    assert found.needed(300, needed) == needed
    assert found.needed(300, needed - 1) is None
    assert found.needed(0, 0) == 0


def test_several_replicas_take_more_of_a_bursty_traffic_each() -> None:
    found = rates(6.0)
    assert found.each(1) < found.each(4) <= found.each(64)
    assert rates(1.0).each(1) == rates(1.0).each(64)
