"""What prometheus-adapter is told: which series are the autoscaler's metrics, as values of its Helm chart.

The rules name no service: one adapter serves every service of the cluster, and there can be no second one.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from beaufort.render.manifest import Json, yaml_text
from beaufort.render.server import Server
from beaufort.render.setting import Setting

# The exporters' series, in percent: of a kernel being resident at all, so close to 100 under continuous batching.
UTILISATION = {"NVIDIA": "DCGM_FI_DEV_GPU_UTIL", "AMD": "gpu_gfx_activity"}


def values(setting: Setting, server: Server) -> str:
    """Return the values of the chart `prometheus-community/prometheus-adapter`."""
    address = urlsplit(setting.spec.scaling.prometheus)
    rules = [
        _rule(server.waiting, "inference_requests_waiting", "namespace", "pod"),
        _rule(server.running, "inference_requests_running", "namespace", "pod"),
    ]
    if setting.guarded:
        series = UTILISATION[setting.vendor]
        rules.append(_rule(series, "accelerator_utilisation", *whose(setting), function="avg"))
    return yaml_text(
        {
            "prometheus": {
                "url": f"{address.scheme}://{address.hostname}",
                "port": address.port or (443 if address.scheme == "https" else 80),
                "path": address.path,
            },
            "rules": {"default": False, "custom": rules},
        }
    )


def whose(setting: Setting) -> tuple[str, str]:
    """Return the labels of the namespace and the pod that use an accelerator, in the series of its exporter.

    The monitors of the layer `monitoring` keep the exporter's own labels. A monitor that does not, as the exporter's
    chart makes it, has the exporter's pod in `pod`, and puts the user of the accelerator beside it.
    """
    kept = setting.spec.monitoring.prometheus
    return ("namespace", "pod") if kept else ("exported_namespace", "exported_pod")


def _rule(series: str, name: str, namespace: str, pod: str, function: str = "sum") -> Json:
    return {
        "seriesQuery": f'{{__name__="{series}",{namespace}!="",{pod}!=""}}',
        "resources": {"overrides": {namespace: {"resource": "namespace"}, pod: {"resource": "pod"}}},
        "name": {"as": name},
        "metricsQuery": f"{function}(<<.Series>>{{<<.LabelMatchers>>}}) by (<<.GroupBy>>)",
    }


def notes(setting: Setting) -> tuple[str, ...]:
    """Return how the rules come into the adapter, and what they rely on."""
    install = (
        "The autoscalers ask for custom metrics, which one prometheus-adapter serves for the whole cluster. Install it "
        "with prometheus-adapter-values.yaml of this layer (helm upgrade --install prometheus-adapter "
        "prometheus-community/prometheus-adapter --values FILE), or add the rules to one that runs already."
    )
    if not setting.guarded:
        return (install,)
    origin = "the layer monitoring" if setting.spec.monitoring.prometheus else "the exporter's own monitor"
    exporter = (
        f"The guard needs {UTILISATION[setting.vendor]} in Prometheus with the labels {' and '.join(whose(setting))}, "
        f"as {origin} gives them. It says that an accelerator was busy at all, not how much: the queue decides first."
    )
    return install, exporter
