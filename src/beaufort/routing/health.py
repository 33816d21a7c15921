"""One endpoint's health: a state machine without a clock. State and outcome go in, state comes out.

| State | Takes requests | Left when |
|---|---|---|
| probing | no | the probe in progress is answered: healthy or unhealthy. A new endpoint starts here |
| healthy | yes | it is refused or says 503, ``failed_probes`` in a row fail, ``failed_requests`` in a row fail |
| unhealthy | no | the next probe begins, after a back-off |

A refused connection and a 503 are certain, so they count at once; silence, a broken response and other 5xx are
not, so they count in a row, and a served request is proof of life that forgives them. The first good probe brings
an endpoint back. Any doubt about a healthy endpoint brings the next probe forward.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace


class State(enum.Enum):
    """Whether an endpoint takes requests."""

    HEALTHY = "healthy"
    PROBING = "probing"
    UNHEALTHY = "unhealthy"


class ProbeOutcome(enum.Enum):
    """What came of asking an endpoint for its health."""

    READY = "it is ready"
    NOT_READY = "it answers 503: not ready"
    REFUSED = "it refuses connections"
    FAILED = "its health check fails"


class AttemptOutcome(enum.Enum):
    """What came of sending a request to an endpoint."""

    SERVED = "served"
    NOT_READY = "it answers 503: not ready"
    REFUSED = "it refuses connections"
    UNREACHABLE = "no connection"
    BROKEN = "the response broke off"
    SERVER_ERROR = "it answers with a server error"
    TIMED_OUT = "no answer in time"


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """When an endpoint is given up, and how soon it is asked again.

    Attributes:
        interval: Seconds between two probes of a healthy endpoint, and the longest back-off.
        first_retry: Seconds until the first probe after a doubt; doubled after each setback.
        failed_probes: So many failed probes in a row make an endpoint unhealthy.
        failed_requests: So many failed requests in a row do.
    """

    interval: float = 1.0
    first_retry: float = 0.1
    failed_probes: int = 2
    failed_requests: int = 5


@dataclass(frozen=True, slots=True)
class Health:
    """The health of one endpoint.

    Attributes:
        state: Whether it takes requests.
        reason: Why, as a person reads it.
        probe_at: When the next probe is due, on the caller's clock, in seconds.
        failed_probes: How many failed in a row.
        failed_requests: How many failed in a row.
        setbacks: How often it was found unhealthy since it last served a request.
    """

    state: State = State.PROBING
    reason: str = "not asked yet"
    probe_at: float = 0.0
    failed_probes: int = 0
    failed_requests: int = 0
    setbacks: int = 0


def probing(health: Health) -> Health:
    """Return the health once a probe has been sent: an unhealthy endpoint is on trial."""
    return replace(health, state=State.PROBING) if health.state is State.UNHEALTHY else health


def after_probe(health: Health, outcome: ProbeOutcome, now: float, policy: HealthPolicy) -> Health:
    """Return the health after a probe."""
    if outcome is ProbeOutcome.READY:
        failed_requests = health.failed_requests if health.state is State.HEALTHY else 0
        return Health(State.HEALTHY, outcome.value, now + policy.interval, 0, failed_requests, health.setbacks)
    health = replace(health, failed_probes=health.failed_probes + 1)
    in_doubt = outcome is ProbeOutcome.FAILED and health.failed_probes < policy.failed_probes
    if health.state is State.HEALTHY and in_doubt:
        return replace(health, probe_at=now + _back_off(0, policy))
    return _down(health, outcome.value, now, policy)


def after_attempt(health: Health, outcome: AttemptOutcome, now: float, policy: HealthPolicy) -> Health:
    """Return the health after a request. An endpoint that is out already is judged by its probes alone."""
    if outcome is AttemptOutcome.SERVED:
        if health.failed_requests or health.failed_probes or health.setbacks:
            return replace(health, failed_requests=0, failed_probes=0, setbacks=0)
        return health
    if health.state is not State.HEALTHY:
        return health
    health = replace(health, failed_requests=health.failed_requests + 1)
    if outcome in {AttemptOutcome.REFUSED, AttemptOutcome.NOT_READY}:
        return _down(health, outcome.value, now, policy)
    if health.failed_requests >= policy.failed_requests:
        reason = f"{health.failed_requests} requests in a row failed, the last one: {outcome.value}"
        return _down(health, reason, now, policy)
    return replace(health, probe_at=min(health.probe_at, now + _back_off(0, policy)))


def _down(health: Health, reason: str, now: float, policy: HealthPolicy) -> Health:
    return replace(
        health,
        state=State.UNHEALTHY,
        reason=reason,
        probe_at=now + _back_off(health.setbacks, policy),
        setbacks=health.setbacks + 1,
    )


def _back_off(setbacks: int, policy: HealthPolicy) -> float:
    doublings = min(setbacks, 16)  # far beyond any interval, and no overflow
    return min(policy.interval, policy.first_retry * 2.0**doublings)
