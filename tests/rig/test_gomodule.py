from dataclasses import replace

from rig import gomodule
from rig.versions import DEFAULT, RELEASES

GO_MOD = """\
module k8s.io/kubernetes

replace example.com/other => ../other

replace (
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/kube-proxy => ./staging/src/k8s.io/kube-proxy
\tk8s.io/klog/v2 => k8s.io/klog/v2 v2.1.0
)

replace k8s.io/cri-api => ./staging/src/k8s.io/cri-api
"""


def test_the_staging_modules_are_read_from_the_module_itself() -> None:
    assert gomodule.staged(GO_MOD) == ("k8s.io/api", "k8s.io/kube-proxy", "k8s.io/cri-api")


def test_the_go_mod_of_kubernetes_replaces_what_is_not_published_under_its_version() -> None:
    replaced = {path: DEFAULT.staging(path) for path in gomodule.staged(GO_MOD)}
    assert gomodule.text(gomodule.kubernetes(DEFAULT), replaced) == (
        "module beaufort.invalid/rig\n\n"
        "go 1.22.0\n\n"
        "require k8s.io/kubernetes v1.30.14\n\n"
        "replace (\n"
        "\tk8s.io/api => k8s.io/api v0.30.14\n"
        "\tk8s.io/kube-proxy => k8s.io/kube-proxy v0.30.4\n"
        "\tk8s.io/cri-api => k8s.io/cri-api v0.30.14\n"
        ")\n"
    )


def test_etcd_needs_no_replacement() -> None:
    text = gomodule.text(gomodule.etcd())
    assert "replace" not in text
    assert "require go.etcd.io/etcd/server/v3 v3." in text


def test_the_programs_are_told_their_version() -> None:
    assert gomodule.kubernetes(DEFAULT).ldflags() == (
        "-s -w -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=30 "
        "-X k8s.io/component-base/version.gitVersion=v1.30.14"
    )


def test_programs_for_nodes_are_known_already() -> None:
    packages = gomodule.kubernetes(RELEASES[-1]).packages
    assert packages["kubelet"] == "k8s.io/kubernetes/cmd/kubelet"
    assert packages["kube-proxy"] == "k8s.io/kubernetes/cmd/kube-proxy"


def test_a_recipe_differs_with_everything_that_its_programs_depend_on() -> None:
    recipe = gomodule.kubernetes(DEFAULT)
    others = [
        gomodule.kubernetes(RELEASES[-1]),
        replace(recipe, settings={}),
        replace(recipe, release=replace(DEFAULT, exceptions=())),
        replace(recipe, sources={"one/main.go": "package main"}),
        replace(recipe, sources={"one/main.go": "package main // other"}),
    ]
    assert len({each.digest() for each in (recipe, *others)}) == 6
