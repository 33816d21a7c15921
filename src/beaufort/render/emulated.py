"""The emulated engine: an accelerator's timing without one, to try a plan on a cluster."""

from __future__ import annotations

from beaufort.render import images, ports
from beaufort.render.server import Server
from beaufort.render.setting import Setting

_PRECISIONS = {"nf4": "w4a16"}  # of the same size


def server(setting: Setting) -> Server:
    """Return the emulated engine."""
    plan = setting.plan
    quantisation = plan.model.quantisation
    return Server(
        kind="emulated",
        image=images.beaufort(setting),
        command=("beaufort", "engine", "emulated"),
        args=(
            f"--name={plan.model.name}",
            "--host=0.0.0.0",
            f"--port={ports.ENGINE}",
            f"--model={plan.model.architecture}",
            f"--accelerator={plan.shape.accelerator}",
            f"--precision={_PRECISIONS.get(quantisation, quantisation)}",
            f"--tensor-parallel={plan.shape.accelerators}",
            f"--max-model-len={plan.model.max_model_len}",
            f"--max-sequences={plan.engine.max_num_seqs}",
            f"--max-batched-tokens={plan.engine.max_num_batched_tokens}",
            f"--kv-cache-tokens={plan.engine.kv_tokens}",
            f"--startup-seconds={plan.lifecycle.startup_seconds:g}",
            f"--drain-seconds={plan.lifecycle.shutdown_seconds}",
        ),
        notes=(
            (
                "The engine is emulated: it answers with random words in the time that the accelerator would take. It "
                "asks for the accelerators as a real one does, so the nodes have to offer them."
            ),
        ),
    )
