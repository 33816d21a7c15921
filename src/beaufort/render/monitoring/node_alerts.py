"""Alerts about where engines run: accelerators, places, spot nodes, the autoscaler, the model's files."""

from __future__ import annotations

from beaufort.render.manifest import Json
from beaufort.render.monitoring import series
from beaufort.render.monitoring.alert import alert
from beaufort.render.setting import Setting

# XID errors that a program causes itself: a wrong address, a failed kernel, an end before the end.
# https://docs.nvidia.com/deploy/xid-errors/
_PROGRAM_XIDS = "13|31|43|45"
# What those who see a reclaim coming put on the node: AWS's and Karpenter's handlers, Google's, Azure's, and Kubernetes
# once it is gone.
_LEAVING = (
    "aws-node-termination-handler/spot-itn|karpenter.sh/disrupted|cloud.google.com/impending-node-termination|"
    "remediator.aks.microsoft.com/unschedulable|node.cloudprovider.kubernetes.io/shutdown|node.kubernetes.io/unreachable"
)


def rules(setting: Setting) -> tuple[Json, ...]:
    """Return the alerts."""
    spot = any(pool.capacity == "spot" for pool in setting.region.pools)
    return (
        _pending(setting),
        *((_gated(setting),) if setting.gated else ()),
        *(_unhealthy(setting) if setting.accelerated else ()),
        *((_reclaim_wave(setting),) if spot else ()),
        _autoscaler_at_max(setting),
        *_loader_failed(setting),
    )


def _pending(setting: Setting) -> Json:
    return alert(
        setting,
        "BeaufortPodsPending",
        f"kube_pod_status_unschedulable{{{series.engine_pods(setting)}}} == 1",
        lasting="15m",
        severity="warning",
        summary="An engine finds no place",
        description="{{ $labels.pod }} has waited 15 minutes for a node.",
    )


def _gated(setting: Setting) -> Json:
    pods = series.engine_pods(setting)
    return alert(
        setting,
        "BeaufortPodsGated",
        # Not placed, and not because the scheduler found no node: it has not been asked.
        f'kube_pod_status_scheduled{{{pods},condition="false"}} == 1\n'
        f"unless on (namespace, pod) kube_pod_status_unschedulable{{{pods}}} == 1",
        lasting="15m",
        severity="warning",
        summary="An engine waits at its scheduling gate",
        description="Nobody has opened the gate of {{ $labels.pod }} for 15 minutes: the operator is away, or waits.",
    )


def _unhealthy(setting: Setting) -> tuple[Json, ...]:
    reported = _amd_unhealthy(setting) if setting.vendor == "AMD" else _nvidia_unhealthy(setting)
    return (_allocatable(setting), *reported)


def _allocatable(setting: Setting) -> Json:
    resource = f'resource="{series.accelerator_series(setting).resource}"'
    ours = f"max by (node) (kube_pod_info{{{series.engine_pods(setting)}}})"
    return alert(
        setting,
        "BeaufortAcceleratorUnhealthy",
        # An unhealthy device leaves what can be given out, not what is there.
        f"(max by (node) (kube_node_status_capacity{{{resource}}})\n"
        f"  - max by (node) (kube_node_status_allocatable{{{resource}}})) > 0\n"
        f"and on (node) {ours}",
        lasting="2m",
        severity="warning",
        cause="withheld",
        summary="A node holds back accelerators",
        description="{{ $labels.node }} gives out {{ $value }} accelerators fewer than it has.",
    )


def _nvidia_unhealthy(setting: Setting) -> tuple[Json, ...]:
    pods = series.engine_pods(setting)
    return (
        alert(
            setting,
            "BeaufortAcceleratorUnhealthy",
            "max by (Hostname, gpu, pod, xid) "
            f'(DCGM_EXP_XID_ERRORS_COUNT{{{pods},xid!~"{_PROGRAM_XIDS}"}}) > 0\n'
            f"or max by (Hostname, gpu, pod) (DCGM_FI_DEV_ROW_REMAP_FAILURE{{{pods}}}) > 0",
            lasting="0m",
            severity="warning",
            cause="reported",
            summary="An accelerator reports a fault of its own",
            description="GPU {{ $labels.gpu }} of {{ $labels.Hostname }}, used by {{ $labels.pod }}: "
            "XID {{ $labels.xid }}, or a failed remapping of memory.",
        ),
    )


def _amd_unhealthy(setting: Setting) -> tuple[Json, ...]:
    pods = series.engine_pods(setting)
    return (
        alert(
            setting,
            "BeaufortAcceleratorUnhealthy",
            f"min by (hostname, gpu_id, pod) (gpu_health{{{pods}}}) == 0\n"
            f"or max by (hostname, gpu_id, pod) (increase(gpu_ecc_uncorrect_total{{{pods}}}[15m])) > 0",
            lasting="0m",
            severity="warning",
            cause="reported",
            summary="An accelerator reports a fault of its own",
            description="GPU {{ $labels.gpu_id }} of {{ $labels.hostname }}, used by {{ $labels.pod }}.",
        ),
    )


def _reclaim_wave(setting: Setting) -> Json:
    spot = tuple(pool for pool in setting.region.pools if pool.capacity == "spot")
    nodes = f"max by (node) (kube_pod_info{{{series.engine_pods(setting, *spot)}}})"
    leaving = f'count({nodes} and on (node) kube_node_spec_taint{{key=~"{_LEAVING}"}})'
    return alert(
        setting,
        "BeaufortSpotReclaimWave",
        f"{leaving} >= 2\nand {leaving} / count({nodes}) >= 0.25",
        lasting="0m",
        severity="warning",
        summary="Several spot nodes leave at once",
        description="{{ $value }} nodes with engines are being taken back: a quarter of the spot nodes or more.",
    )


def _autoscaler_at_max(setting: Setting) -> Json:
    names = "|".join(setting.names.engine(pool.name) for pool in setting.region.pools)
    # KEDA makes an autoscaler of its own name.
    scalers = f'namespace="{setting.namespace}",horizontalpodautoscaler=~"(keda-hpa-)?({names})"'
    target = setting.plan.scaling.waiting_target
    return alert(
        setting,
        "BeaufortAutoscalerAtMax",
        f"sum(kube_horizontalpodautoscaler_status_current_replicas{{{scalers}}})\n"
        f"  >= sum(kube_horizontalpodautoscaler_spec_max_replicas{{{scalers}}})\n"
        f"and on () beaufort:requests_waiting:per_engine{{{series.recorded(setting)}}} > {target:g}",
        lasting="15m",
        severity="warning",
        summary="Autoscaling can grow no further, and requests wait",
        description="All {{ $value }} engines that may run do, for 15 minutes.",
    )


def _loader_failed(setting: Setting) -> tuple[Json, ...]:
    loader = f'namespace="{setting.namespace}",%s=~"{series.loader(setting)}(-.+)?"'
    crashing = 'reason=~"CrashLoopBackOff|Error|OOMKilled"'
    pods = f'namespace="{setting.namespace}",pod=~"({series.loader(setting)}|{setting.names.engines})-.+"'
    summary, description = "The model could not be downloaded", "{{ $labels.job_name }}{{ $labels.pod }} failed."
    return (
        alert(
            setting,
            "BeaufortModelLoaderFailed",
            f"kube_job_status_failed{{{loader % 'job_name'}}} > 0",
            lasting="0m",
            severity="critical",
            cause="job",
            summary=summary,
            description=description,
        ),
        alert(
            setting,
            "BeaufortModelLoaderFailed",
            f"kube_pod_init_container_status_waiting_reason{{{pods},{crashing}}} == 1",
            lasting="5m",
            severity="critical",
            cause="pod",
            summary=summary,
            description=description,
        ),
    )
