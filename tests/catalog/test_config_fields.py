import pytest

from beaufort.catalog.config_fields import Fields
from beaufort.errors import Problem


def _fields(usual: dict[str, int] | None = None, **values: object) -> tuple[Fields, list[Problem]]:
    problems: list[Problem] = []
    return Fields(values, "file", problems, usual), problems


@pytest.mark.parametrize(("value", "number"), [(7, 7), (7.0, 7), (1 << 28, 1 << 28)])
def test_a_whole_number_is_read(value: object, number: int) -> None:
    fields, problems = _fields(size=value)
    assert fields.count("size") == number
    assert problems == []


@pytest.mark.parametrize(
    "value", [0, -1, True, "7", 7.5, float("nan"), float("inf"), [7], {"a": 7}, (1 << 28) + 1, 10**400]
)
def test_anything_else_is_noted_and_a_zero_stands_in(value: object) -> None:
    fields, problems = _fields(size=value)
    assert fields.count("size") == 0
    (problem,) = problems
    assert problem.where == "file: size"
    assert len(problem.what) < 120


def test_what_is_absent_has_its_usual_value_or_the_default() -> None:
    fields, problems = _fields(usual={"width": 3}, width=None)
    assert (fields.count("width"), fields.count("width", default=9), fields.count("depth", default=4)) == (3, 3, 4)
    assert problems == []
    assert fields.count("depth") == 0
    assert [str(problem) for problem in problems] == ["file: depth: is missing (give a positive whole number)"]


def test_truth_is_true_or_false_and_nothing_near() -> None:
    fields, problems = _fields(yes=True, no=False, one=1)
    assert (fields.truth("yes"), fields.truth("no", default=True), fields.truth("absent")) == (True, False, False)
    assert fields.truth("absent", default=True)
    assert problems == []
    assert not fields.truth("one")
    assert len(problems) == 1


@pytest.mark.parametrize("value", ["a", {"a": 1}, ["a", "c"], [["a"]], [{"a": 1}], [None]])
def test_a_list_holds_known_words_only(value: object) -> None:
    fields, problems = _fields(kinds=value)
    assert fields.words("kinds", ("a", "b")) == ()
    assert len(problems) == 1


def test_a_list_of_known_words_is_read() -> None:
    fields, problems = _fields(kinds=["b", "a", "b"])
    assert fields.words("kinds", ("a", "b")) == ("b", "a", "b")
    assert fields.words("absent", ("a",)) == ()
    assert problems == []
