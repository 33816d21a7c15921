import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.errors import UsageError
from beaufort.gateway.access_log import AccessLog, Entry

ENTRY = Entry("id", "POST", "/v1/x", 200, "http://a:1", 1, 5, 0.25, 1.5, "ok")


@given(st.text(), st.text(), st.text(), st.one_of(st.none(), st.floats(0, 1e6)))
def test_an_entry_is_one_line_of_json_whatever_is_in_it(
    identity: str, method: str, path: str, first_byte: float | None
) -> None:
    line = Entry(identity, method, path, 0, "", 1, 5, first_byte, 1.5, "ok").line("T")
    assert line.isascii()
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    fields = json.loads(line)
    assert (fields["request_id"], fields["method"], fields["path"]) == (identity, method, path[:256])
    assert fields["ttfb_s"] == (None if first_byte is None else pytest.approx(first_byte, abs=1e-6))


def test_the_fields_are_those_that_are_documented(tmp_path: Path) -> None:
    times = iter([0.0015, 0.999, 86400.0])
    log = AccessLog(str(tmp_path / "log"), lambda: next(times))
    for _ in range(3):
        log.write(ENTRY)
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert lines[0] == {
        "time": "1970-01-01T00:00:00.001Z",
        "request_id": "id",
        "method": "POST",
        "path": "/v1/x",
        "status": 200,
        "endpoint": "http://a:1",
        "attempts": 1,
        "bytes": 5,
        "ttfb_s": 0.25,
        "duration_s": 1.5,
        "outcome": "ok",
    }
    assert [line["time"][8:] for line in lines[1:]] == ["01T00:00:00.999Z", "02T00:00:00.000Z"]


@pytest.mark.parametrize(("target", "out", "err"), [("-", 1, 0), ("stderr", 0, 1), ("off", 0, 0)])
def test_the_log_goes_where_it_is_told(target: str, out: int, err: int, capfd: pytest.CaptureFixture[str]) -> None:
    log = AccessLog(target)
    log.write(ENTRY)
    log.event("info", "something\nhappened", url="http://a")
    log.close()
    captured = capfd.readouterr()
    assert captured.out.count('"outcome"') == out
    assert captured.err.count('"outcome"') == err
    (event,) = [json.loads(line) for line in captured.err.splitlines() if "level" in line]
    assert event["message"] == "something\nhappened"


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        AccessLog(str(tmp_path / "none" / "log"))
