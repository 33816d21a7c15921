from __future__ import annotations

import pytest

from beaufort.spec.document import MAX_BYTES, MAX_DEPTH, dotted, read


@pytest.mark.parametrize(
    ("text", "where", "what", "remedy"),
    [
        ("", "f:1", "the file is empty", "beaufort init"),
        ("# only a comment\n", "f:1", "the file is empty", "beaufort init"),
        ("a: 1\n---\nb: 2\n", "f:2", "a second document", "one service"),
        ("a:\n\tb: 1\n", "f:2", "a tab stands where", "spaces"),
        ("a: [1\nb: 2\n", "f:2", "is not YAML", "check"),
        ("a: 1\nb: 2\na: 3\n", "f:3", "'a' is written twice", "line 1"),
        ("a: 1\na: {b: 1}\n", "f:2", "'a' is written twice", "line 1"),
        ("a: &x 1\n", "f:1", "anchor", "write the value"),
        ("a: &x 1\nb: *x\n", "f:2", "alias", "write the value"),
        ("a: !!python/object/apply:os.system [ls]\n", "f:1", "a tag (!)", "remove"),
        ("a: !!str 3\n", "f:1", "a tag (!)", "remove"),
        ("? [a, b]\n: 1\n", "f:1", "a key must be a word", "braces"),
        ("a: .nan\n", "f:1 a", "'.nan' is not a finite number", "figure"),
        ("a: -.inf\n", "f:1 a", "'-.inf' is not a finite number", "figure"),
        ("a: 1e999\n", "f:1 a", "'1e999' is not a finite number", "figure"),
        ("a: " + "9" * 5000 + "\n", "f:1 a", "is not a finite number", "figure"),
        ("a:\n  - x\n  - no\n", "f:3 a[1]", "'no' is read in different ways", "quotes"),
        ("a: 010\n", "f:1 a", "'010' is read in different ways", "quotes"),
        ("a: 1_000\n", "f:1 a", "'1_000' is read in different ways", "quotes"),
        ("a: 12:30\n", "f:1 a", "'12:30' is read in different ways", "quotes"),
        ("a:\n", "f:1 a", "has no value", "default"),
        ("a: ~\n", "f:1 a", "has no value", "default"),
        ('a: "x\\u0007"\n', "f:1 a", "the invisible character U+0007", "remove"),
        ('a: "\\ud800"\n', "f:1 a", "the invisible character U+D800", "remove"),
        ('a: "\\u202e"\n', "f:1 a", "the invisible character U+202E", "remove"),
        ('"a\\0": 1\n', "f:1", "a key holds the invisible character U+0000", "remove"),
        ("b: 1\na: x\x07\n", "f:2", "the invisible character U+0007", "remove"),
        ('a: "\\U00110000"\n', "f:1", "is not YAML", "escapes"),
        ("a: |\n  x\n  y\n", "f:1 a", "holds a line break", "remove"),
        ("%YAML 9.9\n---\na: 1\n", "f:1", "is not YAML", "check"),
        ("[" * 5000, "f:1", f"nested deeper than {MAX_DEPTH}", "indentation"),
        ("{a: " * 50, "f:1", f"nested deeper than {MAX_DEPTH}", "indentation"),
        ("- " * 5000, "f:1", f"nested deeper than {MAX_DEPTH}", "indentation"),
    ],
    ids=lambda value: ascii(value[:20]),
)
def test_what_cannot_be_read_is_told_in_one_line(text: str, where: str, what: str, remedy: str) -> None:
    problems = read(text, "f").problems
    assert any(problem.where == where and what in problem.what and remedy in problem.remedy for problem in problems), (
        problems
    )
    assert all("\n" not in str(problem) and len(problem.what) < 200 for problem in problems)


def test_bytes_that_are_not_utf8_name_their_line() -> None:
    (problem,) = read(b"a: 1\nb: \xff\n", "f").problems
    assert (problem.what, problem.where) == ("is not UTF-8 text", "f:2")


@pytest.mark.parametrize("text", ["x" * (MAX_BYTES + 1), b"\xff" * (MAX_BYTES + 1)])
def test_a_huge_file_is_refused_unread(text: str | bytes) -> None:
    document = read(text, "f")
    assert not document.complete
    assert "larger than 128 KiB" in document.problems[0].what


def test_a_bomb_is_defused() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 30))
    document = read("l0: &l0 lol\n" + levels, "f")
    assert document.value(("l29",)) == [None] * 9
    assert document.problems


def test_values_have_the_types_of_the_core_schema() -> None:
    document = read("a: [1, -2, 1.5, 1e3, true, False, text, '1', \"no\", 2026-01-01, 1.30, .5]\n", "f")
    assert document.problems == ()
    assert document.tree == {"a": [1, -2, 1.5, 1000.0, True, False, "text", "1", "no", "2026-01-01", 1.3, 0.5]}


def test_json_is_yaml() -> None:
    assert read('{"a": {"b": ["c", 1]}}', "f").tree == {"a": {"b": ["c", 1]}}


def test_a_byte_order_mark_and_windows_lines_are_fine() -> None:
    document = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f")
    assert document.tree == {"a": 1, "b": 2}
    assert document.line(("b",)) == 2


def test_places() -> None:
    document = read("a:\n  b:\n    - c: 1\n    - d: 2\n", "f")
    assert document.place(("a", "b", 1, "d")) == "f:4 a.b[1].d"
    assert document.place(("a", "b", 1, "missing")) == "f:4 a.b[1].missing"
    assert document.place(()) == "f:1"
    assert dotted(("a", 0, "b")) == "a[0].b"


def test_what_was_not_read_is_known() -> None:
    document = read("a:\n  b: no\n  c: 1\n", "f")
    assert document.unread(("a", "b"))
    assert document.unread(("a", "b", "below"))
    assert not document.unread(("a", "c"))
    assert not document.unread(("a", "missing"))
