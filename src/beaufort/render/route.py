"""How clients outside the cluster come to the gateway: an Ingress, or an HTTPRoute of the Gateway API.

Both have to let an answer take as long as it takes, piece by piece.
"""

from __future__ import annotations

from beaufort.render.manifest import Json, Manifest
from beaufort.render.setting import Setting
from beaufort.spec.gateway import GatewayApi, Ingress

_COMPONENT = "gateway"


def manifests(setting: Setting) -> list[Manifest]:
    """Return the route that the service file asks for."""
    match setting.spec.gateway.expose:
        case Ingress() as wanted:
            return [_ingress(setting, wanted)]
        case GatewayApi() as wanted:
            return [_http_route(setting, wanted)]
        case _:
            return []


def _ingress(setting: Setting, wanted: Ingress) -> Manifest:
    tls: dict[str, Json] = {"tls": [{"hosts": [wanted.host], "secretName": wanted.tls_secret}]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": setting.metadata(
            _COMPONENT,
            setting.names.gateway,
            # What ingress-nginx needs to be told; others overlook it.
            {
                "nginx.ingress.kubernetes.io/proxy-body-size": "32m",
                "nginx.ingress.kubernetes.io/proxy-buffering": "off",
                "nginx.ingress.kubernetes.io/proxy-read-timeout": "600",
            },
        ),
        "spec": {
            **({"ingressClassName": wanted.class_name} if wanted.class_name else {}),
            **(tls if wanted.tls_secret else {}),
            "rules": [
                {
                    "host": wanted.host,
                    "http": {
                        "paths": [
                            {
                                "path": "/v1/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": setting.names.gateway, "port": {"name": "http"}}},
                            },
                        ],
                    },
                },
            ],
        },
    }


def _http_route(setting: Setting, wanted: GatewayApi) -> Manifest:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": setting.metadata(_COMPONENT, setting.names.gateway),
        "spec": {
            "parentRefs": [
                {
                    "name": wanted.gateway,
                    **({"namespace": wanted.gateway_namespace} if wanted.gateway_namespace else {}),
                    **({"sectionName": wanted.listener} if wanted.listener else {}),
                },
            ],
            "hostnames": [wanted.host],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}],
                    "backendRefs": [{"name": setting.names.gateway, "port": 80}],
                    "timeouts": {"request": "0s"},  # none: a long answer is no fault
                },
            ],
        },
    }


def notes(setting: Setting) -> tuple[str, ...]:
    """Return what the route asks of the cluster."""
    match setting.spec.gateway.expose:
        case Ingress(tls_secret=None):
            return ("The Ingress has no certificate: prompts and answers cross the network readable.",)
        case GatewayApi() as wanted:
            where = wanted.gateway_namespace or setting.namespace
            needs = (
                "The cluster needs the Gateway API (gateway.networking.k8s.io/v1), and the Gateway "
                f"{where}/{wanted.gateway} a listener that admits routes of namespace {setting.namespace}."
            )
            return (needs,)
        case _:
            return ()
