"""The objectives as ratios: of all requests, the share that missed what was promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from beaufort.render.monitoring import series
from beaufort.render.monitoring.series import Histogram
from beaufort.render.setting import Setting
from beaufort.units import show_seconds

_RELAYED = 'route=~"/v1/.+"'


@dataclass(frozen=True, slots=True)
class Objective:
    """A promise to be watched.

    Attributes:
        name: The value of the label ``slo``.
        alert: The alert's name.
        budget: Share of the requests that may miss it.
        failures: Returns the expression of the share that did, for a window.
        promise: It in words.
    """

    name: str
    alert: str
    budget: float
    failures: Callable[[str], str]
    promise: str


def objectives(setting: Setting) -> tuple[Objective, ...]:
    """Return the objectives that can be watched with what the engines tell."""
    wanted, known = setting.spec.objectives, series.engine_series(setting)
    latencies = (
        ("ttft", "BeaufortTtftBudgetBurn", wanted.ttft, known.ttft, "get their first token"),
        ("tpot", "BeaufortTpotBudgetBurn", wanted.tpot, known.tpot, "get each further token"),
    )
    return (
        Objective(
            "availability",
            "BeaufortAvailabilityBudgetBurn",
            1 - wanted.availability,
            lambda window: _unanswered(setting, window),
            f"{wanted.availability:.6g} of the requests are answered",
        ),
        *(
            Objective(
                name,
                name_of_alert,
                1 - latency.percentile / 100,
                _slower(setting, histogram, latency.within),
                f"{latency.percentile:g} % of the requests {what} within {show_seconds(latency.within)}",
            )
            for name, name_of_alert, latency, histogram, what in latencies
            if histogram is not None and histogram.bounds
        ),
    )


def _unanswered(setting: Setting, window: str) -> str:
    """Return the share of requests that failed or broke off; those whose client left count neither way."""
    gateway = series.gateway(setting)
    requests = f"beaufort_gateway_requests_total{{{gateway},{_RELAYED}"
    return (
        f'((sum(rate({requests},status="5xx"}}[{window}])) or vector(0))\n'
        f"  + (sum(rate(beaufort_gateway_broken_responses_total{{{gateway}}}[{window}])) or vector(0)))\n"
        f'/ (sum(rate({requests},status!="none"}}[{window}])) > 0)'
    )


def _slower(setting: Setting, histogram: Histogram | None, within: float) -> Callable[[str], str]:
    if histogram is None:
        message = "an engine that does not tell a latency has no objective for it"
        raise ValueError(message)
    return lambda window: (
        f"1 - ({_faster(setting, histogram, within, window)})\n"
        f"/ (sum(rate({histogram.name}_count{{{series.engine(setting)}}}[{window}])) > 0)"
    )


def _faster(setting: Setting, histogram: Histogram, within: float, window: str) -> str:
    """Return the rate of requests within a latency; between two bounds they are taken to be evenly spread."""
    below = max((bound for bound in histogram.bounds if bound <= within), default=0.0)
    above = min((bound for bound in histogram.bounds if bound >= within), default=histogram.bounds[-1])
    if below >= above:
        return _bucket(setting, histogram, above, window)
    share = (within - below) / (above - below)
    upper = f"{share:.6g} * {_bucket(setting, histogram, above, window)}"
    if below <= 0:
        return upper
    return f"{1 - share:.6g} * {_bucket(setting, histogram, below, window)}\n  + {upper}"


def _bucket(setting: Setting, histogram: Histogram, bound: float, window: str) -> str:
    # Prometheus 3 writes whole bounds with a fraction, 2 as the program that was asked does.
    le = f'le=~"{bound:g}|{bound:g}[.]0"' if bound == int(bound) else f'le="{bound:g}"'
    return f"sum(rate({histogram.name}_bucket{{{series.engine(setting)},{le}}}[{window}]))"
