"""The snippets of a page of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-your-client.md"


def snippets(language: str, server: str) -> list[str]:
    """Return the page's snippets in ``language``, in order, for a service at the address ``server``."""
    text = _PAGE.read_text().replace("http://127.0.0.1:8080", server)
    return [code for named, code in _FENCED.findall(text) if named == language]
