"""What each region runs: bounds of autoscaling, and pools of nodes."""

from tests.plan.services import planned, service

ZONES = "cluster: {zones: [a, b, c]}"
MIXED = (
    "accelerators: [{product: H100, pricePerHour: 4.2, maxNodes: 9}, "
    "{product: H100, pricePerHour: 1.7, maxNodes: 40, capacity: spot}, "
    "{product: H100, pricePerHour: 1.9, maxNodes: 40, capacity: spot}]"
)


def test_traffic_is_divided_and_pools_are_named_apart() -> None:
    plan = planned(service(MIXED, ZONES, "traffic: {rate: 60}", "regions: [{name: eu, share: 0.75}, {name: us}]"))
    assert [(region.name, region.rate) for region in plan.regions] == [("eu", 45), ("us", 15)]
    names = [pool.name for region in plan.regions for pool in region.pools]
    assert len(set(names)) == len(names)
    assert all(region.name in pool.name for region in plan.regions for pool in region.pools)


def test_a_long_name_of_a_region_still_makes_labels() -> None:
    names = [f"{letter * 60}" for letter in "xy"]
    plan = planned(service(MIXED, ZONES, f"regions: [{{name: {names[0]}}}, {{name: {names[1]}}}]"))
    pools = [pool.name for region in plan.regions for pool in region.pools]
    assert all(len(name) <= 63 for name in pools)
    assert len(set(pools)) == len(pools)


def test_autoscaling_stays_within_the_budget_the_nodes_and_the_file() -> None:
    nodes = "accelerators: [{product: L40S, pricePerHour: 2, maxNodes: 30}]"
    (free,) = planned(service(nodes, "traffic: {rate: 60}")).regions
    assert free.replicas.max > free.replicas.planned
    planned_cost = 2 * free.replicas.planned
    (tight,) = planned(service(nodes, "traffic: {rate: 60}", f"budget: {{perHour: {planned_cost + 2}}}")).regions
    assert tight.replicas.max == tight.replicas.planned + 1
    (asked,) = planned(service(nodes, "traffic: {rate: 60}", "replicas: {min: 1, max: 20}")).regions
    assert asked.replicas.max == 20
    (few,) = planned(service(nodes.replace("30", str(free.replicas.planned)), "traffic: {rate: 60}")).regions
    assert few.replicas.max == free.replicas.planned


def test_what_autoscaling_adds_is_on_spot_nodes() -> None:
    (region,) = planned(service(MIXED, ZONES, "traffic: {rate: 60}")).regions
    grown = [pool for pool in region.pools if pool.max_replicas > pool.replicas]
    assert grown
    assert {pool.capacity for pool in grown} == {"spot"}
