"""Which series are the service's: the metrics of its engines, and the labels that tell them from others.

Names and buckets are those of vLLM 0.32 (``vllm/v1/metrics/loggers.py``, which Beaufort's own engines speak too), Text
Generation Inference 3.3 (``docs/source/reference/metrics.md``), Beaufort's gateway, kube-state-metrics 2, NVIDIA's
dcgm-exporter 4 and AMD's device-metrics-exporter 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from beaufort.plan.capacity import Pool
from beaufort.render.setting import Setting


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram of seconds.

    Attributes:
        name: Its name, without ``_bucket``.
        bounds: The bounds of its buckets, without infinity; empty when they are not known.
    """

    name: str
    bounds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineSeries:
    """The metrics of a kind of engine; what it does not tell is ``None``.

    Attributes:
        running: Requests in the batch.
        waiting: Requests that wait for it.
        kv_usage: Share of the KV cache in use, 0 to 1.
        preemptions: Requests put back for lack of KV cache, a counter.
        prompt_tokens: Prompt tokens, a counter.
        output_tokens: Tokens generated, a counter.
        finished: Requests answered, a counter.
        ttft: Time to first token.
        tpot: Time per output token after the first.
    """

    running: str
    waiting: str
    kv_usage: str | None
    preemptions: str | None
    prompt_tokens: str
    output_tokens: str
    finished: str
    ttft: Histogram | None
    tpot: Histogram


_TTFT_BOUNDS = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75),
    *(1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)
_TPOT_BOUNDS = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75),
    *(1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0),
)


def _vllm(tpot: str) -> EngineSeries:
    return EngineSeries(
        running="vllm:num_requests_running",
        waiting="vllm:num_requests_waiting",
        kv_usage="vllm:kv_cache_usage_perc",
        preemptions="vllm:num_preemptions_total",
        prompt_tokens="vllm:prompt_tokens_total",
        output_tokens="vllm:generation_tokens_total",
        finished="vllm:request_success_total",
        ttft=Histogram("vllm:time_to_first_token_seconds", _TTFT_BOUNDS),
        tpot=Histogram(tpot, _TPOT_BOUNDS),
    )


# The objective is the mean of each request, which vLLM tells; Beaufort's own engines tell each token's time.
_VLLM = _vllm("vllm:request_time_per_output_token_seconds")
_BEAUFORT = _vllm("vllm:inter_token_latency_seconds")
_TGI = EngineSeries(
    running="tgi_batch_current_size",
    waiting="tgi_queue_size",
    kv_usage=None,
    preemptions=None,
    prompt_tokens="tgi_request_input_length_sum",
    output_tokens="tgi_request_generated_tokens_sum",
    finished="tgi_request_success",
    ttft=None,
    # Its bounds are powers of 1.5, which are no round numbers.
    tpot=Histogram("tgi_request_mean_time_per_token_duration"),
)
_BY_ENGINE = {"vllm": _VLLM, "tgi": _TGI, "openvino": _BEAUFORT, "emulated": _BEAUFORT}


def engine_series(setting: Setting) -> EngineSeries:
    """Return the metrics of the service's engines."""
    return _BY_ENGINE[setting.engine]


@dataclass(frozen=True, slots=True)
class AcceleratorSeries:
    """The metrics of a vendor's exporter.

    Attributes:
        utilisation: Percent of the time in which a kernel was resident: near 100 whenever an engine has work.
        busy: Percent of the time in which the compute engine was active; ``None`` where the exporter tells no more.
        memory_used: Memory in use, in MiB.
        memory_total: An expression for all of the memory, in MiB; ``{}`` stands for the matchers.
        power: Watts.
        resource: The name that kube-state-metrics gives the resource.
    """

    utilisation: str
    busy: str | None
    memory_used: str
    memory_total: str
    power: str
    resource: str


_NVIDIA = AcceleratorSeries(
    utilisation="DCGM_FI_DEV_GPU_UTIL",
    busy="100 * DCGM_FI_PROF_GR_ENGINE_ACTIVE{}",
    memory_used="DCGM_FI_DEV_FB_USED",
    memory_total="(DCGM_FI_DEV_FB_USED{} + DCGM_FI_DEV_FB_FREE{})",
    power="DCGM_FI_DEV_POWER_USAGE",
    resource="nvidia_com_gpu",
)
_AMD = AcceleratorSeries(
    utilisation="gpu_gfx_activity",
    busy=None,
    memory_used="gpu_used_vram",
    memory_total="gpu_total_vram{}",
    power="gpu_package_power",
    resource="amd_com_gpu",
)


def accelerator_series(setting: Setting) -> AcceleratorSeries:
    """Return the metrics of the vendor's exporter."""
    return _AMD if setting.vendor == "AMD" else _NVIDIA


def engine_job(setting: Setting) -> str:
    """Return the value of the label ``job`` of the engines' series."""
    return f"{setting.namespace}/{setting.names.engines}"


def gateway_job(setting: Setting) -> str:
    """Return the value of the label ``job`` of the gateways' series."""
    return f"{setting.namespace}/{setting.names.gateway}"


def engine(setting: Setting) -> str:
    """Return the matcher of the engines' series."""
    return f'job="{engine_job(setting)}"'


def gateway(setting: Setting) -> str:
    """Return the matcher of the gateways' series."""
    return f'job="{gateway_job(setting)}"'


def recorded(setting: Setting) -> str:
    """Return the matchers of what the service's rules record."""
    return f'namespace="{setting.namespace}",service="{setting.name}"'


def engine_pods(setting: Setting, *pools: Pool) -> str:
    """Return the matchers of series about the engines' pods: of some pools, or of all."""
    names = (setting.names.engine(pool.name) for pool in pools or setting.region.pools)
    return f'namespace="{setting.namespace}",pod=~"({"|".join(names)})-.+"'


def loader(setting: Setting) -> str:
    """Return the beginning of the names of what downloads the model."""
    return setting.names.loader()
