"""The configuration of AMD's GPU operator."""

from __future__ import annotations

from beaufort.render.manifest import Manifest
from beaufort.render.setting import Setting

NAMESPACE = "kube-amd-gpu"


def manifests(setting: Setting) -> tuple[Manifest, ...]:
    """Return the operator's objects."""
    return (_device_config(setting),)


def _device_config(setting: Setting) -> Manifest:
    monitoring = setting.spec.monitoring
    taint = {"key": "amd.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    return {
        "apiVersion": "amd.com/v1alpha1",
        "kind": "DeviceConfig",
        "metadata": {
            "name": "beaufort",
            "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/managed-by": "beaufort"},
        },
        "spec": {
            "driver": {"enable": False},  # that of the node's system
            "devicePlugin": {
                "enableDevicePlugin": True,
                "devicePluginTolerations": [taint],
                "enableNodeLabeller": True,  # the labels amd.com/gpu.product-name and .vram
                "nodeLabellerTolerations": [taint],
            },
            "metricsExporter": {
                "enable": True,
                "serviceType": "ClusterIP",
                "port": 5000,
                "tolerations": [taint],
                "prometheus": {
                    "serviceMonitor": {
                        "enable": monitoring.prometheus,
                        "interval": f"{monitoring.interval:g}s",
                        # Without it the pod that uses the accelerator is called exported_pod, and pod is the exporter.
                        "honorLabels": True,
                        "labels": monitoring.labels,
                    },
                },
            },
            "selector": {"feature.node.kubernetes.io/amd-gpu": "true"},
        },
    }
