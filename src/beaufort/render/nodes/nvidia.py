"""The configuration of NVIDIA's GPU operator: one ClusterPolicy for the whole cluster.

The operator takes the images of what it runs from the ClusterPolicy, where its Helm chart puts them. A policy written
by hand without them stops it ("Empty image path"), and one with them pins versions that belong to the operator's
release. So there are two forms of the same choices: values for the chart, and a policy of those fields alone, to be
applied on the server's side over the chart's.
"""

from __future__ import annotations

from collections.abc import Mapping

from beaufort.render.manifest import Json, Manifest, yaml_text
from beaufort.render.setting import Setting

NAMESPACE = "gpu-operator"
_COUNTERS = "beaufort-dcgm-counters"
_SLICING = "beaufort-time-slicing"

# The file that dcgm-exporter reads: field, kind, help. Since its version 3 the default one has no PROF lines on every
# card, and GPU_UTIL alone says no more than that some kernel was resident.
_COUNTERS_CSV = """\
# What Beaufort's rules and dashboard ask for, and what explains it.
DCGM_FI_DEV_GPU_UTIL, gauge, Time with a kernel resident (in %).
DCGM_FI_DEV_FB_USED, gauge, Framebuffer memory used (in MiB).
DCGM_FI_DEV_FB_FREE, gauge, Framebuffer memory free (in MiB).
DCGM_FI_DEV_GPU_TEMP, gauge, GPU temperature (in C).
DCGM_FI_DEV_POWER_USAGE, gauge, Power draw (in W).
DCGM_FI_DEV_SM_CLOCK, gauge, SM clock frequency (in MHz).
DCGM_FI_DEV_XID_ERRORS, gauge, The last XID error; it stays until the exporter starts anew.
DCGM_EXP_XID_ERRORS_COUNT, gauge, XID errors in the last minutes by their number.
DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS, counter, Rows remapped for uncorrectable errors.
DCGM_FI_DEV_ROW_REMAP_FAILURE, gauge, Whether remapping of rows has failed.
DCGM_FI_PROF_GR_ENGINE_ACTIVE, gauge, Share of time the graphics engine is active (0 to 1).
DCGM_FI_PROF_PIPE_TENSOR_ACTIVE, gauge, Share of cycles the tensor pipe is active (0 to 1).
DCGM_FI_PROF_DRAM_ACTIVE, gauge, Share of cycles the memory interface is active (0 to 1).
"""


def manifests(setting: Setting) -> tuple[Manifest, ...]:
    """Return the operator's objects."""
    return (_counters(), *((_time_slicing(setting),) if _sliced(setting) else ()), _cluster_policy(setting))


def slicing_notes(setting: Setting) -> tuple[str, ...]:
    """Return what time slicing does to a plan that was made for whole accelerators."""
    pods, share = setting.spec.nodes.time_slicing, setting.plan.engine.gpu_memory_utilization
    if pods == 1:
        return ()
    if setting.vendor != "NVIDIA":
        return (f"spec.nodes.timeSlicing has no effect: {setting.vendor} has no time slicing.",)
    fits = f"each asks for {share:.0%} of the memory, more than its part" if share > 1 / pods else "memory is not kept"
    taken = f"{pods} pods take turns on one accelerator ({fits})"
    return (f"{taken}: the plan's latencies and capacity, made for whole accelerators, do not hold.",)


def _counters() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _COUNTERS, "namespace": NAMESPACE, "labels": _LABELS},
        "data": {"dcgm-metrics.csv": _COUNTERS_CSV},
    }


def _time_slicing(setting: Setting) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _SLICING, "namespace": NAMESPACE, "labels": _LABELS},
        "data": {
            "shared": yaml_text(
                {
                    "version": "v1",
                    "sharing": {
                        "timeSlicing": {
                            "renameByDefault": False,  # pods ask for nvidia.com/gpu, sliced or not
                            "failRequestsGreaterThanOne": True,  # two slices are not twice the speed
                            "resources": [{"name": "nvidia.com/gpu", "replicas": setting.spec.nodes.time_slicing}],
                        },
                    },
                },
            ),
        },
    }


def _cluster_policy(setting: Setting) -> Manifest:
    return {
        "apiVersion": "nvidia.com/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "cluster-policy", "labels": _LABELS},
        "spec": {
            **_choices(setting),
            # The chart's; the operator's schema asks for them.
            "operator": {},
            "driver": {},
            "toolkit": {},
            "nodeStatusExporter": {},
        },
    }


def chart_values(setting: Setting) -> Mapping[str, Json]:
    """Return the values of the operator's Helm chart that make the same policy."""
    return _choices(setting)


def _choices(setting: Setting) -> dict[str, Json]:
    monitoring = setting.spec.monitoring
    return {
        "daemonsets": {
            "priorityClassName": "system-node-critical",
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        },
        "devicePlugin": {
            "enabled": True,
            **({"config": {"name": _SLICING, "default": "shared"}} if _sliced(setting) else {}),
        },
        "gfd": {"enabled": True},  # the labels nvidia.com/gpu.product, .memory and .count
        "dcgm": {"enabled": False},  # the exporter brings its own
        "dcgmExporter": {
            "enabled": True,
            "config": {"name": _COUNTERS},
            "serviceMonitor": {
                "enabled": monitoring.prometheus,
                "interval": f"{monitoring.interval:g}s",
                # Without it the pod that uses the accelerator is called exported_pod, and pod is the exporter.
                "honorLabels": True,
                "additionalLabels": monitoring.labels,
            },
        },
    }


def _sliced(setting: Setting) -> bool:
    return setting.spec.nodes.time_slicing > 1


_LABELS = {"app.kubernetes.io/managed-by": "beaufort"}  # of no service: the whole cluster has one such object
