import pytest

from beaufort.engines.emulated.faults import Fault, parse
from beaufort.errors import UsageError


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("crash@30", Fault("crash", 1.0, 30.0)),
        ("error=0.25", Fault("error", 0.25)),
        ("slow=3@10+60", Fault("slow", 3.0, 10.0, 70.0)),
        ("nan+5", Fault("nan", 1.0, 0.0, 5.0)),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault) -> None:
    assert parse([text]).faults == (fault,)


def test_every_wrong_fault_is_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        parse(["boom", "hang", "error=2", "slow=0.5", "crash@-1"])
    assert len(caught.value.problems) == 4
    assert all(problem.remedy for problem in caught.value.problems)


def test_a_fault_is_on_from_its_beginning_to_its_end() -> None:
    faults = parse(["slow=3@10+5"])
    assert [faults.value("slow", age) for age in (9.9, 10.0, 14.9, 15.0)] == [None, 3.0, 3.0, None]
    assert faults.next_begin("slow") == 10.0
    assert faults.next_end("slow", 12.0) == 15.0
    assert faults.next_begin("crash") is None
