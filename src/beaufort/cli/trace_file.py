"""Reading the recorded traffic that a service file names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from beaufort.errors import Problem, UsageError
from beaufort.spec import MistralService
from beaufort.spec.traffic import Recorded, Trace
from beaufort.traffic import azure, mooncake
from beaufort.traffic.demand import Demand, synthetic
from beaufort.traffic.summary import Summary, summarise
from beaufort.traffic.trace import TraceError

_READERS = {"azure": azure.parse, "mooncake": mooncake.parse}
_LONGEST_LINE = 1 << 20  # a prompt of 16 million tokens has 33,000 blocks, whose names take half of it


def demand_of(service: MistralService) -> Demand:
    """Return the traffic that a service describes, by figures or by a trace.

    Raises:
        TraceError: Rows of the trace are wrong.
        UsageError: The trace cannot be read.
    """
    traffic = service.spec.traffic
    if not isinstance(traffic, Recorded):
        return synthetic(traffic)
    return summary_of(traffic.trace).demand(f"the trace {traffic.trace.file}", traffic.trace.speed)


def summary_of(trace: Trace) -> Summary:
    """Return what a trace says. Its file is absolute, or relative to the working directory.

    Raises:
        TraceError: Rows of the trace are wrong.
        UsageError: The file cannot be read.
    """
    where = "spec.traffic.trace.file"
    try:
        if Path(trace.file).exists() and not Path(trace.file).is_file():
            raise UsageError(Problem(f"{trace.file} is not a file", where, "name a file with one request a line"))
        with Path(trace.file).open(encoding="utf-8", newline="") as file:
            return summarise(_READERS[trace.format](_lines(file, trace.file), trace.file))
    except FileNotFoundError as error:
        remedy = "check the name; it is relative to the working directory"
        raise UsageError(Problem(f"there is no file {trace.file}", where, remedy)) from error
    except UnicodeDecodeError as error:
        raise UsageError(Problem(f"{trace.file} is not UTF-8 text", where, "name the unpacked file")) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(Problem(f"{trace.file} cannot be read: {reason}", where, "name a readable file")) from error


def _lines(file: TextIO, name: str) -> Iterator[str]:
    number = 0
    while line := file.readline(_LONGEST_LINE + 1):
        number += 1
        if len(line) > _LONGEST_LINE:
            what = f"is longer than {_LONGEST_LINE >> 20} MiB"
            raise TraceError(Problem(what, f"{name}:{number}", "write one request a line"))
        yield line
