from itertools import pairwise

import pytest

from beaufort.catalog.features import NEWEST_MINOR, OLDEST_MINOR, Feature
from beaufort.catalog.kubernetes import FEATURES, feature, served, state
from beaufort.errors import UsageError

MINORS = range(OLDEST_MINOR, NEWEST_MINOR + 1)
ALL = pytest.mark.parametrize("known", FEATURES.values(), ids=lambda known: known.name)

# One letter for each of 1.30 to 1.37: absent, alpha, beta, stable, removed; a capital is on by default.
# From the versioned feature lists and the feature gates of Kubernetes itself.
HISTORIES = {
    "PodSchedulingReadiness": "SSSSSSSS",
    "MatchLabelKeysInPodTopologySpread": "BBBBBBBB",
    "NodeInclusionPolicyInPodTopologySpread": "BBBSSSSS",
    "MatchLabelKeysInPodAffinity": "aBBSSSSS",
    "DynamicResourceAllocation": "aabbSSSS",
    "GenericWorkload": ".....aab",
    "HPAContainerMetrics": "SSSSSSSS",
    "HPAConfigurableTolerance": "...aaBBS",
    "HPAScaleToZero": "aaaaaaaB",
    "PDBUnhealthyPodEvictionPolicy": "BSSSSSSS",
    "SidecarContainers": "BBBSSSSS",
    "PodLifecycleSleepAction": "BBBBSSSS",
    "InPlacePodVerticalScaling": "aaaBBSSS",
    "VolumeAttributesClass": "abbbSSSS",
    "ImageVolume": ".aabbBSS",
    "TopologyAwareHints": "BBBSSSSS",
    "ServiceTrafficDistribution": "aBBSSSSS",
    "PreferSameTrafficDistribution": "...aBSSS",
    "TopologyManagerMaxAllowableNUMANodes": ".BBBBSSS",
    "MemoryManager": "BBSSSSSS",
    "GracefulNodeShutdown": "BBBBBBBB",
    "ValidatingAdmissionPolicy": "SSSSSSSS",
    "MutatingAdmissionPolicy": "..aabbSS",
    "SupplementalGroupsPolicy": ".aaBBSSS",
    "UserNamespacesSupport": "bbbBBBSS",
    "KubeadmConfigurationV1beta3": "BBBBBBBr",
}


def _letters(known: Feature) -> str:
    marks = {"absent": ".", "alpha": "a", "beta": "b", "stable": "s", "removed": "r"}
    states = [known.at(minor) for minor in MINORS]
    return "".join(marks[each.stage].upper() if each.enabled else marks[each.stage] for each in states)


@pytest.mark.parametrize("name", HISTORIES)
def test_the_history_is_that_of_the_feature_gates(name: str) -> None:
    assert _letters(feature(name)) == HISTORIES[name]


@pytest.mark.parametrize(
    ("name", "minor", "api"),
    [
        ("VolumeAttributesClass", 30, "storage.k8s.io/v1alpha1"),
        ("VolumeAttributesClass", 33, "storage.k8s.io/v1beta1"),
        ("VolumeAttributesClass", 34, "storage.k8s.io/v1"),
        ("DynamicResourceAllocation", 30, "resource.k8s.io/v1alpha2"),
        ("DynamicResourceAllocation", 31, "resource.k8s.io/v1alpha3"),
        ("DynamicResourceAllocation", 34, "resource.k8s.io/v1"),
        ("KubeadmConfiguration", 30, "kubeadm.k8s.io/v1beta3"),
        ("KubeadmConfiguration", 31, "kubeadm.k8s.io/v1beta4"),
        ("HorizontalPodAutoscaler", 30, "autoscaling/v2"),
        ("PodDisruptionBudget", 37, "policy/v1"),
        ("ValidatingAdmissionPolicy", 30, "admissionregistration.k8s.io/v1"),
        ("MutatingAdmissionPolicy", 34, "admissionregistration.k8s.io/v1beta1"),
        ("PodSchedulingReadiness", 30, ""),
    ],
)
def test_the_form_is_the_one_that_the_version_serves(name: str, minor: int, api: str) -> None:
    assert state(name, minor).api == api


def test_served_is_what_works_without_a_gate() -> None:
    assert not served("ServiceTrafficDistribution", 30)
    assert served("servicetrafficdistribution", 31)
    assert served("PodSchedulingReadiness", 99)


@ALL
def test_a_row_is_consistent(known: Feature) -> None:
    assert known.source
    assert known.writes
    assert known.changes
    assert all(earlier.minor < later.minor for earlier, later in pairwise(known.changes))
    assert all(change.minor <= NEWEST_MINOR for change in known.changes)
    apis = {bool(change.api) for change in known.changes if change.stage != "removed"}
    assert len(apis) == 1, "a feature is an API of its own in every version, or in none"


@ALL
def test_what_is_off_in_a_supported_version_names_its_switch(known: Feature) -> None:
    states = [known.at(minor) for minor in MINORS]
    if any(each.possible and not each.enabled for each in states):
        assert known.gate
        assert known.components


def test_a_wrong_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(UsageError, match="did you mean PodSchedulingReadiness"):
        feature("PodSchedulingReadyness")
