from __future__ import annotations

import pytest

SHORTEST = """\
apiVersion: beaufort.dev/v1alpha1
kind: MistralService
metadata:
  name: demo
spec:
  model:
    source: demo
"""


@pytest.fixture
def shortest() -> str:
    """The shortest service file, seven lines; more fields of ``spec`` can be appended."""
    return SHORTEST
