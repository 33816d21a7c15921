"""Mooncake's traces: JSON lines with a time, two lengths, and the identities of the prompt's blocks.

    {"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47, 48, 49]}

The time is in milliseconds; an identity stands for 512 tokens and all before them. (Mooncake, FAST'25 release.)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable

from beaufort.traffic.trace import Arrival, Rows, Trace

BLOCK_TOKENS = 512
_MOST_TOKENS = 16_777_216
_LONGEST_MS = 1e15
_WRITE = "write timestamp, input_length and output_length, and perhaps hash_ids"


def parse(lines: Iterable[str], where: str = "trace") -> Trace:
    """Return the trace in the lines of a file, each of them a JSON object.

    Raises:
        TraceError: A line or a value is wrong, with its line.
    """
    rows = Rows(where)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            rows.refuse(number, f"is not JSON: {line.strip()[:40]!r}", _WRITE)
            continue
        _row(row, number, rows)
    return rows.trace(BLOCK_TOKENS)


def _row(row: object, line: int, rows: Rows) -> None:
    if not isinstance(row, dict):
        rows.refuse(line, "is not a JSON object", _WRITE)
        return
    when, prompt, output = (row.get(name) for name in ("timestamp", "input_length", "output_length"))
    if isinstance(when, bool) or not isinstance(when, int | float) or not 0 <= when <= _LONGEST_MS:
        rows.refuse(line, f"timestamp is {_shown(when)}, not a number of milliseconds", "write a number from 0 on")
        return
    for value, name in ((prompt, "input_length"), (output, "output_length")):
        if isinstance(value, bool) or not isinstance(value, int) or value > _MOST_TOKENS:
            rows.refuse(line, f"{name} is {_shown(value)}, not a number of tokens", "write a whole number")
            return
    blocks = row.get("hash_ids", [])
    if not isinstance(blocks, list) or not all(isinstance(block, int) for block in blocks):
        rows.refuse(line, "hash_ids is not a list of whole numbers", "remove it, or write one for each 512 tokens")
        return
    if isinstance(prompt, int) and isinstance(output, int):
        # What would stand for more tokens than there are is left out.
        rows.add(line, Arrival(when / 1000, prompt, output, tuple(blocks[: math.ceil(prompt / BLOCK_TOKENS)])))


def _shown(value: object) -> str:
    return f"{value!r:.40}"
