from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.engines.gguf import GGUFError, parse_header, read_header

Maker = Callable[..., bytes]


def test_values_are_read_and_arrays_stepped_over(make_gguf: Maker) -> None:
    header = parse_header(make_gguf(some__flag=True, some__number=0.5))
    assert header.number("llama.block_count") == 4
    assert header.text("general.architecture") == "llama"
    assert header.metadata["some.flag"] is True
    assert header.metadata["some.number"] == 0.5
    assert header.number("some.flag") is None
    assert header.text("llama.block_count") is None
    assert header.number("missing") is None
    assert "tokenizer.ggml.tokens" not in header.metadata


def test_tensors_give_types_and_the_end_of_the_data(make_gguf: Maker) -> None:
    data = make_gguf(tensors=[("a", (256, 8), 14), ("b", (64,), 0), ("c", (32, 3), 99)], data=0)
    header = parse_header(data)
    assert header.matrix_types == {"Q6_K", "99"}
    assert header.data_end == len(data) + 8 * 210


def test_alignment_moves_the_data(make_gguf: Maker) -> None:
    header = parse_header(make_gguf(general__alignment=4096, tensors=[("a", (1, 1), 0)]))
    assert header.data_end == 4096 + 4


@pytest.mark.parametrize("version", [1, 4, 50331648])
def test_other_versions_are_refused(make_gguf: Maker, version: int) -> None:
    with pytest.raises(GGUFError, match="version"):
        parse_header(make_gguf(version=version))


_HUGE = 2**63


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no GGUF"),
        (b"PK\3\4", "no GGUF"),
        (b"GGUF", "cut short"),
        (b"GGUF" + struct.pack("<IQQ", 3, _HUGE, 0), "claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, _HUGE), "claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", _HUGE), "text of"),
        (b"GGUF" + struct.pack("<IQQQ1sI", 3, 0, 1, 1, b"a", 13), "unknown type 13"),
        (b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"a", 9, 9, 1), "unknown type 9"),
        (b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"a", 9, 8, _HUGE), "cut short"),
        (b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"a", 9, 10, _HUGE), "cut short"),
        (b"GGUF" + struct.pack("<IQQQ1sIIQQ", 3, 0, 1, 1, b"a", 9, 8, 2, _HUGE) + bytes(32), "cut short"),
        (b"GGUF" + struct.pack("<IQQQ1sI", 3, 1, 0, 1, b"a", 5), "5 dimensions"),
    ],
)
def test_hostile_headers_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(GGUFError, match=said):
        parse_header(data)


def test_an_alignment_out_of_bounds_is_refused(make_gguf: Maker) -> None:
    with pytest.raises(GGUFError, match="alignment"):
        parse_header(make_gguf(general__alignment=0))


@given(st.data())
def test_a_cut_header_is_refused(make_gguf: Maker, data: st.DataObject) -> None:
    whole = make_gguf(data=0, tensors=[("a", (1, 1), 0)]).rstrip(b"\0")
    with pytest.raises(GGUFError):
        parse_header(whole[: data.draw(st.integers(0, len(whole) - 24))])


@given(st.data())
def test_a_mutated_header_is_read_or_refused(make_gguf: Maker, data: st.DataObject) -> None:
    mutated = bytearray(make_gguf(data=64))
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(4, len(mutated) - 9))
        change = data.draw(st.binary(min_size=1, max_size=8) | st.sampled_from([b"\xff" * 8, b"\0" * 8]))
        mutated[start : start + len(change)] = change
    try:
        parse_header(bytes(mutated))
    except GGUFError:
        return


def test_a_file_whose_data_is_cut_is_refused(make_gguf: Maker, tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    whole = make_gguf(tensors=[("a", (256, 8), 12)], data=8 * 144)
    path.write_bytes(whole)
    assert read_header(path).data_end == len(whole)
    path.write_bytes(whole[:-1])
    with pytest.raises(GGUFError, match=f"has {len(whole) - 1} of {len(whole)} bytes"):
        read_header(path)
