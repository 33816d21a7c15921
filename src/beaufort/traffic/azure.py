"""The Azure LLM inference traces: CSV with a time, the tokens of the prompt and those of the answer.

    TIMESTAMP,ContextTokens,GeneratedTokens
    2023-11-16 18:15:46.6805900,374,44

(Azure Public Dataset, AzureLLMInferenceTrace 2023 and 2024; those of 2024 have a time zone.)
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, datetime

from beaufort.errors import Problem
from beaufort.traffic.trace import Arrival, Rows, Trace, TraceError

_COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
_MOST_TOKENS = 16_777_216


def parse(lines: Iterable[str], where: str = "trace") -> Trace:
    """Return the trace in the lines of a CSV file, the first of which names the columns.

    Raises:
        TraceError: A column or a value is missing or wrong, with its line.
    """
    reader = csv.reader(lines)
    rows = Rows(where)
    try:
        head = next(reader, [])
        places = _places(head, where)
        for row in reader:
            if row:
                _row(row, places, reader.line_num, rows)
    except csv.Error as error:
        raise TraceError(Problem(f"is not CSV: {error}", f"{where}:{reader.line_num}", "check the quotes")) from error
    return rows.trace()


def _places(head: list[str], where: str) -> tuple[int, int, int]:
    names = [name.strip().lstrip("\ufeff") for name in head]
    missing = [column for column in _COLUMNS if column not in names]
    if missing:
        what = f"the first line lacks the column {missing[0]}"
        raise TraceError(Problem(what, f"{where}:1", f"begin the file with {','.join(_COLUMNS)}"))
    when, prompt, output = (names.index(column) for column in _COLUMNS)
    return when, prompt, output


def _row(row: list[str], places: tuple[int, int, int], line: int, rows: Rows) -> None:
    if len(row) <= max(places):
        rows.refuse(line, f"has {len(row)} columns", "give a time, the prompt's tokens and the answer's")
        return
    when, prompt, output = (row[place].strip() for place in places)
    for text, column in ((prompt, _COLUMNS[1]), (output, _COLUMNS[2])):
        if not _is_count(text):
            rows.refuse(line, f"{column} is {text[:40]!r}, not a number of tokens", "write a whole number")
            return
    try:
        time = datetime.fromisoformat(when)
    except ValueError:
        rows.refuse(line, f"TIMESTAMP is {when[:40]!r}, not a time", "write for example 2023-11-16 18:15:46.68")
        return
    seconds = time.replace(tzinfo=time.tzinfo or UTC).timestamp()
    rows.add(line, Arrival(seconds, int(prompt), int(output)))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_TOKENS)) and int(text) <= _MOST_TOKENS
