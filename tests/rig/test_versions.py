import pytest

from beaufort.errors import UsageError
from rig import versions
from rig.versions import DEFAULT, RELEASES, Minor, Release


def test_a_release_is_found_by_minor_and_by_full_version() -> None:
    for release in RELEASES:
        for name in (str(release.minor), release.version, release.version.removeprefix("v")):
            assert versions.find(name) is release


@pytest.mark.parametrize("name", ["", "1", "1.3", "1.29", "1.30.4", "v1.30.1", "1.30.14.1", "latest", "v"])
def test_an_unknown_release_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(UsageError, match=r"choose one of 1\.30, "):
        versions.find(name)


def test_the_releases_are_in_order_and_the_default_is_the_oldest() -> None:
    assert [release.minor for release in RELEASES] == sorted({release.minor for release in RELEASES})
    assert RELEASES[0] is DEFAULT
    assert DEFAULT.minor == Minor(1, 30)
    assert RELEASES[-1].minor >= Minor(1, 34)


def test_minors_are_compared_as_numbers() -> None:
    assert Minor.parse("1.9") < Minor.parse("v1.30.14") < Minor.parse("1.100")
    assert Minor.parse("go1.26.8") == Minor(1, 26)
    with pytest.raises(ValueError, match="devel"):
        Minor.parse("devel +1234 x.y")


def test_staging_modules_follow_the_release_but_for_its_exceptions() -> None:
    assert DEFAULT.staging("k8s.io/api") == "v0.30.14"
    assert DEFAULT.staging("k8s.io/kube-proxy") == "v0.30.4"


@pytest.mark.parametrize(
    ("version", "gates", "apis"),
    [
        ("v1.30.14", {"VolumeAttributesClass", "ServiceTrafficDistribution"}, ("storage.k8s.io/v1alpha1",)),
        ("v1.31.0", {"VolumeAttributesClass"}, ("storage.k8s.io/v1beta1",)),
        ("v1.33.0", {"VolumeAttributesClass"}, ("storage.k8s.io/v1beta1",)),
        ("v1.34.0", set(), ()),
    ],
)
def test_gates_are_set_only_where_they_exist_and_are_off(version: str, gates: set[str], apis: tuple[str, ...]) -> None:
    release = Release(version, go="1.22.0")
    assert versions.gates(release) == dict.fromkeys(gates, True)
    assert versions.apis(release) == apis
