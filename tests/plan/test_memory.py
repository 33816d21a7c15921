import pytest

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.models import model
from beaufort.catalog.precision import Precision
from beaufort.errors import UnavailableError
from beaufort.plan.memory import kv_blocks
from beaufort.units import GIB

MISTRAL = model("mistral-7b-v0.3")


def test_a_7b_on_an_h100_has_room_for_some_450_000_tokens() -> None:
    # 0.9 of 79.6 GiB, less 13.5 GiB of weights and about 1.4 GiB of work space, at 128 KiB a token.
    tokens = 16 * kv_blocks(MISTRAL, accelerator("H100"))
    assert tokens == pytest.approx((0.9 * 79.6 - 13.5 - 1.4) * GIB / (128 * 1024), rel=0.01)


def test_fewer_bits_leave_more_room() -> None:
    l4 = accelerator("L4")
    bf16, fp8, w4a16 = (kv_blocks(MISTRAL, l4, p) for p in (Precision.BF16, Precision.FP8, Precision.W4A16))
    assert 0 < bf16 < fp8 < w4a16


def test_two_accelerators_have_more_than_twice_the_room_of_one() -> None:
    h100 = accelerator("H100")
    assert kv_blocks(MISTRAL, h100, tensor_parallel=2) > 2 * kv_blocks(MISTRAL, h100)


def test_larger_blocks_hold_the_same_tokens() -> None:
    l4 = accelerator("L4")
    assert 32 * kv_blocks(MISTRAL, l4, block_size=32) == pytest.approx(16 * kv_blocks(MISTRAL, l4), abs=32)


def test_a_model_that_does_not_fit_is_refused_with_figures() -> None:
    with pytest.raises(UnavailableError, match=r"mistral-nemo-12b in bf16 needs 2\d.*1 x L4 can give 20.*fewer bits"):
        kv_blocks(model("mistral-nemo-12b"), accelerator("L4"))
