"""Write docs/reference/doctor.md from the checks."""

from __future__ import annotations

from pathlib import Path

from beaufort.doctor.reference import reference

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "doctor.md"
PAGE.write_text(reference(), "utf-8")
print(f"wrote {PAGE}")
