import pytest
from tests.plan.services import service

from beaufort.catalog.accelerators import ACCELERATORS
from beaufort.catalog.prices import known_price
from beaufort.errors import UsageError
from beaufort.plan.offers import ANY_NODES, offers

CLOUDS = ("aws", "gcp", "azure")


def test_the_files_price_comes_first_then_the_providers_list() -> None:
    asked = service(
        "cluster: {provider: eks, zones: [a, b]}",
        "accelerators: [{product: l40s, pricePerHour: 1.5}, {product: L40S, capacity: spot, zones: [b]}]",
    )
    mine, listed = offers(asked.spec)
    assert (mine.price, mine.price_source, mine.zones, mine.entry) == (1.5, "the service file", ("a", "b"), 0)
    known = known_price("L40S", "eks", "spot", 1)
    assert known is not None
    assert (listed.price, listed.price_source, listed.zones) == (known.per_hour, known.source, ("b",))


def test_where_the_provider_is_no_cloud_the_lowest_list_price_counts() -> None:
    (offer,) = offers(service("accelerators: [{product: L4}]").spec)
    listed = [known_price("L4", cloud, "on-demand", 1) for cloud in CLOUDS]
    assert offer.price == min(price.per_hour for price in listed if price is not None)


def test_without_accelerators_all_with_a_price_are_offered() -> None:
    found = offers(service().spec)
    listed = {name for name in ACCELERATORS for cloud in CLOUDS if known_price(name, cloud, "on-demand", 1)}
    assert {offer.accelerator.name for offer in found} == listed
    assert {"L4", "L40S", "H100"} <= listed
    assert {offer.capacity for offer in found} == {"on-demand"}
    assert {offer.max_nodes for offer in found} == {ANY_NODES}
    h200 = next(offer for offer in found if offer.accelerator.name == "H200")
    assert h200.per_node == 8  # no cloud rents fewer of them


def test_every_wrong_product_is_told_with_its_place() -> None:
    with pytest.raises(UsageError) as caught:
        offers(service("accelerators: [{product: H1000}, {product: L4}, {product: A100}]").spec)
    assert [problem.where for problem in caught.value.problems] == [
        "spec.accelerators[0].product",
        "spec.accelerators[2].product",
    ]


def test_a_product_without_a_price_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no list price of MI300X.*give pricePerHour"):
        offers(service("cluster: {provider: gke}", "accelerators: [{product: MI300X}]").spec)
