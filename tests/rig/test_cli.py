import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Rig":
    monkeypatch.setenv("BEAUFORT_RIG_CACHE", str(tmp_path / "cache"))
    return Rig()


class Rig:
    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rig", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_no_cluster_is_told_with_its_exit_code(rig: Rig) -> None:
    told = rig("status")
    assert (told.returncode, told.stdout, told.stderr) == (3, "there is no cluster: make cluster\n", "")
    told = rig("status", "-o", "json")
    assert told.returncode == 3
    assert json.loads(told.stdout)["phase"] == "absent"


def test_ending_no_cluster_is_no_failure(rig: Rig, tmp_path: Path) -> None:
    told = rig("down")
    assert (told.returncode, told.stderr) == (0, "there is no cluster\n")
    assert [path.name for path in (tmp_path / "cache").rglob("*")] == ["clusters"]


@pytest.mark.parametrize(
    "verb",
    [
        ("env",),
        ("crds",),
        ("node", "off", "n1"),
        ("node", "on", "n1"),
        ("node", "drain", "n1"),
        ("gpu", "unhealthy", "n1", "0"),
        ("nodes", "add", "3"),
        ("nodes", "remove"),
        ("image", "load", "base"),
    ],
)
def test_what_needs_a_cluster_says_how_to_get_one(rig: Rig, verb: tuple[str, ...]) -> None:
    told = rig(*verb)
    assert told.returncode == 2
    assert told.stderr.endswith("  try: make cluster\n")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--kubernetes", "1.12"), "error: the rig has no Kubernetes '1.12'\n  try: choose one of 1.30, "),
        (("--gate", "Nonsense"), "error: --gate: 'Nonsense' is no feature gate\n  try: write for example "),
        (("--gate", "A=maybe"), "error: --gate: 'A=maybe' is no feature gate\n"),
        (("--until-exit-of", "4194305"), "error: --until-exit-of: there is no process 4194305\n"),
    ],
)
def test_unusable_input_is_told_before_anything_is_built(
    rig: Rig, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    told = rig("up", *arguments)
    assert told.returncode == 2
    assert told.stderr.startswith(why)
    assert not list((tmp_path / "cache").glob("*-v*"))


def test_a_cache_that_cannot_be_used_is_told(tmp_path: Path, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BEAUFORT_RIG_CACHE", str(tmp_path / "file"))
    told = rig("up")
    assert told.returncode == 3
    assert "  try: set BEAUFORT_RIG_CACHE to a folder\n" in told.stderr
