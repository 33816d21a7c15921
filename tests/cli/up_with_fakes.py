"""``beaufort up`` with its own gateway and the fleet tests' fake engine: up_with_fakes.py FAKE_FLAGS -- UP_OPTIONS."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from beaufort.cli import main
from beaufort.fleet.cores import Cores
from beaufort.fleet.member import Job
from beaufort.fleet.settings import Settings

FAKE = Path(__file__).parents[1] / "fleet" / "fake_engine.py"

split = sys.argv.index("--")
flags = sys.argv[1:split]


def engine_job(settings: Settings, index: int, port: int, cores: Cores) -> Job:
    del settings
    command = (sys.executable, str(FAKE), "--port", str(port), *flags)
    return Job(f"engine-{index}", command, f"http://127.0.0.1:{port}", cores=cores)


sys.argv = ["beaufort", "up", "--engine", "emulated", *sys.argv[split + 1 :]]
with patch("beaufort.fleet.service.engine_job", engine_job):
    main()
