from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from beaufort.cli.gateway import gateway as gateway_command
from beaufort.render import Json, Layer, Manifest, Setting
from beaufort.render import render as render_all
from beaufort.render.engine import render as render_engine
from beaufort.render.gateway import render
from beaufort.render.manifest import kind_of, name_of, namespace_of

At = Callable[..., Json]
Named = Callable[..., Setting]


def one(layer: Layer, wanted: str) -> Manifest:
    (found,) = (each for each in layer.manifests if kind_of(each) == wanted)
    return found


def kinds(layer: Layer) -> set[str]:
    return {kind_of(each) for each in layer.manifests}


@pytest.mark.parametrize(
    ("minor", "choices", "field"),
    [
        (30, "{}", None),
        (30, "{cluster: {featureGates: [ServiceTrafficDistribution]}}", "PreferClose"),
        (31, "{}", "PreferClose"),
        (33, "{}", "PreferClose"),
        (34, "{}", "PreferSameZone"),
        (37, "{}", "PreferSameZone"),
    ],
)
def test_clients_get_a_gateway_of_their_zone_in_the_form_of_the_version(
    named: Named, minor: int, choices: str, field: str | None
) -> None:
    service = one(render(named("spot", choices, minor)), "Service")
    spec, metadata = service["spec"], service["metadata"]
    assert isinstance(spec, dict)
    assert isinstance(metadata, dict)
    assert spec.get("trafficDistribution") == field
    annotations = metadata.get("annotations", {})
    assert ("service.kubernetes.io/topology-mode" in annotations) is (field is None), "where both are, it would win"


def test_a_gateway_on_every_node_serves_its_node(named: Named, at: At) -> None:
    layer = render(named("spot", "{gateway: {mode: daemonset}}"))
    service = at(one(layer, "Service"), "spec")
    assert isinstance(service, dict)
    assert service["internalTrafficPolicy"] == "Local"
    assert "trafficDistribution" not in service
    assert at(one(layer, "DaemonSet"), "spec", "updateStrategy", "rollingUpdate") == {
        "maxSurge": 1,
        "maxUnavailable": 0,
    }
    assert not {"Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget"} & kinds(layer)
    assert any("dropped" in note for note in layer.notes)


def test_other_traffic_policies_are_never_local(named: Named) -> None:
    service = one(render(named("spot")), "Service")["spec"]
    assert isinstance(service, dict)
    assert "internalTrafficPolicy" not in service


def test_it_grows_by_its_cores(named: Named, at: At) -> None:
    autoscaler = one(render(named("spot")), "HorizontalPodAutoscaler")
    assert at(autoscaler, "spec", "metrics", 0, "resource", "target", "averageUtilization") == 70
    assert (at(autoscaler, "spec", "minReplicas"), at(autoscaler, "spec", "maxReplicas")) == (2, 6)
    fixed = render(named("spot", "{gateway: {replicas: 3}}"))
    assert "HorizontalPodAutoscaler" not in kinds(fixed)
    assert at(one(fixed, "Deployment"), "spec", "replicas") == 3


def test_it_is_given_options_that_it_has(named: Named, at: At) -> None:
    args = at(one(render(named("spot")), "Deployment"), "spec", "template", "spec", "containers", 0, "args")
    assert isinstance(args, list)
    names = {str(each).partition("=")[0] for each in args}
    known = {option for each in gateway_command.params for option in each.opts}
    assert names <= known
    # The last option is refused, so all before it were understood.
    result = CliRunner().invoke(gateway_command, [*map(str, args), "--no-such-option"])
    assert "No such option" in result.output
    assert result.output.count("Error") == 1


def test_it_finds_the_engines_by_their_service(named: Named, at: At) -> None:
    setting = named("spot")
    service = one(render_engine(setting), "Service")
    container = at(one(render(setting), "Deployment"), "spec", "template", "spec", "containers", 0)
    args = at(container, "args")
    assert isinstance(args, list)
    assert f"--endpoints-service={name_of(service)}:{at(service, 'spec', 'ports', 0, 'name')}" in args
    assert namespace_of(service) == namespace_of(one(render(setting), "Deployment")), "it looks in its own"


@pytest.mark.parametrize("mode", ["deployment", "daemonset"])
def test_it_alone_has_a_token_and_may_only_read_slices(named: Named, at: At, mode: str) -> None:
    setting = named("spot", f"{{gateway: {{mode: {mode}}}}}")
    layer = render(setting)
    (role,) = (each for each in layer.manifests if kind_of(each) == "Role")
    assert at(role, "rules") == [
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]}
    ]
    binding = one(layer, "RoleBinding")
    assert at(binding, "roleRef", "name") == name_of(role)
    workload = one(layer, "DaemonSet" if mode == "daemonset" else "Deployment")
    pod = at(workload, "spec", "template", "spec")
    assert at(binding, "subjects", 0, "name") == at(pod, "serviceAccountName")
    with_token = [
        name_of(each)
        for layer in render_all(setting.plan).regions[0].layers
        for each in layer.manifests
        if "'automountServiceAccountToken': True" in str(each)
    ]
    assert with_token == [name_of(workload)]


def test_the_drain_fits_into_the_grace_period(setting: Setting, at: At) -> None:
    pod = at(one(render(setting), "Deployment"), "spec", "template", "spec")
    args = at(pod, "containers", 0, "args")
    assert isinstance(args, list)
    grace, pause = at(pod, "terminationGracePeriodSeconds"), setting.plan.lifecycle.pre_stop_seconds
    assert isinstance(grace, int)
    assert grace > pause + setting.plan.lifecycle.shutdown_seconds
    assert f"--leave-seconds={pause}" in args
    assert f"--drain-seconds={setting.plan.lifecycle.shutdown_seconds}" in args
    assert "lifecycle" not in str(pod), "it counts the time itself: a hook would add to it"


def test_an_ingress_lets_answers_stream(named: Named, at: At) -> None:
    choices = "{gateway: {expose: {kind: ingress, host: models.example.com, className: nginx, tlsSecret: cert}}}"
    layer = render(named("spot", choices))
    ingress = one(layer, "Ingress")
    assert at(ingress, "spec", "tls", 0) == {"hosts": ["models.example.com"], "secretName": "cert"}
    assert at(ingress, "metadata", "annotations", "nginx.ingress.kubernetes.io/proxy-buffering") == "off"
    backend = at(ingress, "spec", "rules", 0, "http", "paths", 0, "backend", "service", "name")
    assert backend == name_of(one(layer, "Service"))
    open_one = render(named("spot", "{gateway: {expose: {kind: ingress, host: models.example.com}}}"))
    assert any("no certificate" in note for note in open_one.notes)


def test_a_route_of_the_gateway_api(named: Named, at: At) -> None:
    choices = "{gateway: {expose: {kind: gateway-api, host: a.example.com, gateway: edge, gatewayNamespace: net}}}"
    layer = render(named("spot", choices))
    route = one(layer, "HTTPRoute")
    assert at(route, "spec", "parentRefs") == [{"name": "edge", "namespace": "net"}]
    assert at(route, "spec", "rules", 0, "timeouts", "request") == "0s"
    assert any("Gateway net/edge" in note for note in layer.notes)


def test_what_it_cannot_do_yet_is_told(named: Named) -> None:
    notes = render(named("spot", "{keys: [{name: a, secret: b}], cache: {ttl: 1m}}")).notes
    assert any("checks no keys yet" in note for note in notes)
    assert any("keeps no answers yet" in note for note in notes)
    assert not any("yet" in note for note in render(named("spot")).notes)
