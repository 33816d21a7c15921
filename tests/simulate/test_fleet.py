from dataclasses import dataclass

import pytest

from beaufort.perf.profile import StepBatch
from beaufort.simulate.config import ReplicaConfig
from beaufort.simulate.fleet import Arrival, Fleet, Served
from beaufort.simulate.replica import Replica
from beaufort.simulate.request import Request, UnfitRequestError


@dataclass(frozen=True)
class Seconds:
    """Every step takes a second."""

    source: str = "test"
    known_error: str = "none"

    def step_seconds(self, batch: StepBatch) -> float:
        return 1.0 if batch.tokens else 0.0


def replica(max_num_seqs: int = 4) -> Replica:
    return Replica(ReplicaConfig(num_blocks=100, max_model_len=1000, max_num_seqs=max_num_seqs), Seconds())


def arrival(at: float, identity: int, tokens: int) -> Arrival:
    return Arrival(at, Request(identity, prompt_tokens=20, output_tokens=tokens))


def served(engine: Replica, arrivals: list[Arrival]) -> list[Served]:
    return Fleet([engine]).run(arrivals, lambda _: 0)


def test_a_request_alone_takes_its_steps() -> None:
    assert served(replica(), [arrival(5.0, 7, tokens=3)]) == [Served(7, 5.0, 0, ttft=1.0, tpot=1.0)]


def test_one_token_has_no_time_between_tokens() -> None:
    assert served(replica(), [arrival(0.0, 1, tokens=1)]) == [Served(1, 0.0, 0, ttft=1.0, tpot=None)]


def test_who_comes_during_a_step_waits_for_its_end() -> None:
    first, second = served(replica(), [arrival(0.0, 1, tokens=2), arrival(0.25, 2, tokens=2)])
    assert first == Served(1, 0.0, 0, ttft=1.0, tpot=1.0)
    assert second == Served(2, 0.25, 0, ttft=1.75, tpot=1.0)


def test_who_finds_no_place_waits_for_one() -> None:
    *_, last = served(replica(max_num_seqs=1), [arrival(0.0, 1, tokens=3), arrival(0.0, 2, tokens=1)])
    assert last == Served(2, 0.0, 0, ttft=4.0, tpot=None)


def test_idle_times_are_passed_over() -> None:
    assert [each.ttft for each in served(replica(), [arrival(1e6 * i, i, tokens=2) for i in range(5)])] == [1.0] * 5


def test_nothing_comes_of_nothing() -> None:
    assert served(replica(), []) == []


def test_arrivals_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="comes before"):
        served(replica(), [arrival(2.0, 1, tokens=1), arrival(1.0, 2, tokens=1)])


def test_a_request_that_can_never_run_is_refused() -> None:
    with pytest.raises(UnfitRequestError):
        served(replica(), [Arrival(0.0, Request(1, prompt_tokens=2000, output_tokens=1))])


def test_each_replica_steps_at_its_own_pace() -> None:
    sent = {1: 0, 2: 1, 3: 1}
    arrivals = [arrival(0.0, 1, tokens=2), arrival(0.5, 2, tokens=2), arrival(0.75, 3, tokens=1)]
    done = Fleet([replica(), replica()]).run(arrivals, lambda each: sent[each.request.id])
    assert done == [
        Served(1, 0.0, 0, ttft=1.0, tpot=1.0),
        Served(2, 0.5, 1, ttft=1.0, tpot=1.0),
        Served(3, 0.75, 1, ttft=1.75, tpot=None),
    ]


def test_who_chooses_hears_of_first_and_last_tokens() -> None:
    heard: list[tuple[str, int, int]] = []
    fleet = Fleet(
        [replica(), replica()],
        began=lambda request, index: heard.append(("began", request, index)),
        ended=lambda request, index: heard.append(("ended", request, index)),
    )
    seen: list[int] = []

    def choose(each: Arrival) -> int:
        seen.append(len(heard))
        return each.request.id

    fleet.run([arrival(0.0, 0, tokens=2), arrival(1.5, 1, tokens=1)], choose)
    assert seen == [0, 1]  # the first token of the first request was there when the second came
    assert heard == [("began", 0, 0), ("ended", 0, 0), ("began", 1, 1), ("ended", 1, 1)]
