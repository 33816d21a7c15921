"""Write docs/reference/plan.md from the fields of the plan."""

from __future__ import annotations

from pathlib import Path

from beaufort.plan.reference import reference

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "plan.md"
PAGE.write_text(reference(), "utf-8")
print(f"wrote {PAGE}")
