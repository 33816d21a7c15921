import pytest

from beaufort.catalog.gguf_types import GGUF_TYPES, gguf_type
from beaufort.catalog.models import model


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mistral-7b-instruct-v0.2.Q4_K_M.gguf", "Q4_K_M"),
        ("Mistral-7B-Instruct-v0.3-IQ4_XS.gguf", "IQ4_XS"),
        ("mistral-7b.q8_0.gguf", "Q8_0"),
        ("models/nemo-Q4-K-S.gguf", "Q4_K_S"),
        ("smollm2-135m-instruct-q4_1.gguf", "Q4_1"),
        ("mistral-f16.gguf", "F16"),
        ("mistral-7b.gguf", None),
        ("q4_0x.gguf", None),
        ("Q4_K_XL.gguf", None),
        ("", None),
    ],
)
def test_the_type_is_in_the_files_name(file: str, name: str | None) -> None:
    found = gguf_type(file)
    assert (found.name if found else None) == name


def test_a_published_file_is_met() -> None:
    # TheBloke/Mistral-7B-Instruct-v0.2-GGUF: Q4_K_M of 4.37 GB, Q8_0 of 7.70 GB.
    entry = model("mistral-7b-v0.2")
    assert GGUF_TYPES["Q4_K_M"].file_bytes(entry) == pytest.approx(4.37e9, rel=0.02)
    assert GGUF_TYPES["Q8_0"].file_bytes(entry) == pytest.approx(7.70e9, rel=0.01)


def test_fewer_bits_lose_more() -> None:
    known = [kind for kind in GGUF_TYPES.values() if kind.loss is not None and "K" in kind.name]
    known.sort(key=lambda kind: kind.bits)
    losses = [kind.loss or 0.0 for kind in known]
    assert losses == sorted(losses, reverse=True)
    assert len(losses) > 3
