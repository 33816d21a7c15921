"""One endpoint as it stands at this moment: all that a choice may look at."""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.routing.health import State


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A snapshot of one endpoint.

    Attributes:
        url: Its address and its name, for example ``http://127.0.0.1:9001``.
        in_flight: Requests that were sent to it and are not complete.
        state: Its health.
        zone: Its zone; empty when it is not known.
        pending: Tokens of prompts that it has still to compute, about.
    """

    url: str
    in_flight: int = 0
    state: State = State.HEALTHY
    zone: str = ""
    pending: int = 0

    def __post_init__(self) -> None:
        if self.in_flight < 0:
            message = f"{self.url} cannot have {self.in_flight} requests in flight"
            raise ValueError(message)
