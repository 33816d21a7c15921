"""vLLM: its arguments, from the plan.

Read from vLLM 0.32: `vllm/engine/arg_utils.py`, `vllm/entrypoints/cli/serve.py`, `vllm/config/parallel.py`.
"""

from __future__ import annotations

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

    ``int8`` and ``w4a16`` weights carry their form in ``config.json``. Weights in bf16 are quantised while they load.
    """
    match setting.plan.model.quantisation:
        case "bf16":
            return ("--dtype=bfloat16",)
        case "fp8":
            return () if "fp8" in setting.plan.model.repository.lower() else ("--quantization=fp8",)
        case "nf4":
            return ("--quantization=bitsandbytes",)
        case "int8" | "w4a16":
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
    if setting.plan.model.quantisation == "nf4" and setting.vendor != "NVIDIA":
        notes.append("bitsandbytes (nf4) is made for NVIDIA: test it on this accelerator before relying on it.")
    if setting.plan.shape.nodes > 1:
        notes.append(
            "A replica spans nodes: vLLM's multiprocessing backend joins them without Ray (tensor parallel inside a "
            "node, pipeline parallel across). vLLM 0.18 failed there (vllm-project/vllm#37933): send one real request "
            "to a new replica before it gets traffic."
        )
    return tuple(notes)
