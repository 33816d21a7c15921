from __future__ import annotations

import json
from collections.abc import Mapping

import jsonschema  # type: ignore[import-untyped] # its stubs are a package of their own
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.engines.openvino.compilation import BUDGET_MS
from beaufort.engines.openvino.keywords import EXACT
from beaufort.engines.openvino.scalars import FORMATS
from beaufort.engines.openvino.schema import MAX_DEPTH, check
from beaufort.engines.refusal import RequestError

_INTEGER = {"type": "integer"}


def _rewritten(schema: Mapping[str, object]) -> object:
    return json.loads(check(schema))


def _nested(depth: int) -> dict[str, object]:
    schema: dict[str, object] = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "rewritten"),
    [
        ({}, {}),
        ({"title": "T", "x-mine": 1, "$schema": "..."}, {}),
        ({"type": "object"}, {"type": "object"}),
        ({"type": "object", "additionalProperties": _INTEGER}, {"type": "object", "additionalProperties": _INTEGER}),
        (
            {"properties": {"a": _INTEGER}, "additionalProperties": True},
            {"type": "object", "properties": {"a": _INTEGER}, "required": [], "additionalProperties": False},
        ),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "array", "minItems": 2}, {"type": "array", "items": {}, "minItems": 2}),
        ({"prefixItems": [_INTEGER]}, {"type": "array", "prefixItems": [_INTEGER], "items": False}),
        ({"type": "array", "items": _INTEGER, "maxItems": 0}, {"type": "array", "items": False}),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"type": "string", "maxLength": 0}, {"enum": [""]}),
        ({"type": "string", "format": "binary"}, {"type": "string"}),
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (
            {"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": _INTEGER}},
            {"$ref": "#/$defs/d0", "$defs": {"d0": _INTEGER}},
        ),
        (
            {"$ref": "#/definitions/a~1b", "definitions": {"a/b": _INTEGER}},
            {"$ref": "#/$defs/d0", "$defs": {"d0": _INTEGER}},
        ),
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 4.0}, {"enum": [1, 2, 3]}),
        ({"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 0}),
        ({"type": "integer", "maximum": -1}, {"type": "integer", "maximum": -1}),
        (
            {"type": "integer", "exclusiveMinimum": 6},
            {"anyOf": [{"enum": [7, 8, 9]}, {"type": "integer", "minimum": 10}]},
        ),
        ({"type": "integer", "minimum": -2}, {"anyOf": [{"enum": [-2, -1]}, {"type": "integer", "minimum": 0}]}),
        ({"type": "integer", "maximum": 2}, {"anyOf": [{"enum": [1, 2]}, {"type": "integer", "maximum": 0}]}),
        ({"type": "integer", "maximum": -8}, {"anyOf": [{"enum": [-9, -8]}, {"type": "integer", "maximum": -10}]}),
    ],
)
def test_what_is_handed_over(schema: dict[str, object], rewritten: object) -> None:
    assert _rewritten(schema) == rewritten


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "nonsense"}, "schema.type is 'nonsense'"),
        ({"type": 3}, "schema.type"),
        ({"type": ["string", ["null"]]}, "schema.type"),
        ({"minimum": 3}, "schema.minimum cannot be enforced with a schema without 'type'"),
        ({"type": "string", "pattern": "a+"}, "schema.pattern"),
        ({"type": "string", "minimum": 3}, "schema.minimum"),
        ({"type": "number", "minimum": 3}, "schema.minimum cannot be enforced with type number"),
        ({"type": "integer", "multipleOf": 3}, "schema.multipleOf"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "no integer between 2 and 1"),
        ({"type": "integer", "minimum": 0, "maximum": 65535}, "65536 integers"),
        ({"type": "integer", "minimum": 1.5}, "schema.minimum is no integer"),
        ({"type": "integer", "minimum": float("inf")}, "schema.minimum is no integer"),
        ({"type": "integer", "minimum": True}, "schema.minimum is no integer"),
        ({"type": "integer", "minimum": 2**60}, "schema.minimum is no integer within 2^53"),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": 1}, "schema.exclusiveMinimum stands beside"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "schema.maxLength"),
        ({"type": "string", "minLength": -1}, "schema.minLength"),
        ({"type": "string", "format": "date", "maxLength": 2}, "schema.format"),
        ({"type": "string", "maxLength": 1000}, "lower or leave out 'minLength' and 'maxLength'"),
        ({"type": "array", "minItems": 3, "maxItems": 2}, "schema.maxItems"),
        ({"type": "array", "items": False, "minItems": 1}, "schema.minItems"),
        ({"type": "array", "prefixItems": [{}], "minItems": 2}, "schema.minItems"),
        ({"type": "array", "prefixItems": [{}, {}], "maxItems": 1}, "schema.maxItems"),
        ({"type": "array", "maxItems": 10**6}, "schema.maxItems"),
        ({"type": "array", "uniqueItems": True}, "schema.uniqueItems"),
        ({"type": "array", "items": [{}]}, "schema.items"),
        ({"type": "array", "prefixItems": {}}, "schema.prefixItems is no array"),
        ({"type": "object", "properties": {"a": False}}, "schema.properties.a"),
        ({"type": "object", "properties": []}, "schema.properties is no object"),
        ({"type": "object", "properties": {'"': {}}}, "schema.properties has the name"),
        ({"type": "object", "properties": {"\n": {}}}, "schema.properties has the name"),
        ({"type": "object", "properties": {"\ud800": {}}}, "schema.properties has the name"),
        ({"type": "object", "required": ["a"]}, "schema.required names 'a'"),
        ({"type": "object", "properties": {}, "required": [[]]}, "schema.required names []"),
        ({"type": "object", "additionalProperties": 3}, "schema.additionalProperties"),
        ({"type": "object", "minProperties": 3}, "schema.minProperties"),
        ({"enum": []}, "schema.enum is empty"),
        ({"enum": "a"}, "schema.enum is no array"),
        ({"type": "string", "enum": ["a", 1]}, "schema.enum has a value that is not of type string"),
        ({"type": "integer", "const": True}, "schema.const"),
        ({"enum": [2**60]}, "schema.enum has an integer beyond"),
        ({"enum": [[{"a": 2**60}]]}, "schema.enum has an integer beyond"),
        ({"const": float("nan")}, "schema.const has a value that is not JSON"),
        ({"const": "\ud800"}, "schema.const has a value that is not JSON"),
        ({"const": "a", "minLength": 1}, "schema.minLength"),
        ({"anyOf": []}, "schema.anyOf is empty"),
        ({"anyOf": [{}, {"type": "x"}]}, "schema.anyOf[1].type"),
        ({"anyOf": [{}], "type": "string"}, "schema.type cannot be enforced with 'anyOf'"),
        ({"oneOf": [{}]}, "use 'anyOf'"),
        ({"allOf": [{}, {}]}, "write the schemas as one"),
        ({"not": {}}, "schema.not"),
        ({"$ref": "#/$defs/a"}, "not there"),
        ({"$ref": "http://example.org/a"}, "refer to '#/$defs/NAME'"),
        ({"$ref": 3}, "refer to '#/$defs/NAME'"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"b": {"$ref": "#/$defs/a"}}}}}, "contain itself"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {}}, "type": "string"}, "schema.type"),
        (_nested(MAX_DEPTH + 1), "nested more than"),
        ({"enum": ["x y" * 200 + str(i) for i in range(100)]}, "too long to compile"),
        ({"properties": {f"p{i}": {} for i in range(400)}}, "too long to compile"),
        ({"anyOf": [{"properties": {"a": {"type": "array", "maxItems": i + 1}}} for i in range(100)]}, "too long"),
    ],
)
def test_refused_with_place_and_reason(schema: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError) as caught:
        check(schema)
    assert said in caught.value.message
    assert caught.value.param == "response_format"
    json.loads(caught.value.body())


def test_the_deepest_nesting_is_taken() -> None:
    assert _rewritten(_nested(MAX_DEPTH)) == _nested(MAX_DEPTH)


def test_the_budget_is_of_the_whole_schema() -> None:
    half = {"type": "string", "maxLength": int(BUDGET_MS / 10 * 0.6)}
    check(half)
    with pytest.raises(RequestError, match=r"schema\.properties\.b"):
        check({"properties": {"a": half, "b": half}, "required": ["a", "b"]})


_KEYS = st.sampled_from(
    "type enum const anyOf allOf $ref $defs properties required additionalProperties items prefixItems "
    "minItems maxItems minLength maxLength format minimum maximum".split()
)
_WORDS = st.sampled_from(
    ["object", "array", "string", "integer", "number", "null", "boolean", "date", "#/$defs/a", "a"]
)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | _WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _ANYTHING, max_size=4))
def test_whatever_comes_is_refused_or_rewritten_to_a_valid_schema(schema: dict[str, object]) -> None:
    try:
        text = check(schema)
    except RequestError:
        return
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


@given(
    st.integers(-300, 300) | st.integers(-EXACT, EXACT),
    st.booleans(),
    st.integers(-400, 400) | st.integers(-EXACT, EXACT),
)
def test_one_bound_means_the_same_after_rewriting(bound: int, below: bool, value: int) -> None:  # noqa: FBT001 - drawn
    schema: dict[str, object] = {"type": "integer", "maximum" if below else "minimum": bound}
    try:
        rewritten = _rewritten(schema)
    except RequestError:
        assert abs(bound) >= 128
        return
    assert jsonschema.Draft202012Validator(rewritten).is_valid(value) is (value <= bound if below else value >= bound)


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("date", ["2024-02-28", "1999-12-31", "2000-04-30"], ["2024-02-30", "2024-13-01", "2024-04-31", "24-01-01"]),
        ("time", ["23:59:59Z", "00:00:00.25+05:30"], ["24:00:00Z", "12:00Z", "12:00:00"]),
        ("date-time", ["2024-02-28T12:00:00Z"], ["2024-02-28 12:00:00Z", "2024-02-28"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567"]),
        ("ipv4", ["0.0.0.0", "255.249.199.99"], ["256.0.0.1", "1.2.3", "01.2.3.4"]),  # noqa: S104 - no address to bind
    ],
)
def test_formats(form: str, good: list[str], bad: list[str]) -> None:
    validator = jsonschema.Draft202012Validator(_rewritten({"type": "string", "format": form}))
    assert form in FORMATS
    assert all(validator.is_valid(value) for value in good)
    assert not any(validator.is_valid(value) for value in bad)
