from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.engines.openvino.conftest import RULE, TOKEN, expression, rules

from beaufort.engines.generation import Constraint, PlacedSchema
from beaufort.engines.openvino import keywords
from beaufort.engines.openvino.compilation import BUDGET_MS
from beaufort.engines.openvino.constraint import grammar_of
from beaufort.engines.openvino.formats import FORMATS
from beaufort.engines.openvino.keywords import EXACT
from beaufort.engines.openvino.schema import MAX_DEPTH, MAX_ITEMS, MAX_NAME
from beaufort.engines.refusal import RequestError

_INTEGER = {"type": "integer"}


def check(schema: Mapping[str, object]) -> str:
    return grammar_of(Constraint(PlacedSchema(schema, "schema")), None)


def _takes(schema: Mapping[str, object], text: str) -> bool:
    return expression(check(schema)).fullmatch(text) is not None


def _nested(depth: int) -> dict[str, object]:
    schema: dict[str, object] = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


_OBJECT = {"properties": {"a": _INTEGER, "ab": {"type": "boolean"}, "c": {"type": "null"}}, "required": ["ab"]}


@pytest.mark.parametrize(
    ("schema", "taken", "refused"),
    [
        (_INTEGER, ["0", "-3", " 12"], ["01", "1.0", "", "  1", "1 "]),
        ({"type": "number"}, ["-0.5e-3", "7", "1E9"], [".5", "1.", "00"]),
        ({"type": "boolean"}, ["true", " false"], ["True", "null"]),
        ({"type": "string"}, ['"a\\n\\"é"', '""'], ['"a\n"', '"', '"\\x"']),
        (
            {"type": "string", "minLength": 2, "maxLength": 3},
            ['"ab"', '"äöü"'],
            ['"a"', '"abcd"', '"a\tb"', '"\\n\\n"'],
        ),
        ({"type": "string", "maxLength": 0}, ['""'], ['"a"']),
        ({"type": "string", "format": "binary"}, ['"a"'], ["1"]),
        ({"type": ["integer", "null"], "title": "T", "x-mine": 1}, ["1", "null"], ['"a"']),
        ({"const": {"a": [1]}}, ['{"a": [1]}'], ["{}"]),
        ({"enum": ["bx", "ax", "ay"]}, ['"ax"', '"bx"', '"ay"'], ['"by"']),
        ({"enum": [1, 10, 1, None]}, ["1", "10", "null"], ["0", "100"]),
        ({"enum": ["ß", "\x7f"]}, ['"\\u00df"', '"\\u007f"'], ['"a"']),
        ({"anyOf": [_INTEGER, {"const": "a"}]}, ["1", '"a"'], ["null"]),
        (
            _OBJECT,
            ['{"ab": true}', '{"a":1,"ab":true, "c":null}'],
            ["{}", '{"a":1}', '{"ab":true,"a":1}', '{"ab":true,}'],
        ),
        ({"properties": {"a": _INTEGER}}, ["{}", '{ "a": 1}'], ['{"b":1}', '{"a":1,"b":1}']),
        ({"properties": {"a": _INTEGER}, "additionalProperties": True}, ["{}"], ['{"b":1}']),
        ({"type": "object", "additionalProperties": False}, ["{}"], ['{"a":1}']),
        ({"additionalProperties": _INTEGER}, ["{}", '{"x": 1,"y":2}'], ['{"x":"a"}', '{"x":1,}']),
        ({"items": _INTEGER}, ["[]", "[1]", "[1, 2,3]"], ["[1,]", "[null]"]),
        ({"items": _INTEGER, "minItems": 2, "maxItems": 3}, ["[1,2]", "[1,2,3]"], ["[1]", "[1,2,3,4]", "[]"]),
        ({"items": _INTEGER, "maxItems": 1}, ["[]", "[1]"], ["[1,2]"]),
        ({"items": _INTEGER, "maxItems": 0}, ["[]"], ["[1]"]),
        ({"items": False}, ["[]"], ["[1]"]),
        ({"prefixItems": [_INTEGER, {"const": "a"}]}, ['[1, "a"]'], ["[1]", '[1,"a",2]', "[]"]),
        (
            {"prefixItems": [{"const": "a"}], "items": _INTEGER, "maxItems": 2},
            ['["a"]', '["a",1]'],
            ["[]", '["a",1,2]'],
        ),
        ({"prefixItems": [{"const": "a"}], "items": _INTEGER, "minItems": 2}, ['["a",1]', '["a",1,2]'], ['["a"]']),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": _INTEGER}}, ["1"], ["null"]),
        ({"$ref": "#/definitions/a~1b", "definitions": {"a/b": _INTEGER}}, ["1"], ["null"]),
        ({"type": "integer", "minimum": 99, "maximum": 140}, ["99", "100", "140"], ["94", "98", "141", "-99"]),
        ({"type": "integer", "exclusiveMinimum": 6.0, "exclusiveMaximum": 8}, ["7"], ["6", "8"]),
    ],
)
def test_what_a_grammar_takes(schema: dict[str, object], taken: list[str], refused: list[str]) -> None:
    assert [text for text in taken if not _takes(schema, text)] == []
    assert [text for text in refused if _takes(schema, text)] == []


def test_any_value_and_any_object_have_rules_of_their_own() -> None:
    assert check({}).startswith("root ::= any\n")
    assert check({"type": "object", "title": "T"}).startswith("root ::= object\n")
    assert check({"type": "array"}).startswith("root ::= array\n")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "nonsense"}, "schema.type is 'nonsense'"),
        ({"type": 3}, "schema.type"),
        ({"type": ["string", ["null"]]}, "schema.type"),
        ({"minimum": 3}, "schema.minimum cannot be enforced with a schema without 'type'"),
        ({"type": "string", "pattern": "a+"}, "schema.pattern"),
        ({"type": "string", "minimum": 3}, "schema.minimum"),
        ({"type": "number", "minimum": 0.5}, "schema.minimum is no integer"),
        ({"type": "number", "exclusiveMinimum": 0}, "schema.exclusiveMinimum is served alone and with integers"),
        ({"type": "integer", "multipleOf": 3}, "schema.multipleOf"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "no number from 2 to 1"),
        ({"type": "integer", "minimum": 1.5}, "schema.minimum is no integer"),
        ({"type": "integer", "minimum": float("inf")}, "schema.minimum is no integer"),
        ({"type": "integer", "minimum": True}, "schema.minimum is no integer"),
        ({"type": "integer", "minimum": 2**60}, "schema.minimum is no integer within 2^53"),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": 1}, "schema.exclusiveMinimum is served alone"),
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
    assert caught.value.param == "schema"
    json.loads(caught.value.body())


def test_the_deepest_nesting_is_taken() -> None:
    assert check(_nested(MAX_DEPTH))


def test_the_budget_is_of_the_whole_schema() -> None:
    half = {"type": "string", "maxLength": int(BUDGET_MS / 5 * 0.6)}
    check(half)
    with pytest.raises(RequestError, match=r"schema\.properties\.b"):
        check({"properties": {"a": half, "b": half}, "required": ["a", "b"]})


_KEYS = st.sampled_from(
    sorted({"type", "enum", "const", "anyOf", "allOf", "$ref", "$defs"}.union(*keywords.TYPES.values()))
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
def test_whatever_comes_is_refused_or_translated(schema: dict[str, object]) -> None:
    try:
        grammar = check(schema)
    except RequestError:
        return
    assert all(RULE.fullmatch(line) for line in grammar.splitlines())
    known = rules(grammar)
    named = {match[4] for body in known.values() for match in TOKEN.finditer(body) if match[4]}
    assert named <= known.keys()


_WHOLE = st.integers(-300, 300) | st.integers(-EXACT, EXACT)


@given(_WHOLE | st.none(), _WHOLE | st.none(), st.data())
def test_integers_within_bounds(least: int | None, most: int | None, data: st.DataObject) -> None:
    bounds = {key: bound for key, bound in (("minimum", least), ("maximum", most)) if bound is not None}
    assume(least is None or most is None or least <= most)
    taken_by = expression(check({"type": "integer", **bounds}))
    near = [bound + step for bound in bounds.values() for step in (-1, 0, 1)]
    for value in [*near, *data.draw(st.lists(_WHOLE, max_size=8))]:
        fits = (least is None or least <= value) and (most is None or value <= most)
        assert bool(taken_by.fullmatch(str(value))) is fits or abs(value) >= 10**15


@given(_WHOLE | st.none(), _WHOLE | st.none(), st.data())
def test_numbers_within_bounds(least: int | None, most: int | None, data: st.DataObject) -> None:
    bounds = {key: bound for key, bound in (("minimum", least), ("maximum", most)) if bound is not None}
    assume(bounds and (least is None or most is None or least <= most))
    taken_by = expression(check({"type": "number", **bounds}))
    near = [Decimal(bound) + step for bound in bounds.values() for step in (Decimal("-0.5"), 0, Decimal("0.25"))]
    drawn = st.decimals(-400, 400, places=2) | st.decimals(-(10**9), 10**9, places=3)
    for value in [*near, *data.draw(st.lists(drawn, max_size=8))]:
        fits = (least is None or least <= value) and (most is None or value <= most)
        text = f"{value:f}"
        taken = bool(taken_by.fullmatch(text))
        # An end point is taken without a fraction only: 5, not 5.00.
        assert taken is fits or (fits and value in {least, most} and "." in text)


@given(st.lists(st.text(max_size=4) | st.integers(-200, 200) | st.none(), min_size=1, max_size=12), st.text(max_size=4))
def test_listed_values_and_no_others(values: list[object], other: str) -> None:
    taken_by = expression(check({"enum": values}))
    for value in values:
        assert taken_by.fullmatch(json.dumps(value).replace("\x7f", "\\u007f"))
    assert bool(taken_by.fullmatch(json.dumps(other).replace("\x7f", "\\u007f"))) is (other in values)


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
    taken_by = expression(check({"type": "string", "format": form}))
    assert form in FORMATS
    assert [value for value in good if not taken_by.fullmatch(f'"{value}"')] == []
    assert [value for value in bad if taken_by.fullmatch(f'"{value}"')] == []


_REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "structured-output.md"


def test_the_reference_names_every_keyword_and_limit() -> None:
    text = _REFERENCE.read_text()
    served = {*keywords.TYPES, *keywords.ANNOTATIONS, *FORMATS}.union(*keywords.TYPES.values())
    assert [name for name in sorted(served) if f"`{name}`" not in text] == []
    limits = (f"{MAX_DEPTH} deep", f"{MAX_NAME} printable", f"up to {MAX_ITEMS}", f"{BUDGET_MS:.0f} ms")
    assert [limit for limit in limits if limit not in text] == []


@pytest.mark.parametrize("keyword", ["pattern", "oneOf", "not", "if", "multipleOf", "uniqueItems", "contains"])
def test_what_the_reference_calls_refused_is(keyword: str) -> None:
    assert f"`{keyword}`" in _REFERENCE.read_text()
    with pytest.raises(RequestError, match=keyword):
        check({"type": ["string", "array", "integer"], keyword: {}})
