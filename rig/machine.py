"""Machines that are namespaces: the hub, in which the control plane runs, and the nodes.

A machine lives as long as its first process: when that is killed, the kernel ends all else that is in it, and its
network, its mounts and its rules go with it. So nothing of a machine can be left behind, whatever is killed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from beaufort.errors import BeaufortError, Problem

# The last line of a machine's script; the first process is known by it to be ready.
FIRST = "catatonit"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Whoever is in these cannot be seen by, or see, the rest of the machine.
_NODE = ("net", "mount", "uts", "ipc", "pid")
_HUB = ("net", "mount")
_TRIAL = (
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--mount-proc",
    "grep",
    "-qw",
    "overlay",
    "/proc/filesystems",
)
# What the kubelet sets for the whole machine. On a node it writes to files instead.
_TUNABLES = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
_TEMPORARY = "/tmp"  # noqa: S108 - the machine's, which is replaced
_FOLDERS = ("lib/kubelet", "lib/cni", "lib/containerd", "log/pods", "log/containers", "tmp")


class MachineError(BeaufortError):
    """A machine could not be made as it should be."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that runs.

    Attributes:
        pid: Its first process.
        node: Whether it is a node, and not the hub.
    """

    pid: int
    node: bool

    def inside(self, *command: str) -> list[str]:
        """Return a command that runs another one in the machine."""
        kinds = _NODE if self.node else _HUB
        spaces = [f"--{kind}" for kind in kinds]
        return ["nsenter", f"--target={self.pid}", *spaces, "--", "env", _PATH, *command]

    def run(self, script: str, stdin: IO[bytes] | None = None) -> str:
        """Run a shell script in the machine to its end, and return what it prints.

        Args:
            script: Its text.
            stdin: An open file that it reads; the machine may not see the file itself.

        Raises:
            MachineError: It failed.
        """
        done = subprocess.run(  # noqa: S603 - the rig's own script
            self.inside("sh", "-ec", script),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MachineError(Problem(f"`{script.strip().splitlines()[0]} ...` failed: {done.stderr.strip()}", "rig"))
        return done.stdout

    def path(self, absolute: str) -> Path:
        """Return a file of the machine as it is seen from outside."""
        return Path(f"/proc/{self.pid}/root{absolute}")

    def ready(self) -> bool:
        """Return whether the machine's script has come to its end."""
        try:
            return Path(f"/proc/{self.pid}/comm").read_text().strip() == FIRST
        except (FileNotFoundError, ProcessLookupError):
            return False


@dataclass(frozen=True, slots=True)
class Files:
    """The files of all machines of a cluster.

    Attributes:
        packages: The unpacked packages: their ``usr`` lies over the machine's own.
        temporary: Their common ``/tmp``, in which the volumes are.
        kept: Folders that stay where they are, even if they are in one that is replaced.
    """

    packages: Path
    temporary: Path
    kept: tuple[Path, ...]


def obstacle() -> str:
    """Return what keeps this machine from having nodes; empty when nothing does."""
    if os.geteuid():
        return "nodes need root"
    for program in ("unshare", "nsenter", "apt-get", "dpkg-deb"):
        if not shutil.which(program):
            return f"nodes need {program}, which is not on the PATH"
    tried = subprocess.run(_TRIAL, capture_output=True, text=True, check=False)  # noqa: S603 - the rig's own arguments
    return f"namespaces cannot be made here: {tried.stderr.strip()}" if tried.returncode else ""


def hub(files: Files) -> list[str]:
    """Return the command that makes the hub, and then is its first process."""
    lines = [*_usr(files), *_replacing(files, {_TEMPORARY: files.temporary})]
    return ["unshare", "--net", "--mount", "--propagation=private", "sh", "-ec", _script(lines)]


def node(name: str, files: Files, variable: Path, system: Path | None) -> list[str]:
    """Return the command that makes a node; the first process is its child.

    Args:
        name: The node's host name.
        files: The files of all machines.
        variable: The node's ``/var``.
        system: Made-up ``cpu`` and ``node`` folders of ``/sys/devices/system``; None: the machine's own.
    """
    var, tunables = shlex.quote(str(variable)), shlex.quote(str(variable / "tunables"))
    lines = [
        f"hostname {name}",
        *_usr(files),
        f"mkdir -p {' '.join(f'{var}/{folder}' for folder in _FOLDERS)} {tunables}",
        f"ln -sfn /run {var}/run",
    ]
    for number, (tunable, value) in enumerate(_TUNABLES.items()):
        lines.append(f"echo {value} > {tunables}/{number}")
        # A kernel that was built without keys has none of these.
        lines.append(f"[ ! -e /proc/sys/{tunable} ] || mount --bind {tunables}/{number} /proc/sys/{tunable}")
    if system:
        seen = shlex.quote(str(system))
        lines += [f"mount --bind {seen}/{kind} /sys/devices/system/{kind}" for kind in ("cpu", "node")]
    run = ["mount -t tmpfs tmpfs /run", "mkdir -p /run/netns /run/containerd /run/lock"]
    lines += _replacing(files, {_TEMPORARY: files.temporary, "/var": variable}, run)
    spaces = [f"--{kind}" for kind in _NODE]
    flags = ["--fork", "--kill-child", "--mount-proc", "--propagation=private"]
    return ["unshare", *spaces, *flags, "sh", "-ec", _script(lines)]


def first_child(pid: int) -> int | None:
    """Return the child of a process that has made a node; None while there is none."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(children[0]) if children else None


def _usr(files: Files) -> list[str]:
    return [f"mount -t overlay overlay -o lowerdir={shlex.quote(str(files.packages / 'usr'))}:/usr /usr"]


def _replacing(files: Files, replaced: dict[str, Path], more: Sequence[str] = ()) -> list[str]:
    """Return lines that put folders in the place of the machine's own, and put back what is kept of those.

    Any of them may be in one that is replaced. So the shell takes hold of all of them first.

    Args:
        files: The files of all machines.
        replaced: What takes the place of a folder, by the folder.
        more: Lines that replace others, before anything is put back.
    """
    mounts = [
        *((str(source), target) for target, source in replaced.items()),
        *((str(path),) * 2 for path in files.kept),
    ]
    # The first that a script may choose; it writes them with one digit.
    held = [(number, shlex.quote(source), shlex.quote(target)) for number, (source, target) in enumerate(mounts, 3)]
    return [
        *(f"exec {number}<{source}" for number, source, _ in held),
        *more,
        *(f"mkdir -p {target}; mount -c --bind /proc/self/fd/{number} {target}" for number, _, target in held),
        *(f"exec {number}<&-" for number, _, _ in held),
    ]


def _script(lines: list[str]) -> str:
    # Mounts propagate from the machine into its containers, as the kubelet expects, and never out of it.
    return "\n".join([*lines, "mount --make-rshared /", f"exec {FIRST} -P"])
