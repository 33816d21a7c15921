from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Promtool = Callable[..., str]


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """Return a function that runs promtool and gives what it prints; scripts/promtool fetches it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "beaufort/promtool/promtool"
    found = shutil.which("promtool") or (str(cache) if cache.exists() else None)
    if found is None:
        pytest.skip("promtool is missing: run scripts/promtool, as `make test` does")

    def run(*args: str, folder: Path) -> str:
        done = subprocess.run([found, *args], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"promtool {' '.join(args)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    return run
