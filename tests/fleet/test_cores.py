import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.fleet.cores import share, show

core_sets = st.sets(st.integers(0, 255), min_size=1, max_size=64)


def test_one_replica_has_all_cores() -> None:
    assert share({3, 1, 2, 0}, 1) == ((0, 1, 2, 3),)


def test_shares_are_runs_of_neighbours() -> None:
    assert share(range(8), 3) == ((0, 1), (2, 3, 4), (5, 6, 7))


def test_more_replicas_than_cores_share_evenly() -> None:
    assert share([0, 1], 4) == ((0,), (0,), (1,), (1,))


@given(core_sets, st.integers(1, 64))
def test_shares_are_fair(cores: set[int], replicas: int) -> None:
    shares = share(cores, replicas)
    assert len(shares) == replicas
    sizes = [len(each) for each in shares]
    assert min(sizes) >= 1
    assert max(sizes) - min(sizes) <= 1
    used = [core for each in shares for core in each]
    assert set(used) == cores if replicas <= len(cores) else set(used) <= cores
    counts = [used.count(core) for core in cores]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    ("cores", "text"), [((), ""), ((5,), "5"), ((0, 1), "0-1"), ((0, 1, 2, 8, 10, 11), "0-2,8,10-11")]
)
def test_cores_are_shown_as_linux_does(cores: tuple[int, ...], text: str) -> None:
    assert show(cores) == text


@given(core_sets)
def test_what_is_shown_can_be_read_back(cores: set[int]) -> None:
    runs = [run.split("-") for run in show(tuple(sorted(cores))).split(",")]
    assert {core for run in runs for core in range(int(run[0]), int(run[-1]) + 1)} == cores
