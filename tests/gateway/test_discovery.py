from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from tests.gateway.conftest import StartEngine, StartGateway, until

from beaufort.errors import UsageError
from beaufort.gateway import Settings, serve
from beaufort.gateway.discovery import EndpointsFile, parse


def write(path: Path, *urls: str) -> None:
    """Write the list as the fleet does: whole, then in its place."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({"endpoints": [{"url": url, "zone": "a"} for url in urls]}))
    temporary.replace(path)


def test_addresses_are_normalised_and_each_is_kept_once() -> None:
    text = b'{"endpoints": [{"url": "http://B:1/"}, {"url": "http://a:1"}, {"url": "http://b:1"}], "later": 1}'
    assert parse(text, "f") == ("http://b:1", "http://a:1")
    assert parse(b'{"endpoints": []}', "f") == ()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"", "f"),
        (b"{", "f"),
        (b"\xff", "f"),
        (b"[]", "f"),
        (b"{}", "f: endpoints"),
        (b'{"endpoints": [{}]}', "f: endpoints[0].url"),
        (b'{"endpoints": [{"url": 1}]}', "f: endpoints[0].url"),
        (b'{"endpoints": [{"url": "http://a"}, {"url": "ftp://b"}]}', "f: endpoints[1].url"),
    ],
)
def test_a_bad_file_says_what_and_where(text: bytes, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, "f")
    (problem,) = caught.value.problems
    assert problem.where == where
    assert problem.remedy


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        parse(b'{"endpoints": [{"url": "x"}, {"url": "y"}]}', "f")
    assert len(caught.value.problems) == 2


def test_the_file_is_read_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    file = EndpointsFile(path)
    assert file.changed() is None, "it may come later"
    write(path, "http://a:1")
    assert file.changed() == ("http://a:1",)
    assert file.changed() is None
    write(path, "http://b:1")  # the same size
    os.utime(path, (1, 1))
    assert file.changed() == ("http://b:1",)
    path.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        file.changed()
    assert file.changed() is None, "it is said once"


async def test_the_gateway_follows_the_file(
    engine: StartEngine, gateway: StartGateway, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "endpoints.json"
    one, two = await engine(), await engine()
    running = await gateway(settings=Settings(endpoints_file=path))
    write(path, one.url)
    await until(lambda: running.healthy == {one.url})
    assert (await running.ask()).status == 200
    path.write_text('{"endpoints": [')
    await until(lambda: running.gateway._metrics.bad_files == 1)
    assert running.healthy == {one.url}
    write(path, two.url)
    await until(lambda: running.healthy == {two.url})
    assert (await running.ask()).status == 200
    assert (len(one.exchanges), len(two.exchanges)) == (1, 1)
    assert "beaufort_gateway_endpoints_file_errors_total 1.0" in await running.metrics()
    await running.close()
    complaints = [line for line in capfd.readouterr().err.splitlines() if "last good list" in line]
    assert len(complaints) == 1
    assert "endpoints.json" in complaints[0]


async def test_a_bad_file_at_the_start_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    path.write_text("no")
    with pytest.raises(UsageError, match=r"endpoints\.json"):
        await serve(Settings(port=0, endpoints_file=path), asyncio.Event())
