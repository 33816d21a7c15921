"""The emulated engine: an accelerator's timing without one, so that a plan can be rehearsed on any cluster."""

from __future__ import annotations

from beaufort.plan.plan import Plan
from beaufort.render import images, ports
from beaufort.render.manifest import Json
from beaufort.render.security import HOME
from beaufort.render.server import Server
from beaufort.render.setting import Setting

_PRECISIONS = {"nf4": "w4a16"}  # of the same size

# Measured: 45 MiB, and with 30 streams of 40 tokens a second 4 % of a core of 2.5 GHz.
RESOURCES: Json = {
    "requests": {"cpu": "25m", "memory": "64Mi"},
    "limits": {"memory": "256Mi"},
}


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
        env={"HOME": HOME},
        notes=(
            (
                f"A rehearsal: the engines answer with random words in the time that {plan.shape.accelerator} would "
                "take, as far as their nodes have cores to spare. They ask for no accelerator, and for little else."
            ),
        ),
    )


def emulate(plan: Plan) -> Plan:
    """Return the plan with emulated engines in the place of its own, all else as it is."""
    spec = plan.service.spec.model_copy(update={"engine": "emulated"})
    return plan.model_copy(update={"service": plan.service.model_copy(update={"spec": spec})})
