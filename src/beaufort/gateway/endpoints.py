"""Every endpoint that is known, the choice among them, and the requests that wait for one to be ready."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from beaufort.gateway.settings import Patience
from beaufort.gateway.upstream import Address, Upstream
from beaufort.routing import AttemptOutcome, Health, HealthPolicy, ProbeOutcome, Prompt, State, choose
from beaufort.routing.crowd import Crowd
from beaufort.routing.health import after_attempt, after_probe, probing

Notify = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes.

    Attributes:
        upstream: The endpoint.
        prompt: What the request begins with.
        fresh: Tokens of that which the endpoint has to compute, about.
    """

    upstream: Upstream
    prompt: Prompt
    fresh: int


class Endpoints:
    """The endpoints, by address.

    Args:
        clock: A monotonic time, in seconds.
        policy: When an endpoint is given up.
        patience: Of connections, and how many requests may wait.
        notify: Called with a level and a line whenever an endpoint comes, goes or changes its health.

    Attributes:
        changed: Called whenever a probe may be due earlier than before. Set by who probes.
        zone: The gateway's own zone, whose endpoints are preferred; empty when it is not known.
    """

    def __init__(self, clock: Callable[[], float], policy: HealthPolicy, patience: Patience, notify: Notify) -> None:
        self._clock = clock
        self._policy = policy
        self._patience = patience
        self._notify = notify
        self._upstreams: dict[str, Upstream] = {}
        self._waiting: dict[Callable[[], None], None] = {}
        self._turn = 0
        self._crowd = Crowd()
        self.zone = ""
        self.changed: Callable[[], None] = lambda: None

    def __iter__(self) -> Iterator[Upstream]:
        return iter(self._upstreams.values())

    def __len__(self) -> int:
        return len(self._upstreams)

    @property
    def ready(self) -> bool:
        """Whether a request would find an endpoint."""
        return any(upstream.health.state is State.HEALTHY for upstream in self)

    @property
    def waiting(self) -> int:
        """How many requests wait for an endpoint."""
        return len(self._waiting)

    def update(self, addresses: Iterable[Address]) -> None:
        """Make the list equal to ``addresses``, the last one of each URL. Those that stay keep their state."""
        wanted = {address.url: address for address in addresses}
        for url in [url for url in self._upstreams if url not in wanted]:
            self._upstreams.pop(url).remove()
            self._notify("info", f"{url}: removed")
        for url, address in wanted.items():
            if url not in self._upstreams:
                health = Health(probe_at=self._clock())
                self._upstreams[url] = Upstream(address, connect_seconds=self._patience.connect, health=health)
                self._notify("info", f"{url}: added")
            elif self._upstreams[url].zone != address.zone:
                self._upstreams[url].zone = address.zone
        self.changed()

    def close(self) -> None:
        """Close every connection that is free."""
        for upstream in self:
            upstream.remove()

    def choose(self, prompt: Prompt, exclude: Collection[str] = ()) -> Route | None:
        """Return the endpoint for a request that failed on ``exclude`` so far, or None when none is healthy."""
        self._turn += 1
        upstreams = self._upstreams.values()
        chosen = choose(
            [upstream.snapshot for upstream in upstreams],
            exclude=exclude,
            tie=self._turn,
            zone=self.zone,
            prompt=prompt,
            cached=[prompt.block_tokens * upstream.prefixes.known(prompt.chain) for upstream in upstreams],
            weigh=self._crowd.share,
        )
        if chosen.endpoint is None:
            return None
        upstream = self._upstreams[chosen.endpoint.url]
        upstream.prefixes.add(prompt.chain)
        return Route(upstream, prompt, chosen.fresh)

    def begun(self, route: Route) -> None:
        """Take note that a request is sent."""
        route.upstream.in_flight += 1
        route.upstream.pending += route.fresh
        self._crowd.join(route.prompt.chain)

    def computed(self, route: Route) -> None:
        """Take note that nothing of its prompt is left to compute. Once, at its end at the latest."""
        route.upstream.pending -= route.fresh

    def ended(self, route: Route) -> None:
        """Take note that it is over."""
        route.upstream.in_flight -= 1
        self._crowd.leave(route.prompt.chain)

    def wait(self, wake: Callable[[], None]) -> bool:
        """Call ``wake`` once an endpoint is healthy. Returns False when too many wait already."""
        if len(self._waiting) >= self._patience.waiters:
            return False
        self._waiting[wake] = None
        return True

    def leave(self, wake: Callable[[], None]) -> None:
        """Wait no longer."""
        self._waiting.pop(wake, None)

    def begin_probe(self, upstream: Upstream) -> None:
        """Take note that a probe has been sent."""
        upstream.health = probing(upstream.health)

    def probed(self, upstream: Upstream, outcome: ProbeOutcome) -> None:
        """Take note of what came of a probe."""
        if outcome is ProbeOutcome.REFUSED:
            upstream.prefixes.clear()
        self._became(upstream, after_probe(upstream.health, outcome, self._clock(), self._policy))

    def attempted(self, upstream: Upstream, outcome: AttemptOutcome) -> None:
        """Take note of what came of a request."""
        if outcome is AttemptOutcome.REFUSED:
            upstream.prefixes.clear()  # its process is gone, and its cache with it
        health = after_attempt(upstream.health, outcome, self._clock(), self._policy)
        if health is not upstream.health:
            self._became(upstream, health)

    def _became(self, upstream: Upstream, health: Health) -> None:
        before, upstream.health = upstream.health, health
        if upstream.removed:
            return
        if health.probe_at < before.probe_at:
            self.changed()
        if health.reason != before.reason:
            level = "info" if health.state is State.HEALTHY else "warning"
            self._notify(level, f"{upstream.url}: {health.state.value}, {health.reason}")
        if health.state is State.HEALTHY and self._waiting:
            waiting, self._waiting = self._waiting, {}
            for wake in waiting:
                wake()
