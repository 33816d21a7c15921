"""The header of a GGUF file: what the model is, read in milliseconds and without trust.

The field's own reader (the ``gguf`` package) takes two seconds, for it makes an array of every token of the vocabulary;
what is needed here are a dozen numbers and the types of the tensors. So this reader keeps the values that it is asked
for and steps over the rest. It reads a bounded piece of the file, and whatever stands there, it answers with a
`Header` or a `GGUFError`.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Value = int | float | bool | str

# The largest headers have a vocabulary of some 256,000 tokens with their merges: 16 MiB.
_LONGEST_HEADER = 64 * 2**20
_MOST_KEYS = 4096
_MOST_TENSORS = 65536
_LONGEST_KEY = 1024
_LONGEST_VALUE = 2**20
_STRING, _ARRAY = 8, 9
# Codes of the metadata's value types, as struct's formats.
_SCALARS: Final[Mapping[int, struct.Struct]] = {
    code: struct.Struct("<" + letter)
    for code, letter in {
        0: "B",
        1: "b",
        2: "H",
        3: "h",
        4: "I",
        5: "i",
        6: "f",
        7: "?",
        10: "Q",
        11: "q",
        12: "d",
    }.items()
}
_COUNT = struct.Struct("<I")
_SIZE = struct.Struct("<Q")

# Of ggml.h and ggml-common.h: name, weights in a block, bytes of a block. Of those that OpenVINO does not read,
# the names alone matter.
_BLOCKS: Final[Mapping[int, tuple[str, int, int]]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    30: ("BF16", 1, 2),
}


class GGUFError(Exception):
    """The file is no GGUF, is cut short, or is not as the format has it; the message says which."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself.

    Attributes:
        metadata: The scalar and text values; arrays are left out.
        matrix_types: The types of the tensors of two dimensions, such as ``Q4_K``; a number where it has no name here.
        data_end: Where the last tensor ends, in bytes from the file's beginning; of the tensors whose type is known.
    """

    metadata: Mapping[str, Value]
    matrix_types: frozenset[str]
    data_end: int

    def number(self, key: str) -> int | None:
        """Return a positive whole number, None if there is none under that key."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None

    def text(self, key: str) -> str | None:
        """Return a text, None if there is none under that key."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None


def read_header(path: Path) -> Header:
    """Return the header of a file.

    Raises:
        GGUFError: It is no whole GGUF file.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        header = parse_header(file.read(_LONGEST_HEADER))
    size = path.stat().st_size
    if size < header.data_end:
        message = f"it is cut short: it has {size} of {header.data_end} bytes"
        raise GGUFError(message)
    return header


def parse_header(data: bytes) -> Header:
    """Return the header with which ``data`` begins.

    Raises:
        GGUFError: There is none.
    """
    if data[:4] != b"GGUF":
        message = "it is no GGUF file"
        raise GGUFError(message)
    reader = _Reader(data, 4)
    version = reader.scalar(_COUNT)
    if version not in (2, 3):
        message = f"it is of GGUF version {version}; 2 and 3 are read"
        raise GGUFError(message)
    tensors = reader.bounded(_MOST_TENSORS, "tensors")
    keys = reader.bounded(_MOST_KEYS, "keys")
    metadata: dict[str, Value] = {}
    for _ in range(keys):
        key = reader.text(_LONGEST_KEY)
        value = reader.value(int(reader.scalar(_COUNT)))
        if value is not None:
            metadata[key] = value
    return _with_tensors(reader, tensors, metadata)


def _with_tensors(reader: _Reader, tensors: int, metadata: Mapping[str, Value]) -> Header:
    types: set[str] = set()
    end = 0
    for _ in range(tensors):
        reader.text(_LONGEST_KEY)
        dimensions = int(reader.scalar(_COUNT))
        if not 1 <= dimensions <= 4:  # noqa: PLR2004 - ggml's GGML_MAX_DIMS
            message = f"a tensor has {dimensions} dimensions"
            raise GGUFError(message)
        weights = math.prod(int(reader.scalar(_SIZE)) for _ in range(dimensions))
        kind = int(reader.scalar(_COUNT))
        offset = int(reader.scalar(_SIZE))
        name, block, size = _BLOCKS.get(kind, (str(kind), 1, 0))
        end = max(end, offset + weights // block * size)
        if dimensions > 1:
            types.add(name)
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= 2**16:
        message = "its alignment is out of bounds"
        raise GGUFError(message)
    start = -(-reader.at // alignment) * alignment
    return Header(metadata, frozenset(types), start + end)


class _Reader:
    """Reads values one after the other, within bounds."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def scalar(self, form: struct.Struct) -> int | float | bool:
        try:
            value: int | float | bool = form.unpack_from(self._data, self.at)[0]
        except struct.error as error:
            raise self._short() from error
        self.at += form.size
        return value

    def bounded(self, most: int, what: str) -> int:
        count = int(self.scalar(_SIZE))
        if count > most:
            message = f"it claims {count} {what}"
            raise GGUFError(message)
        return count

    def text(self, longest: int) -> str:
        size = int(self.scalar(_SIZE))
        if size > longest:
            message = f"it has a text of {size} bytes where at most {longest} are sensible"
            raise GGUFError(message)
        start = self.at
        self._skip(size)
        return self._data[start : self.at].decode(errors="replace")

    def value(self, kind: int) -> Value | None:
        """Return a value, or None after stepping over an array."""
        if kind == _STRING:
            return self.text(_LONGEST_VALUE)
        if kind == _ARRAY:
            self._skip_array()
            return None
        return self.scalar(self._form(kind))

    def _form(self, kind: int) -> struct.Struct:
        if kind not in _SCALARS:
            message = f"it has a value of unknown type {kind}"
            raise GGUFError(message)
        return _SCALARS[kind]

    def _skip_array(self) -> None:
        kind = int(self.scalar(_COUNT))
        count = int(self.scalar(_SIZE))
        if kind == _STRING:
            self._skip_texts(count)
        else:  # arrays of arrays are refused as an unknown type: no model has them, and OpenVINO refuses them too
            self._skip(count * self._form(kind).size)

    def _skip_texts(self, count: int) -> None:
        # The one loop that is hot: a vocabulary and its merges. Each round moves on by eight bytes at least.
        unpack, data, at, end = _SIZE.unpack_from, self._data, self.at, len(self._data) - _SIZE.size
        for _ in range(count):
            if at > end:
                raise self._short()
            at += _SIZE.size + unpack(data, at)[0]
        self.at = at
        self._skip(0)

    def _skip(self, size: int) -> None:
        self.at += size
        if self.at > len(self._data):
            raise self._short()

    def _short(self) -> GGUFError:
        whole = len(self._data) < _LONGEST_HEADER
        return GGUFError("it is cut short" if whole else f"its header is longer than {_LONGEST_HEADER} bytes")
