"""``beaufort plan`` as its user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import HEAD, MISTRAL, Call, written

from beaufort.cli.plan import planned
from beaufort.plan.plan import Plan
from beaufort.plan.refusal import PlanError
from beaufort.plan.remedy.change import changed
from beaufort.spec import parse

EXAMPLES = Path(__file__).parents[2] / "examples"
NEMO = "  model: {source: hf://mistralai/Mistral-Nemo-Instruct-2407, quantisation: bf16}\n"


@pytest.mark.parametrize("name", ["mistral-7b", "nemo-12b-spot", "demo"])
def test_an_example_is_planned_as_a_table_and_as_json(call: Call, name: str) -> None:
    file = str(EXAMPLES / f"{name}.yaml")
    table = call("plan", file, "--explain")
    assert (table.code, table.errors) == (0, "")
    for part in ("known error: ", "regions[0].replicas.needed", "expectation.ttftSeconds"):
        assert part in table.output
    plan = Plan.model_validate_json(call("plan", file, "-o", "json").output)
    assert plan.expectation.ttft_seconds <= plan.service.spec.objectives.ttft.within
    assert plan.expectation.tpot_seconds <= plan.service.spec.objectives.tpot.within
    for note in plan.notes:
        assert " ".join(note.split()) in " ".join(table.output.split())


def test_the_file_that_init_writes_is_planned(call: Call, tmp_path: Path) -> None:
    file = str(tmp_path / "service.yaml")
    assert call("init", file).code == 0
    assert call("plan", file).code == 0


def test_the_same_file_is_the_same_bytes(call: Call) -> None:
    file = str(EXAMPLES / "nemo-12b-spot.yaml")
    assert call("plan", file, "-o", "json") == call("plan", file, "-o", "json")


@pytest.mark.parametrize("name", ["mistral-7b", "nemo-12b-spot", "demo"])
def test_the_planned_examples_are_up_to_date(call: Call, name: str) -> None:
    made = json.loads(call("plan", str(EXAMPLES / f"{name}.yaml"), "-o", "json").output)
    kept = json.loads((EXAMPLES / "planned" / f"{name}.json").read_text("utf-8"))
    # What was asked for is held by other tests, and has a default more with each new field.
    assert made.pop("service")["metadata"] == kept.pop("service")["metadata"]
    assert made == kept, "run: make golden"


def test_a_service_that_names_only_its_model_is_planned_on_one_screen(call: Call, tmp_path: Path) -> None:
    told = call("plan", written(tmp_path, MISTRAL))
    assert told.code == 0
    assert "List prices are a beginning" in told.output
    assert "more: -o json has them" in told.output


def test_three_accelerators_are_no_shards_of_one_model(call: Call, tmp_path: Path) -> None:
    file = written(tmp_path, MISTRAL + "  accelerators: [{product: H100, countPerNode: 3, pricePerHour: 4}]\n")
    plan = json.loads(call("plan", file, "-o", "json").output)
    assert 32 % plan["shape"]["tensorParallel"] == 0
    assert {each["tensorParallel"] for each in plan["candidates"]} <= {1, 2}


@pytest.mark.parametrize(
    ("spec", "where", "what", "remedy"),
    [
        (
            NEMO + "  accelerators: [{product: L4, pricePerHour: 0.8}]\n",
            "spec.accelerators[0]",
            "22.8 GiB of weights and 760.0 MiB of work space exceed the 20.2 GiB that an engine may use",
            "set spec.model.quantisation to fp8",
        ),
        (
            MISTRAL + "  traffic: {promptTokens: 8000}\n  objectives: {ttft: 20ms}\n"
            "  accelerators: [{product: H100, pricePerHour: 4, maxNodes: 8}]\n",
            "spec.accelerators[0]",
            "for 95 % of the requests even without a queue, 20 ms are allowed",
            "raise spec.objectives.ttft.within to ",
        ),
        (
            MISTRAL + "  accelerators: [{product: H100, pricePerHour: 4}]\n  budget: {perHour: 0.01}\n",
            "spec.accelerators[0]",
            "it costs 4.00 an hour at the peak at least, the budget is 0.01",
            "raise spec.budget.perHour to 4",
        ),
        (
            MISTRAL + "  traffic: {rate: 50}\n  accelerators: [{product: L4, pricePerHour: 0.8, maxNodes: 2}]\n",
            "spec.accelerators[0]",
            "the nodes hold 2",
            "raise spec.accelerators[0].maxNodes to ",
        ),
        (
            MISTRAL
            + "  parallelism: {tensor: 3}\n  accelerators: [{product: H100, countPerNode: 8, pricePerHour: 4}]\n",
            "spec.parallelism.tensor",
            "cannot be divided among 3 accelerators",
            "set spec.parallelism.tensor to 2",
        ),
    ],
    ids=["12b-on-l4", "20ms-of-8k", "budget", "nodes", "tensor-3"],
)
def test_what_nothing_serves_is_refused_with_changes_that_are_enough(
    call: Call, tmp_path: Path, spec: str, where: str, what: str, remedy: str
) -> None:
    told = call("plan", written(tmp_path, spec))
    assert (told.code, told.output) == (1, "")
    assert f"error: {where}: " in told.errors
    assert what in told.errors
    assert remedy in told.errors
    service = parse(HEAD + spec)
    with pytest.raises(PlanError) as caught:
        planned(service)
    for changes in caught.value.remedies:
        planned(changed(service, changes))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HEAD + MISTRAL + "  traffic: {rate: 0}\n", "spec.traffic.rate: 0 is too small"),
        (HEAD + MISTRAL + "  traffic: {rate: -3}\n", "spec.traffic.rate: -3 is too small"),
        (HEAD + MISTRAL + "  traffic: {rate: 1.3o}\n", "spec.traffic.rate: '1.3o' is not a number"),
        (HEAD + MISTRAL + "  traffic: {rate: .inf}\n", "'.inf' is not a finite number"),
        (HEAD + MISTRAL + "  accelerators: [{product: H1000}]\n", "H1000"),
        (HEAD + MISTRAL + "  accelerators: [{product: H100, countPerNode: 0}]\n", "0 is too small"),
        (HEAD + "  model: {source: hf://nobody/unknown}\n", "does not tell its architecture"),
        (HEAD + "  model: {source: 'hf://[bold]x[/]/{0}%s'}\n", "'hf://[bold]x[/]/{0}%s' is not a source"),
        (HEAD + '  model: {source: "hf://a\\u202e/b"}\n', "the invisible character U+202E"),
        (HEAD + MISTRAL + MISTRAL, "'model' is written twice"),
        ("a: &a [x, x]\nb: [*a, *a]\n", "an anchor (&) or alias (*) is not accepted"),
        ("[" * 100_000, "is nested deeper than"),
        ('{"a":' * 20_000, "is nested deeper than"),
        ("", "the file is empty"),
        ("#" * 10_000_000, "the file is larger than"),
        ("\x00\x01\x02", "the invisible character U+0000"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
    ],
    ids=lambda value: repr(value[-30:]),
)
def test_what_cannot_be_used_is_told_with_a_remedy(call: Call, tmp_path: Path, text: str | bytes, what: str) -> None:
    file = tmp_path / "service.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    told = call("plan", str(file))
    assert (told.code, told.output) == (2, "")
    assert what in told.errors
    assert "  try: " in told.errors
    assert "Traceback" not in told.errors


@pytest.mark.parametrize("name", ["nowhere.yaml", ".", "a\x00b"])
def test_what_is_no_file_is_told(call: Call, tmp_path: Path, name: str) -> None:
    told = call("plan", f"{tmp_path}/{name}")
    assert told.code == 2
    assert "  try: " in told.errors
