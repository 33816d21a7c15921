"""What a machine with accelerators costs by the hour: dated list prices, in US dollars, of one region of each cloud.

A list price is a beginning: regions differ, it changes without notice, and a contract has its own. The figure of the
user's file always comes first. There is no row without a source: for what is not here, no price is known.

On demand, from the clouds' own price interfaces, as autoscalers publish them with the day on which they asked:

| Cloud | Region | Asked on | Published in |
|---|---|---|---|
| AWS | us-east-1 | 2026-07-20 | ``zz_generated.pricing_aws.go`` of Karpenter's AWS provider 1.15.1 |
| GCP | us-central1 | 2026-08-03 | ``initial-prices.json`` of Karpenter's GCP provider |
| Azure | eastus, eastus2 | 2026-06-18 | ``zz_generated.pricing.go`` of Karpenter's Azure provider |

Spot: GCP publishes a price for each month, in the same file. AWS has a price for each minute; the figure here takes the
saving that its Spot Instance Advisor showed on 2025-06-28 from the on-demand price. For the rest half the on-demand
price is assumed: the rows with a figure of their own lie between 29 and 57 % of it, half of them below 47 %. Both of
the latter are marked as assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from beaufort.catalog.instances import Cloud, Instance, instances
from beaufort.errors import Problem, UsageError

Capacity: TypeAlias = Literal["on-demand", "spot"]

CURRENCY = "USD"
ASSUMED_SPOT_SHARE = 0.5
"""Spot price as a share of the on-demand price where no figure is published; see above."""

_ADVISOR_DATE = date(2025, 6, 28)
LISTS: dict[Cloud, tuple[date, str]] = {
    "aws": (date(2026, 7, 20), "AWS price list, as in Karpenter's AWS provider 1.15.1"),
    "azure": (date(2026, 6, 18), "Azure retail prices, as in Karpenter's Azure provider"),
    "gcp": (date(2026, 8, 3), "Google Cloud billing catalog, as in Karpenter's GCP provider"),
}
"""The day on which each cloud was asked for its prices, and where the answer is published."""

# Machine: dollars an hour on demand; the percent that spot saves, as AWS's advisor showed.
_AWS: dict[str, tuple[float, int | None]] = {
    "g6.xlarge": (0.8048, 49),
    "g6.2xlarge": (0.9776, 58),
    "g6.12xlarge": (4.6016, 59),
    "g6.48xlarge": (13.3504, 69),
    "g5.xlarge": (1.006, 59),
    "g5.2xlarge": (1.212, 58),
    "g5.12xlarge": (5.672, 58),
    "g5.48xlarge": (16.288, 71),
    "g6e.xlarge": (1.861, 58),
    "g6e.2xlarge": (2.24208, 63),
    "g6e.12xlarge": (10.49264, 56),
    "g6e.48xlarge": (30.13118, 68),
    "p4d.24xlarge": (21.957642, 67),
    "p4de.24xlarge": (27.44705, 65),
    "p5.4xlarge": (6.88, None),
    "p5.48xlarge": (55.04, 52),
    "p5en.48xlarge": (63.296, 64),
    "p6-b200.48xlarge": (113.9328, None),
}
# Machine: region, dollars an hour on demand.
_AZURE = {
    "Standard_NC24ads_A100_v4": ("eastus", 3.673),
    "Standard_NC48ads_A100_v4": ("eastus", 7.346),
    "Standard_NC96ads_A100_v4": ("eastus", 14.692),
    "Standard_ND96asr_v4": ("eastus", 27.197),
    "Standard_ND96amsr_A100_v4": ("eastus", 32.77),
    "Standard_NC40ads_H100_v5": ("eastus", 6.98),
    "Standard_NC80adis_H100_v5": ("eastus", 13.96),
    "Standard_ND96isr_H100_v5": ("eastus", 98.32),
    "Standard_ND96isr_H200_v5": ("eastus2", 84.8),
    "Standard_ND96isr_MI300X_v5": ("eastus2", 48.0),
}
# Machine: dollars an hour on demand and spot. Larger ones are sold by reservation, without a price list.
_GCP = {
    "g2-standard-4": (0.706832, 0.397336),
    "g2-standard-8": (0.853624, 0.479872),
    "g2-standard-12": (1.000416, 0.562408),
    "g2-standard-24": (2.000833, 1.124816),
    "g2-standard-48": (4.001665, 2.249632),
    "g2-standard-96": (8.003330, 4.499264),
    "a2-highgpu-1g": (3.673385, 1.928020),
    "a2-highgpu-8g": (29.387080, 15.424160),
    "a2-ultragpu-1g": (5.068798, 2.759546),
    "a2-ultragpu-8g": (40.550383, 22.076370),
    "a3-highgpu-1g": (11.061250, 6.326193),
    "a3-highgpu-8g": (88.490000, 50.609541),
}


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What one machine costs.

    Attributes:
        instance: The machine's name.
        region: Where it costs so.
        on_demand: US dollars for one machine and hour.
        spot: The same while it may be taken away.
        spot_basis: Where the spot figure comes from.
        spot_assumed: Whether that is an assumption of ours, and not a price that the cloud published.
    """

    instance: str
    region: str
    on_demand: float
    spot: float
    spot_basis: str
    spot_assumed: bool


@dataclass(frozen=True, slots=True)
class Price:
    """What one accelerator costs.

    Attributes:
        per_hour: US dollars for one accelerator and hour, its share of the machine included.
        capacity: How it is rented.
        instance: The machine that costs so.
        region: Where.
        asked: The day of the figure.
        assumed: Whether an assumption of ours is in it.
        source: One sentence: where the figure comes from.
    """

    per_hour: float
    capacity: Capacity
    instance: str
    region: str
    asked: date
    assumed: bool
    source: str


def _aws(name: str, on_demand: float, saving: int | None) -> ListPrice:
    if saving is None:
        return _half("us-east-1", name, on_demand)
    basis = f"{saving} % below on-demand, as AWS's Spot Instance Advisor showed on {_ADVISOR_DATE}"
    return ListPrice(name, "us-east-1", on_demand, on_demand * (1 - saving / 100), basis, spot_assumed=True)


def _half(region: str, name: str, on_demand: float) -> ListPrice:
    basis = f"assumed: {ASSUMED_SPOT_SHARE:.0%} of the on-demand price"
    return ListPrice(name, region, on_demand, on_demand * ASSUMED_SPOT_SHARE, basis, spot_assumed=True)


def _gcp(name: str, on_demand: float, spot: float) -> ListPrice:
    return ListPrice(name, "us-central1", on_demand, spot, "published spot price", spot_assumed=False)


_ROWS = (
    *(_aws(name, *figures) for name, figures in _AWS.items()),
    *(_half(region, name, on_demand) for name, (region, on_demand) in _AZURE.items()),
    *(_gcp(name, *figures) for name, figures in _GCP.items()),
)

PRICES: dict[str, ListPrice] = {known.instance: known for known in _ROWS}
"""Every known list price by the machine's name."""


def known_price(
    accelerator: str, provider: str, capacity: Capacity = "on-demand", count: int | None = None
) -> Price | None:
    """Return the lowest list price of one accelerator at a cloud; ``None`` where the catalog knows none.

    Args:
        accelerator: The catalog's name of the accelerator.
        provider: The cloud, or its managed Kubernetes: ``aws`` or ``eks``, ``azure`` or ``aks``, ``gcp`` or ``gke``.
        capacity: How it is rented.
        count: Accelerators of a machine, for machines cost different amounts per accelerator; ``None``, or a number
            that no machine has, takes any.
    """
    sized = [known for known in instances(accelerator, provider, count) if known.name in PRICES]
    machines = sized or [known for known in instances(accelerator, provider) if known.name in PRICES]
    return min((_share(known, capacity) for known in machines), key=lambda price: price.per_hour, default=None)


def price(accelerator: str, provider: str, capacity: Capacity = "on-demand", count: int | None = None) -> Price:
    """Return what ``known_price`` does.

    Raises:
        UsageError: The catalog knows no price.
    """
    found = known_price(accelerator, provider, capacity, count)
    if found is None:
        what = f"no list price of {accelerator} with the provider {provider!r} is known"
        raise UsageError(Problem(what, remedy="give pricePerHour with the accelerator in the service file"))
    return found


def _share(instance: Instance, capacity: Capacity) -> Price:
    row, (asked, source) = PRICES[instance.name], LISTS[instance.cloud]
    spot = capacity == "spot"
    return Price(
        per_hour=(row.spot if spot else row.on_demand) / instance.count,
        capacity=capacity,
        instance=instance.name,
        region=row.region,
        asked=asked,
        assumed=spot and row.spot_assumed,
        source=f"{source}, {asked}, {row.region}{f'; {row.spot_basis}' if spot else ''}",
    )
