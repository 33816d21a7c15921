"""vLLM: its arguments, from the plan.

Read from vLLM 0.32: `vllm/engine/arg_utils.py`, `vllm/entrypoints/cli/serve.py`, `vllm/config/parallel.py`.
"""

from __future__ import annotations

from beaufort.catalog import quantisation
from beaufort.catalog.repositories import known_repository
from beaufort.errors import Problem, UsageError
from beaufort.render import images, ports
from beaufort.render.security import HOME
from beaufort.render.server import Server
from beaufort.render.setting import Setting

_ENV = {
    "HOME": HOME,
    # PyTorch asks who it is at import; the answer is not in every image's /etc/passwd.
    "USER": "vllm",
    # Whose address the pods of one replica tell each other.
    "VLLM_HOST_IP": "$(POD_IP)",
    # The weights are there: nothing is to be asked of the hub.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
}


def server(setting: Setting, model: str) -> Server:
    """Return vLLM for the weights in the folder ``model``."""
    return Server(
        kind="vllm",
        image=images.engine(setting, "vllm"),
        command=("vllm", "serve"),
        args=(model, *_serving(setting), *_shape(setting), *_engine(setting), *_quantisation(setting)),
        env=_ENV,
        notes=_notes(setting),
    )


def leader_args(setting: Setting) -> tuple[str, ...]:
    """Return the further arguments of the pod that answers for a replica over several nodes."""
    return ("--node-rank=0", *_group(setting))


def worker_args(setting: Setting) -> tuple[str, ...]:
    """Return the further arguments of the other pods: they only compute."""
    return ("--node-rank=$(LWS_WORKER_INDEX)", *_group(setting), "--headless")


def _serving(setting: Setting) -> tuple[str, ...]:
    return (
        f"--served-model-name={setting.plan.model.name}",
        "--host=0.0.0.0",
        f"--port={ports.ENGINE}",
        "--disable-access-log-for-endpoints=/health,/metrics,/v1/models",
        # The default, 0, aborts what runs at SIGTERM.
        f"--shutdown-timeout={setting.plan.lifecycle.shutdown_seconds}",
    )


def _shape(setting: Setting) -> tuple[str, ...]:
    shape = setting.plan.shape
    return (
        f"--tensor-parallel-size={shape.tensor_parallel}",
        f"--pipeline-parallel-size={shape.pipeline_parallel}",
    )


def _engine(setting: Setting) -> tuple[str, ...]:
    engine = setting.plan.engine
    return (
        f"--max-model-len={setting.plan.model.max_model_len}",
        f"--max-num-seqs={engine.max_num_seqs}",
        f"--max-num-batched-tokens={engine.max_num_batched_tokens}",
        f"--gpu-memory-utilization={engine.gpu_memory_utilization:g}",
        f"--block-size={engine.block_size}",
        f"--kv-cache-dtype={engine.kv_cache_dtype}",
        "--enable-prefix-caching" if engine.prefix_caching else "--no-enable-prefix-caching",
    )


def _quantisation(setting: Setting) -> tuple[str, ...]:
    """Say what vLLM cannot read from the weights themselves.

    Raises:
        UsageError: The weights are of another form, and vLLM cannot change them while it loads.
    """
    wanted = setting.plan.model.quantisation
    if wanted == "bf16":
        return ("--dtype=bfloat16",)
    known = known_repository(setting.plan.model.repository)
    method = quantisation.method(wanted)
    if known is not None and known.precision is method.precision:
        return ()  # `quantization_config` in their config.json says it
    if method.in_flight:
        return (f"--quantization={method.in_flight}",)
    if known is not None:
        held = known.precision.value if known.precision else "GGUF files"
        remedy = f"name a repository that holds {wanted}, or another spec.model.quantisation"
        what = f"{setting.plan.model.repository} holds {held}, and vLLM cannot make {wanted} of it while it loads"
        raise UsageError(Problem(what, "spec.model.source", remedy))
    return ()


def _group(setting: Setting) -> tuple[str, ...]:
    return (
        f"--nnodes={setting.plan.shape.nodes}",
        "--master-addr=$(LWS_LEADER_ADDRESS)",
        f"--master-port={ports.ENGINE_GROUP}",
        "--distributed-executor-backend=mp",
    )


def _notes(setting: Setting) -> tuple[str, ...]:
    notes = []
    plugin = quantisation.method(setting.plan.model.quantisation).plugin
    if plugin:
        notes.append(
            f"{setting.plan.model.quantisation} needs the package {plugin}: check that the engine's image has it."
        )
    if setting.plan.shape.nodes > 1:
        notes.append(
            "A replica spans nodes: vLLM's multiprocessing backend joins them without Ray (tensor parallel inside a "
            "node, pipeline parallel across). vLLM 0.18 failed there (vllm-project/vllm#37933): send one real request "
            "to a new replica before it gets traffic."
        )
    return tuple(notes)
