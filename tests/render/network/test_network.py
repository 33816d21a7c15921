from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import yaml

from beaufort.plan.plan import Plan
from beaufort.render import Json, Setting, network
from beaufort.render.manifest import kind_of, metadata_of

Adjusted = Callable[..., Plan]
Named = Callable[..., Setting]
Reaches = Callable[..., bool]
At = Callable[..., Json]

FORMS = ("kubernetes", "cilium")
DNS = "kube-system/kube-dns"
HUB = "huggingface.co"


def _setting(adjusted: Adjusted, plan: Plan, form: str, **parts: Mapping[str, object]) -> Setting:
    changed = adjusted(plan, **{**parts, "network": {"policy": form, **parts.get("network", {})}})
    return Setting(changed, changed.regions[0], 30)


@pytest.mark.parametrize("form", FORMS)
def test_the_ways_that_requests_take_are_open(adjusted: Adjusted, plan: Plan, reaches: Reaches, form: str) -> None:
    setting = _setting(adjusted, plan, form)
    assert reaches(setting, "web/front", "gateway", 8080)
    assert reaches(setting, "gateway", "engine", 8000)
    assert reaches(setting, "monitoring/prometheus", "gateway", 8080)
    assert reaches(setting, "monitoring/prometheus", "engine", 8000)
    for component in ("gateway", "engine", "model-loader"):
        assert reaches(setting, component, DNS, 53)


@pytest.mark.parametrize("form", FORMS)
def test_other_ways_are_closed(adjusted: Adjusted, plan: Plan, reaches: Reaches, form: str) -> None:
    setting = _setting(adjusted, plan, form, network={"api_server": {"host": "10.0.0.1"}})
    assert not reaches(setting, "web/front", "engine", 8000), "past the gateway and its keys"
    assert not reaches(setting, "web/front", "headroom", 80)
    assert not reaches(setting, "monitoring/prometheus", "engine", 22)
    assert not reaches(setting, "engine", "gateway", 8080)
    assert not reaches(setting, "gateway", HUB, 443)
    assert not reaches(setting, "gateway", "web/front", 80)
    assert not reaches(setting, "engine", "web/front", 443)
    assert not reaches(setting, "headroom", DNS, 80)


@pytest.mark.parametrize("form", FORMS)
def test_only_what_downloads_reaches_the_hub(adjusted: Adjusted, named: Named, reaches: Reaches, form: str) -> None:
    def hub_for(component: str, storage: str) -> bool:
        setting = _setting(adjusted, named("one-l40s").plan, form, storage={"kind": storage})
        return reaches(setting, component, HUB, 443)

    assert hub_for("model-loader", "local")
    assert not hub_for("engine", "local")
    assert hub_for("engine", "none"), "each pod downloads for itself"
    assert not hub_for("model-loader", "none")


def test_cilium_lets_out_to_the_hub_alone(adjusted: Adjusted, named: Named, reaches: Reaches) -> None:
    setting = _setting(adjusted, named("one-l40s").plan, "cilium", storage={"kind": "local"})
    for host in ("huggingface.co", "cdn-lfs.huggingface.co", "cas-bridge.xethub.hf.co"):
        assert reaches(setting, "model-loader", host, 443)
    assert not reaches(setting, "model-loader", "example.com", 443)
    assert not reaches(setting, "model-loader", "huggingface.co", 80)


def test_a_download_reaches_no_credentials_of_the_machine(adjusted: Adjusted, named: Named, at: At) -> None:
    setting = _setting(adjusted, named("one-l40s").plan, "kubernetes", storage={"kind": "local"})
    hub = next(each for each in network.render(setting).manifests if str(metadata_of(each)["name"]).endswith("-hub"))
    assert at(hub, "spec", "egress", 0, "to", 0, "ipBlock", "except") == ["169.254.0.0/16"]


@pytest.mark.parametrize("form", FORMS)
def test_pods_of_one_replica_over_nodes_talk_on_any_port(
    adjusted: Adjusted, named: Named, reaches: Reaches, form: str
) -> None:
    for name, spans in (("two-nodes", True), ("one-l40s", False)):
        setting = _setting(adjusted, named(name).plan, form)
        assert reaches(setting, "engine", "engine", 29501) is spans
        assert reaches(setting, "engine", "engine", 41234) is spans


@pytest.mark.parametrize("form", FORMS)
def test_an_api_of_unknown_place_opens_https_and_a_note_says_so(
    adjusted: Adjusted, named: Named, reaches: Reaches, form: str
) -> None:
    setting = _setting(adjusted, named("spot").plan, form)
    wide = form == "kubernetes"
    assert reaches(setting, "gateway", HUB, 443) is wide
    assert any("spec.network.apiServer" in note for note in network.render(setting).notes) is wide


@pytest.mark.parametrize("form", FORMS)
def test_clients_can_be_named(adjusted: Adjusted, named: Named, reaches: Reaches, form: str) -> None:
    setting = _setting(adjusted, named("spot").plan, form, network={"clients": ("web",)})
    assert reaches(setting, "web/front", "gateway", 8080)
    assert not reaches(setting, "batch/job", "gateway", 8080)
    assert reaches(setting, "monitoring/prometheus", "gateway", 8080)


@pytest.mark.parametrize("form", FORMS)
def test_the_api_is_for_those_who_need_it(adjusted: Adjusted, named: Named, reaches: Reaches, form: str) -> None:
    api = "@kube-apiserver" if form == "cilium" else "10.0.0.1"
    parts: dict[str, dict[str, object]] = {
        "scheduling": {"profile": "spread", "gates": True},
        "network": {"api_server": {"host": "10.0.0.1"}},
    }
    setting = _setting(adjusted, named("spot").plan, form, **parts)
    if form == "kubernetes":
        text = str(network.render(setting).manifests)
        assert "10.0.0.1/32" in text
    for component, may in (("scheduler", True), ("operator", True), ("gateway", True), ("engine", False)):
        found = reaches(setting, component, api, 6443) or (form == "kubernetes" and _named_api(setting, component))
        assert found is may, component
    assert reaches(setting, "operator", "engine", 8000)


def _named_api(setting: Setting, component: str) -> bool:
    """Tell whether a policy of the component names the one address of the API."""
    return any(
        str(metadata_of(each)["name"]).endswith(f"-{component}-api") and "10.0.0.1/32" in str(each)
        for each in network.render(setting).manifests
    )


@pytest.mark.parametrize(
    ("cni", "policy", "kind"),
    [
        ("cilium", "auto", "CiliumNetworkPolicy"),
        ("calico", "auto", "NetworkPolicy"),
        ("gke-dataplane-v2", "auto", "NetworkPolicy"),
        ("cilium", "kubernetes", "NetworkPolicy"),
    ],
)
def test_the_form_follows_the_plugin(adjusted: Adjusted, named: Named, cni: str, policy: str, kind: str) -> None:
    setting = _setting(adjusted, named("spot").plan, policy, cluster={"cni": cni})
    layer = network.render(setting)
    assert {kind_of(each) for each in layer.manifests} == {kind}
    assert ("cilium-values.yaml" in layer.files) is (cni == "cilium")


@pytest.mark.parametrize(("cni", "word"), [("flannel", "enforces no"), ("aws-vpc", "only if"), ("calico", "")])
def test_a_plugin_that_enforces_nothing_is_told(adjusted: Adjusted, named: Named, cni: str, word: str) -> None:
    notes = network.render(_setting(adjusted, named("spot").plan, "auto", cluster={"cni": cni})).notes
    assert any(word in note for note in notes)
    assert any("enforce" in note for note in notes) is bool(word)


def test_no_policy_is_told(adjusted: Adjusted, named: Named) -> None:
    layer = network.render(_setting(adjusted, named("spot").plan, "none"))
    assert layer.manifests == ()
    assert "every pod may talk" in layer.notes[0]


def test_cilium_takes_kube_proxys_place_once_it_knows_the_api(adjusted: Adjusted, named: Named) -> None:
    def values(**network_part: object) -> dict[str, object]:
        setting = _setting(adjusted, named("spot").plan, "auto", cluster={"cni": "cilium"}, network={**network_part})
        found: dict[str, object] = yaml.safe_load(network.render(setting).files["cilium-values.yaml"])
        return found

    assert "kubeProxyReplacement" not in values()
    found = values(api_server={"host": "api.example.com", "port": 443})
    assert found["kubeProxyReplacement"] is True
    assert (found["k8sServiceHost"], found["k8sServicePort"]) == ("api.example.com", 443)
    assert found["loadBalancer"] == {"serviceTopology": True}
