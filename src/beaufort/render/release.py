"""The whole version of Kubernetes, with its patch, for what has to name one: images and machines."""

from __future__ import annotations

import re

from beaufort.render.setting import Setting

# The last patch of each version when this was written; versions that get no more patches stay so.
_PATCHES = {30: 14, 31: 14, 32: 13, 33: 13, 34: 4, 35: 4, 36: 3, 37: 2}


def release(setting: Setting) -> str:
    """Return the version: the service file's own patch where it names one of this minor version, else a known one."""
    written = re.match(r"v?(1\.\d+\.\d+)", setting.spec.cluster.version)
    if written and written[1].startswith(f"{setting.version}."):
        return f"v{written[1]}"
    return f"v{setting.version}.{_PATCHES.get(setting.minor, 0)}"
