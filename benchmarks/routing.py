"""Which replica takes a request: Beaufort's choice against round robin, the least loaded, and one that sees the caches.

    python benchmarks/routing.py [-o json] [--trace FILE] [--requests 4000] [--gateways 1]

Every policy sends the same requests to the same simulated fleet (vLLM's scheduler and prefix cache, an accelerator's
step times), each with a fleet of its own. The requests of three loads:

- `trace`: recorded traffic, in the format of Mooncake's traces; only with --trace;
- `turns`: conversations that grow from turn to turn, each with one of three system prompts;
- `system`: single questions behind one long system prompt, all of them the same.

`oracle` scores as Beaufort does, with what each replica really has in its cache: nobody can know more. With several
gateways each sees only what it sent itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeAlias

from rich.console import Console
from rich.table import Table

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.models import model
from beaufort.catalog.precision import Precision
from beaufort.perf.roofline import Roofline
from beaufort.routing import Crowd, Endpoint, PrefixIndex, Prompt, choose
from beaufort.simulate.config import ReplicaConfig
from beaufort.simulate.fleet import Arrival, Fleet, Served
from beaufort.simulate.replica import Replica
from beaufort.simulate.request import Request

_BLOCK = 512  # tokens, of Mooncake's ids; here also of the engines' caches and of the index
_WARMING = 0.1
_KV_TOKENS = 1_000_000

Query: TypeAlias = tuple[float, int, int, tuple[int, ...]]
"""When it comes, its tokens and those of its answer, and its blocks, each named by itself alone."""


@dataclass(frozen=True)
class Load:
    """Requests, and the replicas that they are for."""

    name: str
    queries: Sequence[Query]
    replicas: int


def recorded(path: Path, requests: int) -> Load:
    """Return the first requests of a trace."""
    found = []
    with path.open() as lines:
        for line in lines:
            row = json.loads(line)
            blocks = tuple(row["hash_ids"])
            found.append((row["timestamp"] / 1000, row["input_length"], max(1, row["output_length"]), blocks))
            if len(found) == requests:
                break
    span = max(1.0, found[-1][0] - found[0][0])
    tokens = sum(query[1] for query in found) / span
    return Load("trace", found, max(2, round(tokens / 5000)))


def turns(requests: int, random: Random, replicas: int = 8) -> Load:
    """Return conversations of eight turns, half a minute apart."""
    found: list[Query] = []
    fresh, start = 1000, 0.0
    while len(found) < requests:
        start += random.expovariate(1.5)
        at = start
        blocks = [random.randrange(3) * 10 + each for each in range(4)]
        for _ in range(8):
            grown = random.randint(1, 3)
            blocks = [*blocks, *range(fresh, fresh + grown)]
            fresh += grown
            tokens = len(blocks) * _BLOCK + random.randrange(_BLOCK)
            found.append((at, tokens, random.randint(50, 400), tuple(blocks)))
            at += random.expovariate(1 / 30)
    return Load("turns", sorted(found)[:requests], replicas)


def system(requests: int, random: Random, replicas: int = 8) -> Load:
    """Return questions of about a block behind sixteen that all share."""
    at, found = 0.0, []
    for each in range(requests):
        at += random.expovariate(60)
        blocks = (*range(16), 1000 + each)
        found.append((at, 17 * _BLOCK + random.randrange(_BLOCK), random.randint(50, 400), blocks))
    return Load("system", found, replicas)


class Run:
    """One policy on one load."""

    def __init__(self, load: Load, policy: str, gateways: int, seed: int) -> None:
        profile = Roofline(model("mistral-7b-v0.3"), accelerator("H100"), Precision.FP8)
        config = ReplicaConfig(num_blocks=_KV_TOKENS // _BLOCK, max_model_len=10**6, block_size=_BLOCK)
        self.replicas = [Replica(config, profile) for _ in range(load.replicas)]
        self._load, self._policy = load, policy
        self._random = Random(seed)  # noqa: S311 - chance for a simulation, no secret
        self._gateways = [_Gateway(load.replicas, config.num_blocks) for _ in range(gateways)]
        self._sent: dict[int, tuple[_Gateway, Prompt, int]] = {}
        self._turn = 0

    def served(self) -> list[Served]:
        """Serve the load."""
        fleet = Fleet(self.replicas, self._began, self._ended)
        arrivals = [_arrival(index, query) for index, query in enumerate(self._load.queries)]
        return fleet.run(arrivals, self._choose)

    def _choose(self, arrival: Arrival) -> int:
        gateway = self._random.choice(self._gateways)
        request, chain = arrival.request, tuple(arrival.request.block_hashes)
        origin = chain[min(len(chain), 4) - 1] % 2**32 if chain else 0
        prompt = Prompt(chain, request.prompt_tokens, origin, _BLOCK)
        index, fresh = _POLICIES[self._policy](self, gateway, prompt)
        gateway.indexes[index].add(chain)
        gateway.in_flight[index] += 1
        gateway.pending[index] += fresh
        gateway.crowd.join(chain)
        self._sent[request.id] = gateway, prompt, fresh
        return index

    def _began(self, request: int, index: int) -> None:
        gateway, _, fresh = self._sent[request]
        gateway.pending[index] -= fresh

    def _ended(self, request: int, index: int) -> None:
        gateway, prompt, _ = self._sent.pop(request)
        gateway.in_flight[index] -= 1
        gateway.crowd.leave(prompt.chain)

    def beaufort(self, gateway: _Gateway, prompt: Prompt) -> tuple[int, int]:
        """Choose as the gateway does."""
        return self._best(gateway, prompt, [index.known(prompt.chain) for index in gateway.indexes])

    def oracle(self, gateway: _Gateway, prompt: Prompt) -> tuple[int, int]:
        """Choose the same with what the replicas really have."""
        limit = (prompt.tokens - 1) // _BLOCK
        return self._best(gateway, prompt, [each.cached(prompt.chain, limit) for each in self.replicas])

    def round_robin(self, gateway: _Gateway, prompt: Prompt) -> tuple[int, int]:
        """Choose one after the other."""
        del gateway
        self._turn += 1
        return self._turn % self._load.replicas, prompt.tokens

    def least_loaded(self, gateway: _Gateway, prompt: Prompt) -> tuple[int, int]:
        """Choose who has the fewest requests."""
        fewest = min(gateway.in_flight)
        tied = [index for index, number in enumerate(gateway.in_flight) if number == fewest]
        return self._random.choice(tied), prompt.tokens

    def _best(self, gateway: _Gateway, prompt: Prompt, blocks: Sequence[int]) -> tuple[int, int]:
        self._turn += 1
        endpoints = [
            Endpoint(str(index), gateway.in_flight[index], pending=gateway.pending[index])
            for index in range(self._load.replicas)
        ]
        cached = [number * _BLOCK for number in blocks]
        choice = choose(endpoints, tie=self._turn, prompt=prompt, cached=cached, weigh=gateway.crowd.share)
        assert choice.endpoint is not None  # noqa: S101 - all of them are healthy
        return int(choice.endpoint.url), choice.fresh


class _Gateway:
    """What one gateway has sent."""

    def __init__(self, replicas: int, room: int) -> None:
        self.crowd = Crowd()
        self.indexes = [PrefixIndex(room) for _ in range(replicas)]
        self.in_flight = [0] * replicas
        self.pending = [0] * replicas


_POLICIES: dict[str, Callable[[Run, _Gateway, Prompt], tuple[int, int]]] = {
    "beaufort": Run.beaufort,
    "oracle": Run.oracle,
    "least loaded": Run.least_loaded,
    "round robin": Run.round_robin,
}


def _arrival(index: int, query: Query) -> Arrival:
    at, prompt, output, blocks = query
    parent, chain = 0, []
    for block in blocks[: prompt // _BLOCK]:
        parent = hash((parent, block))
        chain.append(parent)
    return Arrival(at, Request(index, prompt, output, tuple(chain)))


def figures(load: Load, policy: str, gateways: int, seed: int) -> dict[str, object]:
    """Measure one policy on one load."""
    run = Run(load, policy, gateways, seed)
    done = run.served()
    warm = [each for each in done if each.id >= _WARMING * len(load.queries)]
    ttfts = sorted(each.ttft for each in warm)
    stats = [replica.stats() for replica in run.replicas]
    tokens = sum(query[2] for query in load.queries)
    return {
        "load": load.name,
        "policy": policy,
        "hit_rate": sum(each.prefix_hits for each in stats) / max(1, sum(each.prefix_queries for each in stats)),
        **{f"ttft_p{share}_s": ttfts[min(len(ttfts) - 1, share * len(ttfts) // 100)] for share in (50, 90, 99)},
        "tokens_per_s": tokens / (max(each.at + each.ttft for each in done) - min(each.at for each in done)),
    }


def ratios(found: Sequence[dict[str, object]]) -> dict[str, float]:
    """Compare with the oracle and with round robin, load by load."""
    by = {(row["load"], row["policy"]): row for row in found}
    result = {}
    for load in dict.fromkeys(row["load"] for row in found):
        mine, best, plain = (by[load, policy] for policy in ("beaufort", "oracle", "round robin"))
        result[f"{load}_hit_rate_vs_oracle"] = _number(mine, "hit_rate") / _number(best, "hit_rate")
        result[f"{load}_p90_ttft_vs_oracle"] = _number(mine, "ttft_p90_s") / _number(best, "ttft_p90_s")
        result[f"{load}_p90_ttft_vs_round_robin"] = _number(mine, "ttft_p90_s") / _number(plain, "ttft_p90_s")
    return result


def _number(row: dict[str, object], name: str) -> float:
    return float(str(row[name]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    parser.add_argument("--trace", type=Path, help="a recording in the format of Mooncake's traces")
    parser.add_argument("--requests", type=int, default=4000, help="of each load")
    parser.add_argument("--gateways", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = Random(options.seed)  # noqa: S311 - as above
    try:
        loads = [recorded(options.trace, options.requests)] if options.trace else []
    except (OSError, ValueError, LookupError) as error:
        sys.exit(f"error: {options.trace}: {error}")
    loads += [turns(options.requests, random), system(options.requests, random)]
    found = []
    for load in loads:
        for policy in _POLICIES:
            print(f"{load.name}: {policy} ...", file=sys.stderr)
            found.append(figures(load, policy, options.gateways, options.seed))
    compared = ratios(found)
    if options.output == "json":
        print(json.dumps({"rows": found, **compared, "gateways": options.gateways, "seed": options.seed}, indent=2))
        return
    table = Table(*found[0], title="Where requests go, and what that does")
    for row in found:
        table.add_row(*(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table)
    for name, ratio in compared.items():
        print(f"{name:32} {ratio:.3f}")


if __name__ == "__main__":
    main()
