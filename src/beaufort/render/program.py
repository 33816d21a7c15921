"""The program that serves the model, as the service file chooses it."""

from __future__ import annotations

from beaufort.render import emulated, openvino, tgi, vllm, weights
from beaufort.render.server import Server
from beaufort.render.setting import Setting


def server(setting: Setting) -> Server:
    """Return the program.

    Raises:
        UsageError: It cannot run what was planned, or not from where the model is.
    """
    match setting.engine:
        case "vllm":
            return vllm.server(setting, weights.folder(setting))
        case "tgi":
            return tgi.server(setting, weights.folder(setting))
        case "openvino":
            return openvino.server(setting)
        case "emulated":
            return emulated.server(setting)
