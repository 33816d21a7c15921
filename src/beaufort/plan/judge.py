"""Whether one way to serve keeps every objective, and with how many replicas."""

from __future__ import annotations

from beaufort.plan.draft import Draft, bounded, setups, unfit
from beaufort.plan.lifecycle import CONTROL_SECONDS, NODE_SECONDS, RECLAIM_NOTICE, SHORTEST_NOTICE, lifecycle
from beaufort.plan.mix import Stand, stands
from beaufort.plan.outcome import HOURS_PER_MONTH
from beaufort.plan.question import Question
from beaufort.plan.queue.limit import HIGHEST_LOAD, margin
from beaufort.plan.queue.station import Station
from beaufort.plan.replica import Lifecycle
from beaufort.plan.setup import Setup
from beaufort.plan.sizing import Frame, Rates
from beaufort.plan.way import Refused, Served, Stage, Way

_LATE_EFFORT = 0.2
_ALONE = 0.001  # of the rate at which every place is taken: as good as alone


class Judge:
    """Judges ways to serve, and remembers how replicas behave: remedies ask nearly the same question again.

    Attributes:
        effort: How much was worked out: 1 for a replica's queues at many rates, less when the first one said it all.
    """

    def __init__(self) -> None:
        self.effort = 0.0
        self._stations: dict[tuple[object, ...], Station] = {}
        self._rates: dict[tuple[object, ...], Rates] = {}
        self._most: dict[tuple[object, ...], float] = {}

    def draft(self, question: Question, way: Way) -> Draft | Refused:
        """Return a way with its bounds, or why it is out of the question."""
        refused = unfit(question, way)
        if refused is not None:
            return Refused(way, Stage.MEMORY, refused)
        standing = stands(tuple(offer for offer in question.offers if offer.accelerator == way.accelerator), way.shape)
        if not standing:
            return Refused(way, Stage.MEMORY, f"no node has {way.shape.accelerators_per_node} of them")
        found = setups(question, way)
        draft = Draft(way, standing, tuple(found), tuple(HIGHEST_LOAD * self._at_most(each) for each in found))
        return bounded(question, draft) or draft

    def judge(self, question: Question, draft: Draft, *, thorough: bool = True) -> Served | Refused:
        """Return how a way serves, or why it does not.

        Args:
            question: What is asked.
            draft: The way.
            thorough: Whether other numbers of tokens a step than the preferred one are tried.
        """
        best: Served | None = None
        refusals: list[Refused] = []
        for index, setup in enumerate(draft.setups if thorough else draft.setups[:1]):
            if best is not None and not self._may_beat(question, draft, index, best):
                continue
            found = self._serve(question, draft, setup, told=thorough)
            if isinstance(found, Refused):
                refusals.append(found)
            elif best is None or (found.cost, found.replicas) < (best.cost, best.replicas):
                best = found
        return best or min(refusals, key=lambda each: (-each.stage, each.excess))

    def _may_beat(self, question: Question, draft: Draft, index: int, best: Served) -> bool:
        """Return whether a number of tokens a step may need fewer replicas than the best one so far."""
        if draft.fewest(question, index) >= best.replicas:
            return False
        rates, peak = self.rates(question, draft.setups[index]), question.demand.peak_rate
        return any(rates.enough(sizing.needed - 1, peak * sizing.place.share) for sizing in best.sizings)

    def rates(self, question: Question, setup: Setup) -> Rates:
        """Return what replicas take."""
        kind = _kind(setup)
        if kind not in self._stations:
            self._stations[kind] = setup.station()
        key = (*kind, question.target, question.demand.dispersion)
        if key not in self._rates:
            self._rates[key] = Rates(self._stations[kind], question.target, question.demand.dispersion)
        return self._rates[key]

    def _at_most(self, setup: Setup) -> float:
        kind = _kind(setup)
        if kind not in self._most:
            self._most[kind] = setup.most()
        return self._most[kind]

    def _serve(self, question: Question, draft: Draft, setup: Setup, *, told: bool) -> Served | Refused:
        way, rates = draft.way, self.rates(question, setup)
        if not rates.serves(max(1, draft.room)):
            self.effort += _LATE_EFFORT
            return _late(question, way, rates, draft.room) if told else Refused(way, Stage.LATENCY, "it is too slow")
        self.effort += 1.0
        life = _life(question, setup, draft.standing)
        frame = _frame(question, life)
        sizings = []
        for place in question.places:
            sized = frame.size(place, rates, draft.standing)
            if isinstance(sized, str):
                named = f"in {place.name} " if place.name else ""
                return Refused(way, Stage.ROOM, f"{named}{sized}")
            sizings.append(sized)
        served = Served(way, setup, rates, question.target, tuple(sizings), frame, life)
        return _within_budget(question, served)


def _kind(setup: Setup) -> tuple[object, ...]:
    """Return what makes a replica behave as it does, of one model."""
    return (setup.accelerator, setup.precision, setup.shape, setup.max_num_batched_tokens, setup.demand)


def _frame(question: Question, life: Lifecycle) -> Frame:
    lag = life.first_startup_seconds + NODE_SECONDS + CONTROL_SECONDS
    return Frame(
        demand=question.demand,
        availability=question.service.spec.objectives.availability,
        asked=question.service.spec.replicas,
        growth=question.demand.course.growth(lag),
        scales=not question.embedded,
    )


def _life(question: Question, setup: Setup, standing: tuple[Stand, ...]) -> Lifecycle:
    longest = question.target.ttft + question.demand.output.percentile(99.9) * question.target.tpot
    spot = any(stand.offer.capacity == "spot" for stand in standing)
    notice = RECLAIM_NOTICE.get(question.service.spec.cluster.provider, SHORTEST_NOTICE) if spot else None
    return lifecycle(setup, longest, notice=notice, embedded=question.embedded)


def _late(question: Question, way: Way, rates: Rates, room: int) -> Refused:
    """Say which latency is not kept even by a replica that has nothing else to do."""
    state = rates.alone(max(1, room), _ALONE)
    target, within = question.target, margin(rates.dispersion(max(1, room)))
    if state is None:
        return Refused(way, Stage.LATENCY, "a replica cannot take any traffic")
    waits = (
        ("the first token", state.ttft(100 * target.ttft_share), target.ttft, target.ttft_share, "requests"),
        ("a token", state.tpot(100 * target.tpot_share), target.tpot, target.tpot_share, "answers"),
    )
    late = [
        f"{name} takes {_seconds(within * least)} for {100 * share:g} % of the {whose} even without a queue, "
        f"{_seconds(allowed)} are allowed"
        for name, least, allowed, share, whose in waits
        if within * least > allowed
    ]
    excess = max(within * least / allowed for _, least, allowed, _, _ in waits)
    return Refused(way, Stage.LATENCY, "; ".join(late) or "the latencies are kept only without any traffic", excess)


def _within_budget(question: Question, served: Served) -> Served | Refused:
    budget = question.service.spec.budget
    if budget and budget.per_hour is not None and served.cost_at_peak > budget.per_hour:
        why = f"it costs {served.cost_at_peak:.2f} an hour at the peak, the budget is {budget.per_hour:g}"
        return Refused(served.way, Stage.BUDGET, why)
    month = served.cost * HOURS_PER_MONTH
    if budget and budget.per_month is not None and month > budget.per_month:
        why = f"it costs {month:.0f} a month, the budget is {budget.per_month:g}"
        return Refused(served.way, Stage.BUDGET, why)
    return served


def _seconds(value: float) -> str:
    """Return a time with as many digits as it takes to see that it is too long by a little."""
    return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.4g} s"
