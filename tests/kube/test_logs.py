import pytest

from beaufort.kube.logs import _moment


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"),
        ("2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.12Z"),
        ("2026-01-01T00:00:00.09Z", "2026-01-01T00:00:00.1Z"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000001Z"),
    ],
)
def test_times_of_lines_sort_although_zeros_at_their_end_are_left_out(earlier: str, later: str) -> None:
    assert _moment(earlier) < _moment(later)
