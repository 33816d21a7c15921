"""Every mistake in a service file as a sentence for people, with its line and its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from beaufort.errors import Problem, UsageError
from beaufort.spec.document import Document, Path
from beaufort.spec.fields import description, forms_at, names
from beaufort.spec.mistakes import KIND, Mistake, shown


class SpecError(UsageError):
    """A service file cannot be used; every mistake found is one of its problems."""


def problems_of(error: ValidationError, document: Document) -> tuple[Problem, ...]:
    """Return one problem for each mistake that pydantic found in ``document``, in the order of the file."""
    found: list[tuple[int, Problem]] = []
    for details in error.errors(include_url=False):
        path = _path(details, document)
        if document.unread(path):
            continue  # the document has said why already
        for mistake in _mistakes(details, document, path):
            place = (*path, *mistake.at)
            found.append((document.line(place), Problem(mistake.what, document.place(place), mistake.remedy)))
    # One short form can be wrong in each of the fields that it stands for: it is said once.
    return tuple(dict.fromkeys(problem for _, problem in sorted(found, key=lambda entry: entry[0])))


def _path(details: ErrorDetails, document: Document) -> Path:
    """Return the path as the file has it: pydantic adds tags of unions, and fields that a short form implies."""
    path: Path = ()
    for part in details["loc"]:
        value = document.value(path)
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int)):
            path = (*path, part)
    return (*path, details["loc"][-1]) if details["type"] == "missing" else path


def _mistakes(details: ErrorDetails, document: Document, path: Path) -> Iterator[Mistake]:
    context: Mapping[str, object] = details.get("ctx", {})
    kind = details["type"]
    if kind == KIND:
        mistakes = context["mistakes"]
        yield from mistakes if isinstance(mistakes, tuple) else ()
    elif kind == "extra_forbidden":
        yield _unknown_field(details["loc"], document.value(path[:-1]))
    elif kind == "missing":
        yield Mistake("is missing", f"add it: {_first_sentence(description(details['loc']))}")
    elif kind == "union_tag_not_found":
        yield Mistake("has no kind", f"add kind: {' or '.join(_kinds(details['loc']))}")
    elif kind == "union_tag_invalid":
        yield _unknown_word(context.get("tag"), _kinds(details["loc"]))
    elif kind == "literal_error":
        yield _unknown_word(details["input"], tuple(re.findall(r"'([^']*)'", str(context.get("expected")))))
    elif kind in {"model_type", "dict_type", "model_attributes_type"}:
        yield _no_mapping(details["loc"], details["input"])
    elif kind in _SENTENCES:
        what, remedy = _SENTENCES[kind]
        values = {"value": shown(details["input"]), **{name: _plain(limit) for name, limit in context.items()}}
        yield Mistake(what.format(**values), remedy.format(**values))
    else:
        yield Mistake(f"{shown(details['input'])} is not accepted", _first_sentence(description(details["loc"])))


# By pydantic's error type: https://docs.pydantic.dev/latest/errors/validation_errors/
_SENTENCES = {
    "string_type": ("{value} is not text", "put it in quotes"),
    "int_type": ("{value} is not a whole number", "write digits only, without quotes"),
    "float_type": ("{value} is not a number", "write digits, without quotes or a unit"),
    "tuple_type": ("{value} is not a list", "write each entry on its own line after a dash"),
    "too_long": ("has {actual_length} entries", "at most {max_length} are accepted"),
    "greater_than": ("{value} is too small", "it must be more than {gt}"),
    "greater_than_equal": ("{value} is too small", "it must be at least {ge}"),
    "less_than": ("{value} is too large", "it must be less than {lt}"),
    "less_than_equal": ("{value} is too large", "it must be at most {le}"),
}


def _plain(limit: object) -> object:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _unknown_field(loc: Path, mapping: object) -> Mistake:
    name = str(loc[-1])
    here = names(forms_at(loc[:-1]))
    rivals = _rivals(loc, mapping if isinstance(mapping, dict) else {})
    if rivals:
        return Mistake(f"does not go together with {' and '.join(rivals)}", "keep one or the other")
    near = get_close_matches(name, here, n=1)
    if near:
        return Mistake("is not a field", f"did you mean {near[0]}?")
    return Mistake("is not a field", f"the fields here are {', '.join(here)}")


def _rivals(loc: Path, mapping: Mapping[str, object]) -> tuple[str, ...]:
    """Return the fields in ``mapping`` for which the one at ``loc``, known to another form of this part, is refused."""
    others = [node for node in forms_at(loc[:-2]) if loc[-1] in node.get("properties", ())]
    here = names(forms_at(loc[:-1]))
    return tuple(key for key in mapping if others and key in here and key not in names(tuple(others)))


def _unknown_word(word: object, known: tuple[str, ...]) -> Mistake:
    near = get_close_matches(str(word), known, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"write {' or '.join(known)}"
    return Mistake(f"{shown(word)} is not known here", remedy)


def _no_mapping(loc: Path, value: object) -> Mistake:
    fields = names(forms_at(loc))
    return Mistake(
        f"{shown(value)} is not a mapping",
        f"write fields on indented lines below it: {', '.join(fields)}" if fields else "write name: value lines",
    )


def _kinds(loc: Path) -> tuple[str, ...]:
    fields = (node.get("properties", {}).get("kind", {}) for node in forms_at(loc))
    return tuple(field["const"] for field in fields if "const" in field)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[^.])\.(?: |$)", text, maxsplit=1)[0]
