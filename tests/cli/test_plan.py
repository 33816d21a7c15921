"""``beaufort plan`` as its user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from beaufort.cli.root import beaufort
from beaufort.errors import BeaufortError, UsageError
from beaufort.plan.plan import Plan
from beaufort.plan.refusal import PlanError

EXAMPLES = Path(__file__).parents[2] / "examples"
HEAD = "apiVersion: beaufort.dev/v1alpha1\nkind: MistralService\nmetadata: {name: a}\nspec:\n"


def file(tmp_path: Path, spec: str) -> str:
    path = tmp_path / "service.yaml"
    path.write_text(HEAD + spec)
    return str(path)


@pytest.mark.parametrize("name", ["mistral-7b", "nemo-12b-spot", "demo"])
def test_an_example_is_planned_as_a_table_and_as_json(name: str) -> None:
    table = CliRunner().invoke(beaufort, ["plan", str(EXAMPLES / f"{name}.yaml"), "--explain"])
    assert table.exit_code == 0, table.output
    assert "known error" in table.output
    assert "regions[0].replicas.needed" in table.output
    written = CliRunner().invoke(beaufort, ["plan", str(EXAMPLES / f"{name}.yaml"), "-o", "json"])
    plan = Plan.model_validate_json(written.output)
    assert json.loads(written.output)["kind"] == "Plan"
    assert plan.expectation.ttft_seconds <= plan.service.spec.objectives.ttft.within
    assert plan.expectation.tpot_seconds <= plan.service.spec.objectives.tpot.within


@pytest.mark.parametrize(
    ("spec", "kind", "said"),
    [
        (
            (
                "  model: {source: hf://mistralai/Mistral-Nemo-Instruct-2407, quantisation: bf16}\n"
                "  accelerators: [{product: L4}]\n"
            ),
            PlanError,
            "the 20.2 GiB that an engine may use of its 22.5 GiB",
        ),
        (
            (
                "  model: {source: hf://mistralai/Mistral-7B-Instruct-v0.3}\n"
                "  traffic: {promptTokens: 8000}\n  objectives: {ttft: 20ms}\n"
                "  accelerators: [{product: L40S, pricePerHour: 1}]\n"
            ),
            PlanError,
            "the first token takes",
        ),
        (
            (
                "  model: {source: hf://mistralai/Mistral-7B-Instruct-v0.3}\n"
                "  accelerators: [{product: H100, pricePerHour: 4}]\n  budget: {perHour: 0.01}\n"
            ),
            PlanError,
            "hour",
        ),
        (
            "  model: {source: hf://mistralai/Mistral-7B-Instruct-v0.3}\n  accelerators: [{product: H1000}]\n",
            UsageError,
            "H1000",
        ),
        ("  model: {source: hf://nobody/unknown}\n", UsageError, "does not tell its architecture"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    tmp_path: Path, spec: str, kind: type[BeaufortError], said: str
) -> None:
    error = CliRunner().invoke(beaufort, ["plan", file(tmp_path, spec)]).exception
    assert isinstance(error, kind)
    assert said in str(error)
