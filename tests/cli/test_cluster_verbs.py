"""The verbs that talk to a cluster, as far as they get without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click import Abort, ClickException
from click.testing import CliRunner, Result
from tests.render.conftest import PLANS

from beaufort.cli.reference import VERBS, reference
from beaufort.cli.root import beaufort
from beaufort.errors import BeaufortError

ROOT = Path(__file__).parents[2]
SERVICE = str(ROOT / "examples" / "mistral-7b.yaml")


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point everything at a kubeconfig whose server does not answer."""
    path = tmp_path / "config"
    cluster = {"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "c"}}
    user = {"name": "c", "user": {"token": "t"}}
    path.write_text(
        yaml.safe_dump({"current-context": "c", "clusters": [cluster], "contexts": [context], "users": [user]})
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(beaufort, arguments, input=text, standalone_mode=False)


def failure(*arguments: str, text: str | None = None) -> tuple[int, str]:
    """Return the exit code and the words of what cannot be done."""
    error = run(*arguments, text=text).exception
    if isinstance(error, ClickException):
        return error.exit_code, error.format_message()
    assert isinstance(error, BeaufortError), error
    return error.exit_code, str(error)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deploy", "nowhere.yaml"), "there is no such file"),
        (("deploy", SERVICE, "--only", "engines"), "'engines' is not one of"),
        (("deploy", SERVICE, "--only", "engine", "--without", "engine"), "asked for and left out"),
        (("deploy", SERVICE, "--timeout", "long"), "'long' is not a duration"),
        (("deploy", SERVICE, "--timeout", "-5s"), "'-5s' is not a duration"),
        (("deploy", SERVICE, "-n", "Not A Name"), "is no name of a namespace"),
        (("deploy", SERVICE, "--context", "prod"), "it has no context 'prod'"),
        (("deploy", SERVICE, "--kubeconfig", "/nowhere"), "there is no such kubeconfig"),
        (("deploy", SERVICE, "-o", "yaml"), "'yaml' is not one of"),
        (("deploy", SERVICE, "--print-rbac", "--region", "mars"), "the plan has no region 'mars'"),
        (("diff", "-n", "x" * 64, SERVICE), "is no name of a namespace"),
        (("status", "Not A Name"), "'Not A Name' is no name of a service"),
        (("status", "x/y"), "is no name of a service"),
        (("destroy", "svc", "--timeout", "soon"), "'soon' is not a duration"),
        (("logs", "svc", "engines"), "'engines' is not one of"),
        (("logs", "svc", "--tail", "-1"), "-1 is not in the range"),
        (("doctor", "nowhere.yaml"), "there is no such file"),
        (("doctor", "--context", "prod"), "it has no context 'prod'"),
    ],
)
@pytest.mark.usefixtures("nowhere")
def test_what_cannot_be_used_is_told_with_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    code, words = failure(*arguments)
    assert (code, said in words) == (2, True), words


@pytest.mark.parametrize("text", ["", "{", "kind: Pod", "\x00", "a: &a [*a, *a]"])
@pytest.mark.parametrize("verb", ["deploy", "diff", "status", "destroy"])
@pytest.mark.usefixtures("nowhere")
def test_a_file_that_is_no_service_is_refused(verb: str, text: str) -> None:
    assert failure(verb, "-", text=text)[0] == 2


def test_without_a_cluster_the_rights_are_printed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    done = run("deploy", SERVICE, "--print-rbac", "-n", "prod")
    roles: list[dict[str, Any]] = list(yaml.safe_load_all(done.stdout))
    assert [(each["kind"], each["metadata"].get("namespace")) for each in roles] == [
        ("ClusterRole", None),
        ("Role", "prod"),
    ]
    assert roles[0]["metadata"]["name"] == "beaufort-prod-mistral-7b-deploy"
    assert "kubectl create clusterrolebinding beaufort-prod-mistral-7b-deploy" in done.stderr
    fewer: list[dict[str, Any]] = list(
        yaml.safe_load_all(run("deploy", SERVICE, "--print-rbac", "--without", "network").stdout)
    )
    groups = [{group for rule in each[-1]["rules"] for group in rule["apiGroups"]} for each in (roles, fewer)]
    assert groups[0] - groups[1] == {"cilium.io"}


@pytest.mark.usefixtures("nowhere")
def test_a_plan_of_several_regions_is_for_several_clusters(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(PLANS["regions"]().model_dump_json(by_alias=True, exclude_none=True))
    code, words = failure("deploy", str(plan), "--print-rbac")
    assert (code, "name one: eu, us" in words) == (2, True)
    done = run("deploy", str(plan), "--print-rbac", "--region", "us")
    assert done.exception is None


def test_a_machine_is_checked_without_a_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = json.loads(run("doctor", "--machine", "-o", "json").stdout)
    assert [each["check"] for each in found["checks"]] == ["python", "memory", "disk", "local-engine"]
    assert found["checks"][0]["verdict"] == "ok"
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    everything = json.loads(run("doctor", "-o", "json").stdout)
    assert everything["checks"][-1]["evidence"] == "no cluster: there is no kubeconfig"


def test_the_word_no_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from beaufort.cli.cluster import confirm  # noqa: PLC0415 - with the terminal that the test pretends

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    with pytest.raises(Abort):
        confirm("Go on?", must=True)


def test_the_page_about_the_verbs_is_what_they_are() -> None:
    page = (ROOT / "docs" / "reference" / "cluster-verbs.md").read_text()
    assert page == reference(), "run: .venv/bin/python scripts/verbs_reference.py"
    assert all(f"`beaufort {verb}" in page for verb in VERBS)
