"""What Prometheus asks for metrics: the gateways, the engines, and the accelerators of the service's pods.

Pods are asked, not Services: the label ``job`` is then ``namespace/name`` of the monitor, which tells the service's
series from all others, and a pod is asked as long as it runs, not only while it is ready.
"""

from __future__ import annotations

from beaufort.render.engine_pod import answering
from beaufort.render.manifest import Json, Manifest
from beaufort.render.monitoring import series
from beaufort.render.setting import Setting

# By whom an exporter was installed, and the labels and the port by which its pods are known.
_EXPORTERS: dict[str, dict[str, tuple[dict[str, str], str]]] = {
    "NVIDIA": {
        "operator": ({"app": "nvidia-dcgm-exporter"}, "metrics"),
        "chart": ({"app.kubernetes.io/name": "dcgm-exporter"}, "metrics"),
    },
    "AMD": {"operator": ({"app.kubernetes.io/name": "metrics-exporter"}, "exporter-port")},
}


def manifests(setting: Setting) -> tuple[Manifest, ...]:
    """Return the monitors."""
    known_by = _EXPORTERS[setting.vendor] if setting.accelerated else {}
    exporters = (_accelerators(setting, by, *known) for by, known in known_by.items())
    return _engines(setting), _gateways(setting), *exporters


def scrape_file(setting: Setting) -> Json:
    """Return the part of Prometheus' own configuration that does the same without its operator."""
    return {
        "scrape_configs": [
            _scrape(setting, series.engine_job(setting), "engine"),
            _scrape(setting, series.gateway_job(setting), "gateway"),
        ],
    }


def _engines(setting: Setting) -> Manifest:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": _metadata(setting, "engine", setting.names.engines),
        "spec": {
            "selector": {"matchLabels": answering(setting)},
            "podMetricsEndpoints": [_endpoint(setting)],
            "podTargetLabels": ["beaufort.dev/pool"],
        },
    }


def _gateways(setting: Setting) -> Manifest:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": _metadata(setting, "gateway", setting.names.gateway),
        "spec": {
            "selector": {"matchLabels": setting.selector("gateway")},
            "podMetricsEndpoints": [_endpoint(setting)],
        },
    }


def _accelerators(setting: Setting, by: str, labels: dict[str, str], port: str) -> Manifest:
    """Return what asks the vendor's exporter, wherever it runs, for what it says of the service's own pods."""
    pods = "|".join(setting.names.engine(pool.name) for pool in setting.region.pools)
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": _metadata(setting, "accelerators", setting.names.accelerators(by)),
        "spec": {
            "namespaceSelector": {"any": True},
            "selector": {"matchLabels": labels},
            "podMetricsEndpoints": [
                {
                    **_endpoint(setting),
                    "port": port,
                    # Without it the pod that uses the accelerator is called exported_pod, and pod is the exporter.
                    "honorLabels": True,
                    "metricRelabelings": [
                        {
                            "action": "keep",
                            "sourceLabels": ["namespace", "pod"],
                            "regex": f"{setting.namespace};({pods})-.+",
                        },
                    ],
                },
            ],
        },
    }


def _endpoint(setting: Setting) -> dict[str, Json]:
    return {"port": "http", "path": "/metrics", "interval": f"{setting.spec.monitoring.interval:g}s"}


def _metadata(setting: Setting, component: str, name: str) -> dict[str, Json]:
    metadata = setting.metadata(component, name)
    return {**metadata, "labels": {**setting.labels(component), **setting.spec.monitoring.labels}}


def _scrape(setting: Setting, job: str, component: str) -> Json:
    labels = answering(setting) if component == "engine" else setting.selector(component)
    told = [f"__meta_kubernetes_pod_label_{_sanitised(name)}" for name in labels]
    return {
        "job_name": job,
        "scrape_interval": f"{setting.spec.monitoring.interval:g}s",
        "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [setting.namespace]}}],
        "relabel_configs": [
            {"action": "keep", "source_labels": told, "separator": ";", "regex": ";".join(labels.values())},
            {"action": "keep", "source_labels": ["__meta_kubernetes_pod_container_port_name"], "regex": "http"},
            {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
            {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
        ],
    }


def _sanitised(label: str) -> str:
    """Return a label's name as Prometheus writes it."""
    return "".join(letter if letter.isalnum() else "_" for letter in label)
