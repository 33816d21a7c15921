import pytest

from beaufort.catalog.features import NEWEST_MINOR, OLDEST_MINOR, Feature, Stage, alpha, beta, removed, stable
from beaufort.errors import UsageError

STORY = Feature(
    "Story",
    "Pod spec.story",
    (alpha(31, "story/v1alpha1"), beta(33, "story/v1beta1", enabled=False), stable(35, "story/v1"), removed(37)),
    "KEP-0",
    gate="Story",
    components=("kube-apiserver", "kubelet"),
)


@pytest.mark.parametrize(
    ("minor", "stage", "enabled", "api"),
    [
        (30, Stage.ABSENT, False, ""),
        (31, Stage.ALPHA, False, "story/v1alpha1"),
        (32, Stage.ALPHA, False, "story/v1alpha1"),
        (33, Stage.BETA, False, "story/v1beta1"),
        (35, Stage.STABLE, True, "story/v1"),
        (36, Stage.STABLE, True, "story/v1"),
        (37, Stage.REMOVED, False, ""),
    ],
)
def test_a_version_has_what_the_last_change_before_it_made(minor: int, stage: Stage, enabled: bool, api: str) -> None:  # noqa: FBT001 - a column of the table
    state = STORY.at(minor)
    assert (state.stage, state.enabled, state.api, state.minor) == (stage, enabled, api, minor)
    assert state.possible is (stage not in {Stage.ABSENT, Stage.REMOVED})


def test_a_version_newer_than_the_table_is_like_its_newest() -> None:
    newest, later = STORY.at(NEWEST_MINOR), STORY.at(NEWEST_MINOR + 20)
    assert (later.stage, later.enabled, later.api) == (newest.stage, newest.enabled, newest.api)


@pytest.mark.parametrize("minor", [OLDEST_MINOR - 1, 0, -1])
def test_an_old_version_is_refused_with_the_remedy(minor: int) -> None:
    with pytest.raises(UsageError, match=rf"Kubernetes 1\.{minor} is too old.*1\.30 or newer"):
        STORY.at(minor)


@pytest.mark.parametrize(
    ("minor", "reason"),
    [
        (30, "Story is absent in Kubernetes 1.30; it works from 1.35 on"),
        (31, "Story is alpha and off in Kubernetes 1.31: turn on the gate Story of kube-apiserver, kubelet and serve "),
        (35, "Story is stable and on in Kubernetes 1.35"),
        (37, "Story is removed in Kubernetes 1.37"),
    ],
)
def test_the_reason_tells_what_would_be_needed(minor: int, reason: str) -> None:
    assert STORY.at(minor).reason.startswith(reason)


def test_an_api_that_is_off_names_the_flag_that_serves_it() -> None:
    assert STORY.at(33).reason.endswith("serve story/v1beta1 (--runtime-config=story/v1beta1=true)")


def test_a_feature_that_never_worked_by_default_promises_no_version() -> None:
    assert Feature("Dream", "a field", (alpha(36),), "KEP-0").at(30).reason == "Dream is absent in Kubernetes 1.30"
