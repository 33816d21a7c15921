"""The file that tells the gateway where the ready replicas are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path


def write(path: Path, urls: Iterable[str]) -> None:
    """Replace the endpoints file at once: a reader sees the old list or the new one, never half of it."""
    text = json.dumps({"endpoints": [{"url": url} for url in urls]}, indent=2)
    draft = path.with_name(path.name + ".new")
    draft.write_text(text + "\n", encoding="utf-8")
    os.replace(draft, path)  # noqa: PTH105 - the atomic rename itself, by its name
