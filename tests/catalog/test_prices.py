from datetime import date
from statistics import median

import pytest

from beaufort.catalog.instances import INSTANCES
from beaufort.catalog.prices import ASSUMED_SPOT_SHARE, PRICES, ListPrice, known_price, price
from beaufort.errors import UsageError

ALL = pytest.mark.parametrize("known", PRICES.values(), ids=lambda known: known.instance)
PUBLISHED = [known for known in PRICES.values() if not known.spot_basis.startswith("assumed")]


@ALL
def test_a_row_is_plausible(known: ListPrice) -> None:
    per_accelerator = known.on_demand / INSTANCES[known.instance].count
    assert 0.5 < per_accelerator < 15
    assert 0.2 * known.on_demand < known.spot < 0.8 * known.on_demand
    assert known.region
    assert known.spot_basis


def test_the_assumed_spot_share_is_within_what_is_published_and_not_hopeful() -> None:
    shares = [known.spot / known.on_demand for known in PUBLISHED]
    assert (min(shares), max(shares)) == pytest.approx((0.29, 0.57), abs=0.005)
    assert median(shares) == pytest.approx(0.46, abs=0.01)
    assert median(shares) <= ASSUMED_SPOT_SHARE < max(shares)


@pytest.mark.parametrize(
    ("name", "provider", "capacity", "count", "dollars"),
    [
        ("H100", "eks", "on-demand", 8, 6.88),
        ("H100", "gke", "on-demand", 8, 11.06),
        ("H100", "aks", "on-demand", None, 12.29),
        ("H100", "gke", "spot", None, 6.326),
        ("A100-80GB", "aws", "on-demand", None, 3.431),
        ("L4", "eks", "on-demand", 1, 0.8048),
        ("L4", "eks", "on-demand", 8, 1.6688),
        ("L4", "eks", "spot", 1, 0.8048 * 0.51),
        ("MI300X", "aks", "spot", 8, 3.0),
    ],
)
def test_the_price_of_one_accelerator(
    name: str, provider: str, capacity: str, count: int | None, dollars: float
) -> None:
    found = price(name, provider, capacity, count)  # type: ignore[arg-type] # the table's words
    assert found.per_hour == pytest.approx(dollars, rel=1e-3)
    assert found.capacity == capacity
    assert count is None or INSTANCES[found.instance].count == count


def test_the_cheapest_machine_is_taken_when_no_size_is_asked_for() -> None:
    assert price("L4", "eks").instance == "g6.xlarge"


def test_a_size_that_nobody_rents_takes_any() -> None:
    assert known_price("L4", "eks", count=3) == known_price("L4", "eks")


def test_a_price_tells_its_day_its_place_and_what_is_assumed_of_it() -> None:
    found = price("H200", "aks", "spot")
    assert (found.asked, found.region, found.assumed) == (date(2026, 6, 18), "eastus2", True)
    assert "Azure retail prices" in found.source
    assert "2026-06-18" in found.source
    assert "assumed: 50% of the on-demand price" in found.source


def test_only_a_published_price_is_not_assumed() -> None:
    assert not price("L4", "gke", "spot").assumed
    assert not price("L4", "eks").assumed
    assert price("L4", "eks", "spot").assumed
    assert "2025-06-28" in price("L4", "eks", "spot").source


@pytest.mark.parametrize(("name", "provider"), [("H100", "other"), ("B200", "gke"), ("cpu", "aws"), ("L40S", "aks")])
def test_an_unknown_price_asks_for_the_files(name: str, provider: str) -> None:
    assert known_price(name, provider) is None
    with pytest.raises(UsageError, match=rf"no list price of {name} .*give pricePerHour"):
        price(name, provider)
