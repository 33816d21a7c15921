"""What may pass is waited for; what needs somebody is not, once it has stood for long enough."""

from __future__ import annotations

import pytest

from beaufort.rollout import Cause, Component, Finding, Patience, Progress, judge
from beaufort.rollout.verdict import STUCK_SECONDS, asleep, begun, concerning


def component(name: str, ready: int, wanted: int = 1) -> Component:
    return Component(name, "Deployment", name, wanted, ready, done=ready >= wanted)


def seen(*components: Component, cause: Cause | None = None, part: str = "engine") -> Progress:
    findings = (Finding(cause, "pod a", "it is", component=part),) if cause else ()
    return Progress(components, findings)


def test_it_is_ready_when_engines_and_gateways_are() -> None:
    assert judge(seen(component("engine", 1), component("gateway", 1)), Patience(), 0.0).kind == "ready"
    waits = component("headroom", 0)
    assert judge(seen(component("engine", 1), component("gateway", 1), waits), Patience(), 0.0).kind == "ready"
    for missing in (seen(component("engine", 1)), seen(component("gateway", 1)), seen()):
        assert judge(missing, Patience(), 0.0).kind == "waiting"


@pytest.mark.parametrize("cause", [Cause.IMAGE, Cause.CRASH, Cause.QUOTA, Cause.DEVICE, Cause.MEMORY])
def test_what_needs_somebody_is_waited_for_a_minute(cause: Cause) -> None:
    progress = seen(component("engine", 0), component("gateway", 1), cause=cause)
    first = judge(progress, Patience(), 100.0)
    assert first.kind == "waiting"
    assert judge(progress, first.patience, 100.0 + STUCK_SECONDS - 1).kind == "waiting"
    assert judge(progress, first.patience, 100.0 + STUCK_SECONDS).kind == "stuck"


def test_a_break_starts_the_count_again() -> None:
    wrong = seen(component("engine", 0), component("gateway", 1), cause=Cause.IMAGE)
    well = seen(component("engine", 0), component("gateway", 1))
    patience = judge(wrong, Patience(), 0.0).patience
    patience = judge(well, patience, STUCK_SECONDS / 2).patience
    assert judge(wrong, patience, STUCK_SECONDS).kind == "waiting"


def test_a_node_that_refuses_pod_after_pod_is_not_waited_for_as_long() -> None:
    progress = seen(component("engine", 0), cause=Cause.TOPOLOGY)
    patience = judge(progress, Patience(), 0.0).patience
    assert judge(progress, patience, STUCK_SECONDS / 2).kind == "stuck"


@pytest.mark.parametrize("cause", [Cause.UNSCHEDULABLE, Cause.GATED, Cause.VOLUME, Cause.STARTING, Cause.NOT_READY])
def test_what_may_pass_is_waited_for(cause: Cause) -> None:
    progress = seen(component("engine", 0), cause=cause)
    patience = judge(progress, Patience(), 0.0).patience
    assert judge(progress, patience, 10 * STUCK_SECONDS).kind == "waiting"


def test_pods_that_hold_a_place_for_others_are_no_concern() -> None:
    progress = seen(component("engine", 0), cause=Cause.IMAGE, part="headroom")
    assert concerning(progress) == ()
    patience = judge(progress, Patience(), 0.0).patience
    assert judge(progress, patience, 10 * STUCK_SECONDS).kind == "waiting"


def test_some_engines_are_enough_to_begin_and_none_is_sleep() -> None:
    assert begun(seen(component("engine", 1, 4), component("gateway", 1, 2)))
    assert not begun(seen(component("engine", 0, 4), component("gateway", 2, 2)))
    assert asleep(seen(component("engine", 0, 0), component("gateway", 1)))
    assert not asleep(seen(component("engine", 0, 1)))
