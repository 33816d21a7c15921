import json

import pytest

from beaufort.traffic import mooncake
from beaufort.traffic.trace import Arrival, TraceError


def row(**values: object) -> str:
    usual: dict[str, object] = {"timestamp": 0, "input_length": 1000, "output_length": 5, "hash_ids": [0, 1]}
    return json.dumps({**usual, **values}) + "\n"


def test_rows_become_arrivals() -> None:
    trace = mooncake.parse([row(timestamp=500), "\n", row(timestamp=1250.0, input_length=513)])
    assert trace.arrivals == (Arrival(0.0, 1000, 5, (0, 1)), Arrival(0.75, 513, 5, (0, 1)))
    assert trace.block_tokens == 512


def test_blocks_beyond_the_prompt_are_left_out_and_none_are_fine() -> None:
    trace = mooncake.parse(
        [row(input_length=512, hash_ids=[4, 5, 6]), '{"timestamp":1,"input_length":1,"output_length":1}']
    )
    assert [arrival.blocks for arrival in trace.arrivals] == [(4,), ()]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("3", "is not a JSON object"),
        (row(timestamp="0"), "timestamp is '0', not a number of milliseconds"),
        (row(timestamp=float("nan")), "timestamp is nan"),
        (row(timestamp=-1), "timestamp is -1"),
        (row(timestamp=True), "timestamp is True"),
        (row(input_length=1.5), "input_length is 1.5, not a number of tokens"),
        (row(output_length=None), "output_length is None"),
        (row(output_length=10**30), "output_length is 1000"),
        (row(input_length=0), "at least one token"),
        (row(input_length=-5), "at least one token"),
        (row(hash_ids=7), "hash_ids is not a list"),
        (row(hash_ids=["a"]), "hash_ids is not a list"),
    ],
)
def test_a_bad_row_is_told_with_its_line(line: str, what: str) -> None:
    with pytest.raises(TraceError) as caught:
        mooncake.parse([row(), line], "t.jsonl")
    (problem,) = caught.value.problems
    assert problem.where == "t.jsonl:2"
    assert what in problem.what


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(TraceError, match="holds no request"):
        mooncake.parse(["\n"])
