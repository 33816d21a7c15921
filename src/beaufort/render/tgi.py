"""Text Generation Inference: its arguments, from the plan, and what it cannot do.

Read from its own `docs/source/reference/launcher.md` and `metrics.md`, 3.3.
"""

from __future__ import annotations

from beaufort.errors import Problem, UsageError
from beaufort.render import images, ports
from beaufort.render.security import HOME
from beaufort.render.server import Server
from beaufort.render.setting import Setting


def server(setting: Setting, model: str) -> Server:
    """Return Text Generation Inference for the weights in the folder ``model``.

    Raises:
        UsageError: The plan needs what it has not.
    """
    _refuse(setting)
    return Server(
        kind="tgi",
        image=images.engine(setting, "tgi"),
        command=("text-generation-launcher",),
        args=(
            f"--model-id={model}",
            "--hostname=0.0.0.0",
            f"--port={ports.ENGINE}",
            f"--num-shard={setting.plan.shape.tensor_parallel}",
            *_limits(setting),
            *_quantisation(setting),
            "--json-output",
        ),
        env={
            "HOME": HOME,
            "USER": "tgi",
            "HF_HUB_OFFLINE": "1",
            "HUGGINGFACE_HUB_CACHE": f"{HOME}/hub",
            "PREFIX_CACHING": str(int(setting.plan.engine.prefix_caching)),
        },
        # It runs one token through the model when nothing else did lately: the better proof, and it names the model
        # by its folder whatever clients ask for.
        ready="/health",
        waiting="tgi_queue_size",
        running="tgi_batch_current_size",
        notes=_notes(setting),
    )


def _limits(setting: Setting) -> tuple[str, ...]:
    engine, length = setting.plan.engine, setting.plan.model.max_model_len
    return (
        f"--max-total-tokens={length}",
        f"--max-input-tokens={length - 1}",
        # Unlike vLLM it does not cut a prompt in pieces: one prefill holds the longest prompt.
        f"--max-batch-prefill-tokens={max(engine.max_num_batched_tokens, length)}",
        f"--max-batch-total-tokens={engine.kv_tokens}",
        f"--max-batch-size={engine.max_num_seqs}",
        f"--max-concurrent-requests={4 * engine.max_num_seqs}",
        f"--cuda-memory-fraction={engine.gpu_memory_utilization:g}",
    )


def _quantisation(setting: Setting) -> tuple[str, ...]:
    kv_cache = ("--kv-cache-dtype=fp8_e4m3fn",) if setting.plan.engine.kv_cache_dtype == "fp8" else ()
    match setting.plan.model.quantisation:
        case "bf16":
            return (*kv_cache, "--dtype=bfloat16")
        case "fp8":
            return (*kv_cache, "--quantize=fp8")
        case "nf4":
            return (*kv_cache, "--quantize=bitsandbytes-nf4")
        case "int8" | "w4a16":
            return kv_cache  # read from the weights' own config.json


def _refuse(setting: Setting) -> None:
    shape = setting.plan.shape
    if shape.pipeline_parallel > 1 or shape.nodes > 1:
        what = f"a replica has {shape.pipeline_parallel} pipeline stages on {shape.nodes} nodes, and TGI has neither"
        raise UsageError(Problem(what, "spec.engine", "use vllm, or accelerators of which one node is enough"))
    if setting.plan.engine.kv_cache_dtype == "fp8" and setting.vendor != "NVIDIA":
        raise UsageError(
            Problem(f"TGI keeps no fp8 KV cache on {setting.vendor}", "spec.engine", "use vllm, or another form")
        )


def _notes(setting: Setting) -> tuple[str, ...]:
    notes = [
        "TGI is in maintenance since December 2025: new models and new accelerators come to vLLM.",
        (
            "TGI has no time limit of its own for requests in progress at SIGTERM: it ends when they do, or when the "
            f"pod's grace period of {setting.plan.lifecycle.grace_seconds} s is over."
        ),
        "TGI's image is made to run as root; it was not tried here as the user that the manifests set.",
    ]
    if setting.plan.engine.max_num_batched_tokens < setting.plan.model.max_model_len:
        notes.append(
            "TGI computes a prompt in one piece: one of "
            f"{setting.plan.model.max_model_len} tokens delays every other request, which the plan does not count."
        )
    return tuple(notes)
