"""The values of Cilium's Helm chart with which it takes kube-proxy's place and heeds zones."""

from __future__ import annotations

from beaufort.render.manifest import Json, yaml_text
from beaufort.render.setting import Setting

# Documentation/network/kubernetes/compatibility.rst of Cilium: 1.15 lists Kubernetes 1.26 to 1.29, 1.18 1.30 to 1.33.
_LAST_LISTED = 33


def files(setting: Setting) -> dict[str, str]:
    """Return the file."""
    api = setting.spec.network.api_server
    # Without kube-proxy Cilium cannot find the API by its Service, which it has to make first.
    instead: dict[str, Json] = (
        {"kubeProxyReplacement": True, "k8sServiceHost": api.host, "k8sServicePort": api.port} if api else {}
    )
    return {
        "cilium-values.yaml": yaml_text(
            {
                **instead,
                "loadBalancer": {"serviceTopology": True},  # else the zones that Services prefer are ignored
                "prometheus": {"enabled": True, "serviceMonitor": {"enabled": setting.spec.monitoring.prometheus}},
            },
        ),
    }


def notes(setting: Setting) -> tuple[str, ...]:
    """Return what the cluster's Cilium has to be."""
    listed = "lists 1.30 to 1.33" if setting.minor <= _LAST_LISTED else "ends at 1.33: take a newer one"
    version = f"Cilium 1.15 is tested up to Kubernetes 1.29, Cilium 1.18 {listed}. This is for {setting.version}."
    if setting.spec.network.api_server:
        return (version,)
    proxy = "Cilium's values leave kube-proxy in place: spec.network.apiServer would tell it where the API is without."
    return version, proxy
