"""Where a model's weights come from, as the service file writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_FILE = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_HUB = rf"hf://{_PART}/{_PART}(@{_PART})?((/{_FILE}){{1,8}})?"
# The three forms in one expression, which JSON Schema can publish too.
EXPRESSION = rf"^(demo|{_HUB}|(/|\./|\.\./|~/).{{1,1024}})$"

_HUB_PARTS = re.compile(rf"hf://(?P<repo>{_PART}/{_PART})(@(?P<revision>{_PART}))?(/(?P<file>.+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class DemoSource:
    """The small real model that comes with Beaufort's ``demo`` requirements."""


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository on the Hugging Face hub.

    Attributes:
        repo: ``owner/name``.
        revision: A branch, tag or commit; None is the repository's main branch.
        file: One file of the repository, such as a GGUF; None is the whole repository.
    """

    repo: str
    revision: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class PathSource:
    """A file or folder on this machine, absolute, or relative to the working directory."""

    path: str


Source: TypeAlias = DemoSource | HubSource | PathSource


def parse_source(text: str) -> Source:
    """Return the source that ``text``, which matches ``EXPRESSION``, stands for."""
    if text == "demo":
        return DemoSource()
    match = _HUB_PARTS.fullmatch(text)
    if match is None:
        return PathSource(text)
    return HubSource(match["repo"], match["revision"], match["file"])


def model_name(text: str) -> str | None:
    """Return the name by which a model of this source is served when the file gives none, if one can be made."""
    match parse_source(text):
        case DemoSource():
            stem = "demo"
        case HubSource(repo=repo):
            stem = repo.rpartition("/")[2]
        case PathSource(path=path):
            stem = path.rstrip("/").rpartition("/")[2].removesuffix(".gguf")
    name = re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._")[:96]
    return name or None
