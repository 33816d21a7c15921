from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.render.conftest import PLANS

from beaufort.cli.render import render
from beaufort.errors import UsageError

Run = Callable[..., Result]
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def plan_file(tmp_path: Path) -> Callable[[str], str]:
    def write(name: str) -> str:
        path = tmp_path / f"{name}.json"
        path.write_text(PLANS[name]().model_dump_json(by_alias=True, exclude_none=True))
        return str(path)

    return write


@pytest.fixture
def run() -> Run:
    def call(*arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(render, arguments, input=text, catch_exceptions=False, standalone_mode=False)

    return call


def test_a_plan_becomes_a_stream(run: Run, plan_file: Callable[[str], str]) -> None:
    result = run(plan_file("spot"))
    kinds = [each["kind"] for each in yaml.safe_load_all(result.stdout)]
    assert {"Namespace", "Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget"} <= set(kinds)
    assert "note: " in result.stderr


def test_standard_input_and_json(run: Run) -> None:
    result = run("-", "-o", "json", text=PLANS["spot"]().model_dump_json(by_alias=True))
    listed = json.loads(result.stdout)
    assert (listed["apiVersion"], listed["kind"]) == ("v1", "List")
    assert listed["items"][0]["kind"] == "Namespace"


def test_one_layer_of_another_version(run: Run, plan_file: Callable[[str], str]) -> None:
    old, new = (run(plan_file("spot"), "--only", "gateway", "--kubernetes", version) for version in ("1.30", "1.35"))
    assert "service.kubernetes.io/topology-mode: Auto" in old.stdout
    assert "trafficDistribution" not in old.stdout
    assert "ServiceTrafficDistribution is alpha and off in Kubernetes 1.30" in old.stderr
    assert "trafficDistribution: PreferSameZone" in new.stdout
    assert "topology-mode" not in new.stdout
    assert "kind: Namespace" not in old.stdout


def test_a_rehearsal_needs_no_accelerators(run: Run, plan_file: Callable[[str], str]) -> None:
    result = run(plan_file("spot"), "--emulate")
    assert "nvidia.com/gpu" not in result.stdout
    assert "- emulated\n" in result.stdout
    assert "note: A rehearsal: " in result.stderr


def test_a_tree_for_every_region(run: Run, plan_file: Callable[[str], str], tmp_path: Path) -> None:
    result = run(plan_file("regions"), "-d", str(tmp_path / "deploy"))
    assert result.stdout == ""
    assert "0 removed" in result.stderr
    assert (tmp_path / "deploy/eu/kustomization.yaml").is_file()
    assert (tmp_path / "deploy/us/50-engine/deployment-global-engine-l40s-spot-us.yaml").is_file()


def test_several_regions_are_no_one_stream(run: Run, plan_file: Callable[[str], str]) -> None:
    with pytest.raises(UsageError) as caught:
        run(plan_file("regions"))
    assert "--region (eu, us)" in caught.value.problems[0].remedy
    assert "global-engine-l40s-spot-us" in run(plan_file("regions"), "--region", "us").stdout


def test_a_number_is_explained(run: Run, plan_file: Callable[[str], str]) -> None:
    result = run(plan_file("spot"), "--explain")
    lines = result.stdout.splitlines()
    at = next(index for index, line in enumerate(lines) if line.split()[:2] == ["max-num-seqs", "64"])
    assert lines[at].endswith("engine.max_num_seqs")
    assert lines[at + 1].strip() == "64 sequences fit."
    rows = json.loads(run(plan_file("spot"), "--explain", "-o", "json").stdout)
    assert {"object", "number", "path", "value", "why"} <= set(rows[0])


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["nowhere.json"], "there is no such file"),
        (["--region", "mars"], "the plan has no region 'mars'"),
        (["--kubernetes", "1.29"], "Kubernetes 1.29 is too old"),
        (["--kubernetes", "new"], "is not a Kubernetes version"),
    ],
)
def test_what_cannot_be_rendered_is_told(
    run: Run, plan_file: Callable[[str], str], arguments: list[str], what: str
) -> None:
    file = [] if arguments[0].endswith(".json") else [plan_file("spot")]
    with pytest.raises(UsageError, match=what) as caught:
        run(*file, *arguments)
    assert all(problem.remedy for problem in caught.value.problems)


def test_a_plan_of_another_form_is_told_field_by_field(run: Run) -> None:
    value = json.loads(PLANS["spot"]().model_dump_json(by_alias=True))
    value["host"]["cpus"] = 0
    del value["shape"]["accelerator"]
    with pytest.raises(UsageError) as caught:
        run("-", text=json.dumps(value))
    assert {problem.where for problem in caught.value.problems} == {
        "standard input: host.cpus",
        "standard input: shape.accelerator",
    }


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "Pod"}', "kind: [", "\x00"])
def test_what_is_neither_a_plan_nor_a_service_is_told(run: Run, text: str) -> None:
    with pytest.raises(UsageError):
        run("-", text=text)


def images(result: Result) -> set[str]:
    pods = (each for each in yaml.safe_load_all(result.stdout) if each["kind"] == "Deployment")
    return {box["image"] for each in pods for box in each["spec"]["template"]["spec"]["containers"]}


def test_another_engine_than_the_files(run: Run) -> None:
    example = str(EXAMPLES / "mistral-7b.yaml")
    assert any("vllm" in image for image in images(run(example)))
    assert any("text-generation-inference" in image for image in images(run(example, "--engine", "tgi")))
    assert all(image.startswith("beaufort/") for image in images(run(example, "--engine", "tgi", "--emulate")))
    assert "beaufort/openvino" in str(images(run(str(EXAMPLES / "demo.yaml"), "--engine", "openvino")))


def test_a_plan_keeps_its_engine(run: Run, plan_file: Callable[[str], str]) -> None:
    with pytest.raises(UsageError, match="a plan is made for its engine"):
        run(plan_file("spot"), "--engine", "tgi")
