import pytest

from beaufort.traffic import azure
from beaufort.traffic.trace import Arrival, TraceError

HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"


def test_rows_become_arrivals_from_zero_on() -> None:
    trace = azure.parse([HEAD, "2023-11-16 18:15:46.6805900,374,44\r\n", "2023-11-16 18:15:50.9305900,396,109\r\n"])
    assert trace.arrivals[0] == Arrival(0.0, 374, 44)
    assert trace.arrivals[1].seconds == pytest.approx(4.25)
    assert trace.block_tokens == 0


def test_rows_with_a_time_zone_and_in_any_order_of_columns_and_time() -> None:
    lines = [
        "GeneratedTokens,TIMESTAMP,ContextTokens,more\n",
        "2,2024-05-10 00:00:01+00:00,20,x\n",
        "\n",
        "1,2024-05-10 02:00:00+02:00,10,y\n",
    ]
    assert azure.parse(lines).arrivals == (Arrival(0.0, 10, 1), Arrival(1.0, 20, 2))


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("2023-11-16 18:15:46,374", "has 2 columns"),
        ("yesterday,374,44", "TIMESTAMP is 'yesterday', not a time"),
        ("2023-11-16 18:15:46,-3,44", "ContextTokens is '-3', not a number of tokens"),
        ("2023-11-16 18:15:46,3,4.5", "GeneratedTokens is '4.5', not a number"),
        ("2023-11-16 18:15:46,99999999999,4", "ContextTokens is '99999999999', not"),
        ("2023-11-16 18:15:46,0,4", "at least one token"),
    ],
)
def test_a_bad_row_is_told_with_its_line(row: str, what: str) -> None:
    with pytest.raises(TraceError) as caught:
        azure.parse([HEAD, "2023-11-16 18:15:46,3,4\n", row + "\n"], "t.csv")
    (problem,) = caught.value.problems
    assert problem.where == "t.csv:3"
    assert what in problem.what
    assert problem.remedy


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ([], "lacks the column TIMESTAMP"),
        (["TIMESTAMP,ContextTokens\n"], "lacks the column GeneratedTokens"),
        ([HEAD], "holds no request"),
        ([HEAD, '2023-11-16 18:15:46,"3\n'], "has 2 columns"),
        ([HEAD, "2023-11-16 18:15:46,3\x00,4\n"], "not a number of tokens"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(lines: list[str], what: str) -> None:
    with pytest.raises(TraceError, match=what):
        azure.parse(lines)


def test_many_bad_rows_are_told_in_a_few_problems() -> None:
    with pytest.raises(TraceError) as caught:
        azure.parse([HEAD, *(["x,y,z\n"] * 1000)], "t.csv")
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1].what == "980 more rows are wrong"
