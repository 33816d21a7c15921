"""The command lines of the fleet's processes: other verbs of this very program."""

from __future__ import annotations

import sys
from pathlib import Path

from beaufort.fleet.cores import Cores
from beaufort.fleet.member import Job
from beaufort.fleet.ports import LOOPBACK
from beaufort.fleet.settings import Settings

# -P: a file called random.py in the working directory is the user's, not a module of ours.
_BEAUFORT = (sys.executable, "-P", "-m", "beaufort")


def gateway_job(settings: Settings, endpoints: Path, access_log: Path | None) -> Job:
    """Return the job of the gateway in front of the engines in the file ``endpoints``."""
    return Job(
        name="gateway",
        url=settings.url,
        ready_status=None,  # without an engine it may call itself unready, and that is not its fault
        command=(
            *_BEAUFORT,
            "gateway",
            *_listen(settings, settings.host, settings.port),
            *("--endpoints-file", str(endpoints)),
            *("--access-log", "off" if access_log is None else str(access_log)),
        ),
    )


def engine_job(settings: Settings, index: int, port: int, cores: Cores) -> Job:
    """Return the job of the engine ``index``, on ``port`` and ``cores``."""
    own = ("--threads", str(len(cores))) if settings.engine == "openvino" else ("--accelerator", settings.accelerator)
    return Job(
        name=f"engine-{index}",
        url=f"http://{LOOPBACK}:{port}",
        cores=cores,
        command=(
            *_BEAUFORT,
            "engine",
            settings.engine,
            *("--model", settings.model),
            *_listen(settings, LOOPBACK, port),
            *own,
            *_option("--name", settings.name),
            *_option("--kv-cache-tokens", settings.kv_cache_tokens),
            *_option("--max-model-len", settings.max_model_len),
        ),
    )


def _listen(settings: Settings, host: str, port: int) -> tuple[str, ...]:
    drain = ("--drain-seconds", f"{settings.drain_seconds:g}")
    return ("--host", host, "--port", str(port), *drain, "--exit-with-parent")


def _option(flag: str, value: str | int | None) -> tuple[str, ...]:
    return () if value is None else (flag, str(value))
