from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.errors import UnavailableError
from beaufort.fleet.memory import Need, available, check_fits, container_rooms
from beaufort.units import GIB

sizes = st.integers(1, 1 << 50)


def test_what_does_not_fit_is_told_with_the_figures() -> None:
    with pytest.raises(UnavailableError) as caught:
        check_fits(Need(weights=4 * GIB, kv=2 * GIB, runtime=GIB, replicas=4), 16 * GIB)
    (problem,) = caught.value.problems
    assert problem.what == (
        "4 replicas need 28.0 GiB (4.0 GiB model, 2.0 GiB KV cache, 1.0 GiB program each), 16.0 GiB is available"
    )
    assert (problem.where, problem.remedy) == ("memory", "--replicas 2")


def test_when_not_even_one_fits_the_model_has_to_be_smaller() -> None:
    with pytest.raises(UnavailableError, match=r"1 replica needs .*a smaller model"):
        check_fits(Need(weights=40 * GIB, kv=0, runtime=0, replicas=1), 16 * GIB)


@given(sizes, sizes, sizes, st.integers(1, 64), sizes)
def test_the_remedy_fits(weights: int, kv: int, runtime: int, replicas: int, room: int) -> None:
    try:
        check_fits(Need(weights, kv, runtime, replicas), room)
    except UnavailableError as error:
        assert weights + kv + runtime > room / replicas
        remedy = error.problems[0].remedy
        if remedy.startswith("--replicas "):
            check_fits(Need(weights, kv, runtime, int(remedy.removeprefix("--replicas "))), room)
    else:
        assert (weights + kv + runtime) * replicas <= room


def test_a_container_has_what_is_left_of_its_limit(tmp_path: Path) -> None:
    def file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    limited = file("limit", "1000\n"), file("used", "400\n")
    over = file("low", "300\n"), file("high", "400\n")
    unlimited = file("max", "max\n"), file("some", "400\n")
    absent = tmp_path / "nowhere", tmp_path / "nowhere either"
    assert container_rooms([limited, over, unlimited, absent]) == [600, 0]


def test_this_machine_has_some_memory() -> None:
    assert available() > 0
