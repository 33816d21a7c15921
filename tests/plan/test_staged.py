import pytest
from tests.plan.profiles import Linear

from beaufort.perf.profile import StepBatch
from beaufort.plan.staged import Staged


def test_stages_take_as_long_as_the_whole_and_hand_over_between() -> None:
    staged = Staged(Linear(), 3, hidden=4096)
    batch = StepBatch(prefill_tokens=1000, outputs=1)
    handed = 1000 * 4096 * 2 / 10e9 + 50e-6
    assert staged.step_seconds(batch) == pytest.approx(Linear().step_seconds(batch) + 2 * handed)
    assert staged.step_seconds(StepBatch()) == 0


def test_stages_say_that_they_were_not_compared() -> None:
    assert "3 stages" in Staged(Linear(), 3, 4096).source
    assert "not compared" in Staged(Linear(), 3, 4096).known_error
