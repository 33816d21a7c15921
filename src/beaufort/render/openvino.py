"""The engine that runs on a node's processors: its arguments, from the plan."""

from __future__ import annotations

from beaufort.render import images, ports, weights
from beaufort.render.security import HOME
from beaufort.render.server import Server
from beaufort.render.setting import Setting
from beaufort.spec.source import DemoSource, HubSource, PathSource


def server(setting: Setting) -> Server:
    """Return the engine."""
    plan = setting.plan
    return Server(
        kind="openvino",
        image=images.engine(setting, "openvino"),
        command=("beaufort", "engine", "openvino"),
        args=(
            f"--model={_model(setting)}",
            f"--name={plan.model.name}",
            "--host=0.0.0.0",
            f"--port={ports.ENGINE}",
            # All but one of the pod's cores, which is the server's. OpenVINO would else start a thread for each of the
            # node's, of which the pod may use a few.
            f"--threads={max(1, plan.host.cpus - 1)}",
            f"--max-model-len={plan.model.max_model_len}",
            f"--max-sequences={plan.engine.max_num_seqs}",
            f"--max-batched-tokens={plan.engine.max_num_batched_tokens}",
            f"--kv-cache-tokens={plan.engine.kv_tokens}",
            f"--drain-seconds={plan.lifecycle.shutdown_seconds}",
        ),
        env={"HOME": HOME},
        notes=_notes(setting),
    )


def _model(setting: Setting) -> str:
    match weights.source(setting):
        case DemoSource():
            return "demo"
        case PathSource(path=path):
            return path
        case HubSource(file=None):
            return weights.folder(setting)
        case HubSource(file=file):
            return f"{weights.folder(setting)}/{file}"


def _notes(setting: Setting) -> tuple[str, ...]:
    match weights.source(setting):
        case DemoSource():
            return ("The demo model is in the engine's image: nothing is downloaded.",)
        case HubSource(repo=repo, file=None):
            remedy = f"name the file, hf://{repo}/NAME.gguf, if it holds GGUF files"
            return (f"{repo} has to hold an OpenVINO model (openvino_model.xml); {remedy}.",)
        case _:
            return ()
