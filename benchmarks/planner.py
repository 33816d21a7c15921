"""The planner's queues against the simulated replica: is what it promises what comes out?

    python benchmarks/planner.py [-o json] [--requests 4000] [--seed 1] [service.yaml ...]

For each service the planner chooses a replica and says how many requests a second it takes at the objectives. The
simulated replica, which follows vLLM's scheduler step by step, is given random traffic of the same kind:

- at the load of the plan's peak: the latencies at the objectives' percentiles, simulated over planned;
- at other loads: the highest one at which it still keeps the objectives, with the planned one over it. Above 1 the plan
  promises too much; below, it costs more than it must.

The peer is the planner that most people write down: tokens per second of the largest batch whose steps keep the time
per token, prompts added, queues not. It is run on the same replica.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

from rich.console import Console
from rich.table import Table

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.models import MODELS
from beaufort.catalog.precision import Precision
from beaufort.cli.plan import planned
from beaufort.cli.service_file import load
from beaufort.errors import BeaufortError
from beaufort.perf.profile import StepBatch, StepProfile, prefill_pairs
from beaufort.plan.plan import Plan
from beaufort.plan.setup import roofline, timing
from beaufort.simulate.config import ReplicaConfig
from beaufort.simulate.fleet import Arrival, Fleet, Served
from beaufort.simulate.replica import Replica
from beaufort.simulate.request import Request
from beaufort.spec.traffic import Synthetic
from beaufort.traffic.demand import Demand, synthetic
from beaufort.traffic.sampling import Sample, samples

_SERVICES = Path(__file__).parent / "services"
_WARMING = 0.2  # of the requests, which are not counted
_TRIALS = 7


@dataclass(frozen=True)
class Case:
    """A planned replica, and the traffic that it is for."""

    name: str
    plan: Plan
    demand: Demand
    profile: StepProfile

    @property
    def limit(self) -> float:
        """Requests per second that the plan says a replica takes."""
        return self.plan.expectation.requests_per_second_per_replica

    @property
    def replicas(self) -> int:
        """Among which the traffic is spread, in the busiest region."""
        return max(region.replicas.planned for region in self.plan.regions)


def case(path: Path) -> Case:
    """Plan a service."""
    service = load(str(path))
    if not isinstance(service.spec.traffic, Synthetic):
        message = f"{path}: only traffic that is described by figures"
        raise TypeError(message)
    plan = planned(service)
    profile = timing(
        MODELS[plan.model.architecture],
        accelerator(plan.shape.accelerator),
        Precision(plan.model.quantisation),
        plan.shape,
        roofline,
    )
    return Case(path.stem, plan, synthetic(service.spec.traffic), profile)


def simulated(case: Case, rate: float, requests: int, seed: int) -> list[Served]:
    """Return what a replica makes of random traffic at ``rate``, once it is warm."""
    engine, model = case.plan.engine, case.plan.model
    config = ReplicaConfig(
        num_blocks=engine.kv_blocks,
        max_model_len=model.max_model_len,
        block_size=engine.block_size,
        max_num_seqs=engine.max_num_seqs,
        max_num_batched_tokens=engine.max_num_batched_tokens,
        prefix_caching=engine.prefix_caching,
    )
    random = Random(seed)  # noqa: S311 - chance for a simulation, no secret
    drawn = islice(samples(case.demand, rate, random, case.replicas), requests)
    arrivals = (_arrival(index, sample, config) for index, sample in enumerate(drawn))
    done = Fleet([Replica(config, case.profile)]).run(arrivals, lambda _: 0)
    return [each for each in done if each.id >= _WARMING * requests]


def _arrival(index: int, sample: Sample, config: ReplicaConfig) -> Arrival:
    prompt = min(sample.prompt_tokens, config.max_model_len - 1)
    output = min(sample.output_tokens, config.max_model_len - prompt)
    blocks, shared = (prompt + output) // config.block_size, min(sample.shared_tokens, prompt) // config.block_size
    hashes = [hash((sample.group, block)) for block in range(shared)]
    hashes += [hash((-1 - index, block)) for block in range(shared, blocks)]
    return Arrival(sample.at, Request(index, prompt, output, tuple(hashes)))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of the values stay within."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def latencies(case: Case, done: Sequence[Served]) -> tuple[float, float]:
    """Return the latencies at the percentiles of the objectives: to the first token, and for each after it."""
    wanted = case.plan.service.spec.objectives
    tpots = [each.tpot for each in done if each.tpot is not None]
    return (
        percentile([each.ttft for each in done], wanted.ttft.percentile / 100),
        percentile(tpots, wanted.tpot.percentile / 100),
    )


def kept(case: Case, done: Sequence[Served]) -> bool:
    """Return whether the objectives were kept."""
    ttft, tpot = latencies(case, done)
    wanted = case.plan.service.spec.objectives
    return ttft <= wanted.ttft.within and tpot <= wanted.tpot.within


def highest(case: Case, requests: int, seeds: Sequence[int]) -> float:
    """Return the most requests per second at which the simulated replica keeps the objectives, by halving."""

    def fine(rate: float) -> bool:
        return sum(kept(case, simulated(case, rate, requests, seed)) for seed in seeds) * 2 > len(seeds)

    low, high = 0.0, case.limit
    while fine(high):
        low, high = high, high * 1.25
    low = low or high / 2
    for _ in range(_TRIALS):
        middle = (low + high) / 2
        low, high = (middle, high) if fine(middle) else (low, middle)
    return low


def by_throughput(case: Case) -> float:
    """Return what a planner without queues says: ``n / (n prompt + m step(n))`` for the best batch it allows itself."""
    plan, demand = case.plan, case.demand
    prompt, tokens = round(demand.prompt.mean * (1 - demand.shared)), demand.output.mean
    context = demand.prompt.mean + tokens / 2
    alone = StepBatch(prefill_tokens=prompt, prefill_context=prompt, prefill_pairs=prefill_pairs(0, prompt), outputs=1)
    own = case.profile.step_seconds(alone)
    best = 0.0
    for count in range(1, plan.engine.max_num_seqs + 1):
        held = round(count * context)
        step = case.profile.step_seconds(StepBatch(decode_sequences=count, decode_context=held, outputs=count))
        if held > plan.engine.kv_tokens or step > plan.service.spec.objectives.tpot.within:
            break
        best = max(best, count / (count * own + tokens * step))
    return best


def figures(case: Case, requests: int, seed: int) -> dict[str, object]:
    """Compare one service."""
    expected = case.plan.expectation
    rate = expected.utilisation * case.limit
    runs = [latencies(case, simulated(case, rate, requests, seed + each)) for each in range(3)]
    most = highest(case, requests, (seed, seed + 1, seed + 2))
    return {
        "service": case.name,
        "replica": f"{case.plan.model.quantisation} {case.plan.shape.accelerator} x{case.plan.shape.accelerators}",
        "load": expected.utilisation,
        "ttft_simulated_over_planned": median(ttft for ttft, _ in runs) / expected.ttft_seconds,
        "tpot_simulated_over_planned": median(tpot for _, tpot in runs) / expected.tpot_seconds,
        "planned_rps": case.limit,
        "simulated_rps": most,
        "planned_over_simulated": case.limit / most,
        "without_queues_over_simulated": by_throughput(case) / most,
    }


def rows(files: Sequence[Path], requests: int, seed: int) -> Iterator[dict[str, object]]:
    """Compare every service."""
    for path in files:
        print(f"{path.stem} ...", file=sys.stderr)
        yield figures(case(path), requests, seed)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="service files; without any, those beside this program")
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    parser.add_argument("--requests", type=int, default=4000, help="of each simulated run")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        files = options.files or sorted(_SERVICES.glob("*.yaml"))
        found = list(rows(files, options.requests, options.seed))
    except BeaufortError as error:
        sys.exit(f"error: {error}")
    if options.output == "json":
        print(json.dumps({"requests": options.requests, "seed": options.seed, "services": found}, indent=2))
        return
    Console().print(_table(found))


def _table(found: Sequence[dict[str, object]]) -> Table:
    names = ("service", "replica", "load", "TTFT", "TPOT", "planned/s", "simulated/s", "ratio", "no queues")
    table = Table(*names, title="What is planned against what the simulated replica does")
    for row in found:
        table.add_row(*(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()))
    return table


if __name__ == "__main__":
    main()
