"""Write docs/reference/catalog.md from the rows of the catalog."""

from __future__ import annotations

from pathlib import Path

from beaufort.catalog.reference import reference

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "catalog.md"
PAGE.write_text(reference(), "utf-8")
print(f"wrote {PAGE}")
