import pytest

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.models import model
from beaufort.catalog.precision import Precision
from beaufort.errors import UnavailableError
from beaufort.plan.memory import blocks_in, fit, kv_blocks
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


def test_a_12b_in_bf16_does_not_fit_an_l4_and_fits_two() -> None:
    nemo, l4 = model("mistral-nemo-12b"), accelerator("L4")
    alone = fit(nemo, l4, Precision.BF16)
    assert alone.weights == pytest.approx(22.81 * GIB, rel=0.001)
    assert alone.usable == pytest.approx(0.9 * 22.49 * GIB, rel=0.001)
    assert alone.left < 0
    halved = fit(nemo, l4, Precision.BF16, tensor_parallel=2)
    assert halved.weights == pytest.approx(alone.weights / 2, abs=1)
    assert halved.left > 0


def test_stages_divide_layers_and_keep_a_table_each() -> None:
    small, l4 = model("mistral-small-24b"), accelerator("L4")
    whole = fit(small, l4, Precision.BF16)
    stage = fit(small, l4, Precision.BF16, pipeline_parallel=3)
    table = small.vocab * small.hidden * 2
    assert stage.weights == pytest.approx((whole.weights - 2 * table) * 14 / 40 + table, abs=2)
    # Each stage has the keys and values of its own layers only, so three hold about three times as many tokens.
    assert blocks_in(stage, small, pipeline_parallel=3) == int(stage.left / (16 * small.kv_bytes_per_token() * 14 / 40))


def test_all_of_the_memory_is_told() -> None:
    space = fit(MISTRAL, accelerator("H100"), Precision.FP8)
    assert space.weights + space.working + space.left == space.usable
    assert space.usable == int(0.9 * space.total)
