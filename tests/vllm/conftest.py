"""Only `make test-vllm` has the server that these tests need, and says where."""

from __future__ import annotations

import os

collect_ignore = [] if "BEAUFORT_VLLM" in os.environ else ["test_serves.py"]
