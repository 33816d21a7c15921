"""The proof of the subset: the real compiler takes every schema that is let through, and what it lets out is valid."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import openvino_genai as genai
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from beaufort.engines.generation import Constraint, PlacedSchema
from beaufort.engines.models import resolve
from beaufort.engines.openvino.constraint import grammar_of
from beaufort.engines.refusal import RequestError

pytestmark = pytest.mark.model

_PROMPT = "<|im_start|>user\nGive me JSON.<|im_end|>\n<|im_start|>assistant\n"
_TOKENS = 40


def check(schema: Mapping[str, object]) -> str:
    return grammar_of(Constraint(PlacedSchema(schema, "schema")), None)


@dataclass
class _Model:
    """The demo model, and how many of its answers ended by themselves."""

    pipeline: genai.ContinuousBatchingPipeline
    numbers: Iterator[int] = field(default_factory=itertools.count)
    asked: int = 0
    ended: int = 0

    def answers(self, schemas: Sequence[str], temperature: float = 1.0) -> list[tuple[str, bool]]:
        """Return each schema's output, and whether it ended by itself."""
        tokenizer = self.pipeline.get_tokenizer()
        prompt = tokenizer.encode(_PROMPT, add_special_tokens=False).input_ids
        handles = []
        for schema in schemas:
            number = next(self.numbers)
            config = genai.GenerationConfig()
            config.apply_chat_template = False
            config.max_new_tokens = _TOKENS
            config.eos_token_id = tokenizer.get_eos_token_id()
            config.do_sample = True
            config.temperature = temperature
            config.frequency_penalty = 1.5  # or a small model writes white space for ever
            config.rng_seed = number
            config.structured_output_config = genai.StructuredOutputConfig(grammar=schema)
            handles.append(self.pipeline.add_request(number, prompt, config))
        while self.pipeline.has_non_finished_requests():
            self.pipeline.step()
        answers = [self._read(handle) for handle in handles]
        self.asked += len(answers)
        self.ended += sum(ended for _, ended in answers)
        return answers

    def _read(self, handle: genai.GenerationHandle) -> tuple[str, bool]:
        tokens: list[int] = []
        ended = False
        while handle.can_read():
            for output in handle.read().values():
                tokens += output.generated_ids
                ended = output.finish_reason == genai.GenerationFinishReason.STOP
        return str(self.pipeline.get_tokenizer().decode(tokens)), ended


@pytest.fixture(scope="module")
def model() -> _Model:
    scheduler = genai.SchedulerConfig()
    scheduler.num_kv_blocks = 256
    path: Path = resolve("demo", progress=lambda _: None).path
    return _Model(genai.ContinuousBatchingPipeline(str(path), scheduler, "CPU"))


def _assert_follows(text: str, schema: Mapping[str, object]) -> None:
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    errors = [error.message for error in validator.iter_errors(json.loads(text))]
    assert not errors, (schema, text)


_NAMES = st.sampled_from(["a", "name", "two words", "größe", "", "$ref", "a/b", "日本"]) | st.text(
    "xyz_'{}:,", max_size=4
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
_ENUMS = st.lists(_VALUES, min_size=1, max_size=4)


@st.composite
def _numbers(draw: st.DrawFn) -> dict[str, object]:
    least = draw(st.integers(-60, 60) | st.integers(-(10**9), 10**9))
    keyword = draw(st.sampled_from(["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "both"]))
    if keyword == "both":
        return {"type": "integer", "minimum": least, "maximum": least + draw(st.integers(0, 40))}
    kind = "integer" if keyword.startswith("exclusive") else draw(st.sampled_from(["integer", "number"]))
    return {"type": kind, keyword: least}


@st.composite
def _strings(draw: st.DrawFn) -> dict[str, object]:
    least = draw(st.integers(0, 6))
    most = least + draw(st.integers(0, 4))
    bounds = draw(st.sampled_from([{"minLength": least}, {"maxLength": most}, {"minLength": least, "maxLength": most}]))
    return {"type": "string", **bounds}


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[dict[str, object]]) -> dict[str, object]:
    properties = draw(st.dictionaries(_NAMES, inner, max_size=3))
    required = [name for name in properties if draw(st.booleans())]
    schema: dict[str, object] = {"type": "object", "properties": properties, "required": required}
    return schema | draw(st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": True}]))


@st.composite
def _arrays(draw: st.DrawFn, inner: st.SearchStrategy[dict[str, object]]) -> dict[str, object]:
    prefix = draw(st.lists(inner, max_size=2))
    schema: dict[str, object] = {"type": "array", **({"prefixItems": prefix} if prefix else {})}
    if draw(st.booleans()):
        schema["items"] = draw(inner)
        least = draw(st.integers(0, 3))
        schema |= {"minItems": least, "maxItems": max(least, len(prefix)) + draw(st.integers(0, 2))}
    return schema


_LEAVES: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"]).map(
        lambda kind: {"type": kind}
    ),
    st.sampled_from(["date", "time", "date-time", "uuid", "ipv4"]).map(lambda form: {"type": "string", "format": form}),
    st.just({"type": ["integer", "null"], "title": "t"}),
    st.just({}),
    _numbers(),
    _strings(),
    (_numbers() | _strings()).map(lambda schema: {"type": "object", "additionalProperties": schema}),
    _ENUMS.map(lambda values: {"enum": values}),
    _VALUES.map(lambda value: {"const": value}),
    st.just({"$ref": "#/$defs/pair"}),
)
_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        _objects(inner),
        _arrays(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda cases: {"anyOf": cases}),
    ),
    max_leaves=5,
).map(
    lambda schema: {**schema, "$defs": {"pair": {"type": "array", "prefixItems": [{"enum": [1]}, {"type": "string"}]}}}
)


@settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(_SCHEMAS, min_size=11, max_size=11))
def _check_batch(model: _Model, schemas: list[dict[str, object]]) -> None:
    taken = []
    for schema in schemas:
        try:
            taken.append((schema, check(schema)))
        except RequestError:  # too slow to compile, or a bound that is not served
            continue
    for (schema, _), (text, ended) in zip(taken, model.answers([text for _, text in taken]), strict=True):
        if ended:
            _assert_follows(text, schema)


def test_every_schema_let_through_compiles_and_what_ends_follows_it(model: _Model) -> None:
    _check_batch(model)
    assert model.asked >= 60
    assert model.ended >= model.asked / 3


def test_any_json_object_ends(model: _Model) -> None:
    answers = model.answers([check({"type": "object"})] * 16, temperature=1.0)
    whole = [text for text, ended in answers if ended]
    assert whole
    assert all(isinstance(json.loads(text), dict) for text in whole)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 2},
        {"type": "integer", "minimum": 18},
        {"type": "integer", "minimum": -100},
        {"type": "integer", "minimum": 104729},
        {"type": "integer", "maximum": -5},
        {"type": "integer", "maximum": -120},
        {"type": "integer", "maximum": 120},
        {"type": "integer", "minimum": 99, "maximum": 140},
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "number", "minimum": -12, "maximum": 305},
        {"type": "number", "maximum": -7},
        {"enum": ["bx", "ax", "ay", "größe", "große", "\x7fe"]},
        {"enum": [99, *range(100, 141)]},
        {"type": "string", "minLength": 2, "maxLength": 3},
        {"type": "string", "format": "ipv4"},
    ],
)
def test_bounds_hold_at_any_temperature(model: _Model, schema: dict[str, object]) -> None:
    answers = model.answers([check(schema)] * 16, temperature=4.0)
    for text, ended in answers:
        if ended:
            _assert_follows(text, schema)
    assert any(ended for _, ended in answers)
