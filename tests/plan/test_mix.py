from hypothesis import given, settings
from hypothesis import strategies as st

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.prices import Capacity
from beaufort.plan.mix import Mix, Stand, mixes, room, stands, unprotected
from beaufort.plan.offers import Offer
from beaufort.plan.replica import Shape

ONE = Shape(accelerator="H100")


def offer(
    capacity: Capacity = "on-demand", *, nodes: int = 10, price: float = 4.0, per_node: int = 1, zones: str = "abc"
) -> Offer:
    return Offer(accelerator("H100"), capacity, per_node, nodes, price, "test", tuple(zones))


def cheapest(needed: int, planned: int, *offers: Offer, availability: float = 0.99) -> Mix | None:
    found = mixes(stands(offers, ONE), needed, planned, availability)
    return min(found, key=Mix.cost, default=None)


def test_without_spot_nodes_all_is_base() -> None:
    assert [(mix.base, mix.surplus) for mix in mixes(stands((offer(),), ONE), 3, 4, 0.99)] == [(4, 0)]


def test_a_base_holds_what_a_reclaim_of_one_zone_leaves_short() -> None:
    mix = cheapest(4, 4, offer(), offer("spot", price=1.0))
    assert mix is not None
    # Six spot replicas in three zones lose two: no base is needed, and it is cheaper than any.
    assert (mix.base, mix.surplus, mix.lost_with_a_zone(spot_only=True)) == (0, 6, 2)
    few = cheapest(4, 4, offer(), offer("spot", price=1.0, nodes=3))
    assert few is not None
    assert (few.base, few.surplus) == (2, 3)


def test_in_one_zone_spot_nodes_hold_nothing() -> None:
    mix = cheapest(4, 5, offer(), offer("spot", price=1.0, zones="a"))
    assert mix is not None
    assert (mix.base, mix.surplus) == (4, 1)  # the one to spare may vanish
    assert cheapest(4, 4, offer("spot", zones="a")) is None
    loose = cheapest(4, 4, offer("spot", zones="a"), availability=0.9)
    assert loose is not None
    assert loose.surplus == 4


def test_a_high_promise_covers_the_loss_of_a_zone() -> None:
    mix = cheapest(4, 4, offer(zones="ab"), availability=0.9999)
    assert mix is not None
    assert mix.base == 8
    assert cheapest(4, 4, offer(zones="a"), availability=0.9999) is None


def test_nodes_are_paid_whole_and_filled_from_the_cheapest() -> None:
    dear, cheap = offer(price=5.0, per_node=4, nodes=1), offer(price=4.0, per_node=4, nodes=1)
    mix = Mix(stands((dear, cheap), ONE), base=5, surplus=0)
    assert mix.counts() == (4, 1)
    assert mix.cost() == 4 * 4 + 4 * 5


def test_the_base_stays_when_there_are_fewer() -> None:
    mix = Mix(stands((offer(), offer("spot")), ONE), base=2, surplus=3)
    assert [(mix.at(count).base, mix.at(count).surplus) for count in (5, 3, 1)] == [(2, 3), (2, 1), (1, 0)]


def test_replicas_of_several_accelerators_share_nodes_or_span_them() -> None:
    pair = Shape(accelerator="H100", tensor_parallel=2)
    (packed,) = stands((offer(per_node=8, nodes=3),), pair)
    assert (packed.per_group, packed.room, packed.cost(5)) == (4, 12, 2 * 8 * 4.0)
    (thirds,) = stands((offer(per_node=3),), pair)
    assert (thirds.per_group, thirds.price) == (1, 12.0)
    assert stands((offer(per_node=1),), pair) == ()
    across = Shape(accelerator="H100", pipeline_parallel=3, nodes=3)
    (spanning,) = stands((offer(nodes=10),), across)
    assert (spanning.room, spanning.price, spanning.groups(2)) == (3, 12.0, 2)


def test_what_cannot_be_covered_is_told() -> None:
    assert "two zones" in unprotected(stands((offer(zones="a"),), ONE), 0.9999)
    assert "spot nodes of one zone" in unprotected(stands((offer("spot", zones="a"),), ONE), 0.99)
    assert unprotected(stands((offer("spot", zones="a"), offer(zones="a")), ONE), 0.99) == ""


SPOT = st.builds(
    offer, st.just("spot"), nodes=st.integers(1, 40), price=st.floats(0.1, 3), zones=st.sampled_from(["a", "ab", "abc"])
)
KEPT = st.builds(offer, nodes=st.integers(1, 40), price=st.floats(3, 6), per_node=st.sampled_from([1, 2, 8]))
OFFERS = st.lists(st.one_of(SPOT, KEPT), min_size=1, max_size=4)


@settings(max_examples=150)
@given(
    st.lists(st.one_of(SPOT, KEPT), min_size=1, max_size=4),
    st.integers(1, 40),
    st.integers(0, 5),
    st.floats(0.5, 0.99999),
)
def test_every_mix_holds_what_it_must_within_its_room(
    offers: list[Offer], needed: int, spare: int, availability: float
) -> None:
    standing = stands(tuple(offers), ONE)
    for mix in mixes(standing, needed, needed + spare, availability):
        assert mix.replicas >= needed + spare
        assert mix.holds(needed, availability)
        assert sum(mix.counts()) == mix.replicas
        assert all(count <= stand.room for stand, count in zip(standing, mix.counts(), strict=True))
        # One less in the base would not do.
        less = Mix(standing, mix.base - 1, mix.surplus)
        assert mix.base == 0 or less.replicas < needed + spare or not less.holds(needed, availability)


@settings(max_examples=80)
@given(OFFERS, st.integers(1, 30))
def test_more_replicas_never_cost_less(offers: list[Offer], needed: int) -> None:
    standing = stands(tuple(offers), ONE)
    fewer, more = (mixes(standing, count, count, 0.99) for count in (needed, needed + 1))
    if more:
        assert fewer
        assert min(mix.cost() for mix in fewer) <= min(mix.cost() for mix in more) + 1e-9


def test_room_is_counted_by_capacity() -> None:
    standing: tuple[Stand, ...] = stands((offer(nodes=2, per_node=4), offer("spot", nodes=3)), ONE)
    assert (room(standing, "on-demand"), room(standing, "spot")) == (8, 3)
