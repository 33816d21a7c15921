"""Write docs/reference/cluster-verbs.md from the verbs."""

from __future__ import annotations

from pathlib import Path

from beaufort.cli.reference import reference

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cluster-verbs.md"
PAGE.write_text(reference(), "utf-8")
print(f"wrote {PAGE}")
