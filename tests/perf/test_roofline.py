from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaufort.catalog.accelerators import ACCELERATORS, accelerator
from beaufort.catalog.models import MODELS, model
from beaufort.catalog.precision import Precision
from beaufort.errors import UsageError
from beaufort.perf.profile import StepBatch, StepProfile, prefill_pairs
from beaufort.perf.roofline import Roofline

MISTRAL = model("mistral-7b-v0.3")
H100 = accelerator("H100")


@st.composite
def batches(draw: st.DrawFn) -> StepBatch:
    """A possible batch: some decoding sequences of one length, one prompt chunk."""
    sequences, length = draw(st.integers(0, 256)), draw(st.integers(1, 32_768))
    before, chunk = draw(st.integers(0, 32_768)), draw(st.integers(0, 8192))
    completed = bool(chunk) and draw(st.booleans())
    return StepBatch(
        prefill_tokens=chunk,
        prefill_context=before + chunk if chunk else 0,
        prefill_pairs=prefill_pairs(before, chunk),
        decode_sequences=sequences,
        decode_context=sequences * length,
        outputs=sequences + completed,
    )


@st.composite
def rooflines(draw: st.DrawFn) -> Roofline:
    """Any model on any accelerator, in any number that divides it."""
    architecture = draw(st.sampled_from(list(MODELS.values())))
    divisors = [n for n in (1, 2, 4, 8) if architecture.heads % n == 0 and architecture.kv_heads % n == 0]
    return Roofline(
        architecture,
        draw(st.sampled_from(list(ACCELERATORS.values()))),
        draw(st.sampled_from(Precision)),
        draw(st.sampled_from(divisors)),
    )


def test_it_is_a_profile() -> None:
    profile: StepProfile = Roofline(MISTRAL, H100)
    assert "H100" in profile.source
    assert "not compared" not in profile.known_error
    assert "%" in profile.known_error


@pytest.mark.parametrize("name", ["L4", "A100-80GB", "MI300X", "cpu"])
def test_what_was_never_compared_says_so(name: str) -> None:
    assert f"{name} not compared" in Roofline(MISTRAL, accelerator(name)).known_error
    assert "w4a16 not compared" in Roofline(MISTRAL, accelerator(name), Precision.W4A16).known_error


def test_an_empty_step_takes_no_time() -> None:
    assert Roofline(MISTRAL, H100).step_seconds(StepBatch()) == 0


@given(rooflines(), batches())
def test_no_step_beats_the_memory(profile: Roofline, batch: StepBatch) -> None:
    assert not batch.tokens or profile.step_seconds(batch) > profile.memory_seconds(batch)


@given(rooflines(), batches(), st.sampled_from(fields(StepBatch)), st.integers(1, 10_000))
def test_more_work_never_takes_less_time(profile: Roofline, batch: StepBatch, kind: object, more: int) -> None:
    name = getattr(kind, "name")  # noqa: B009 - a dataclass field is generic in what it holds
    larger = replace(batch, **{name: getattr(batch, name) + more})
    assert not batch.tokens or profile.step_seconds(larger) >= profile.step_seconds(batch)


@given(rooflines(), st.integers(1, 256), st.integers(1, 4096))
def test_a_batch_is_never_slower_than_its_parts_in_turn(profile: Roofline, sequences: int, length: int) -> None:
    one = profile.step_seconds(StepBatch(decode_sequences=1, decode_context=length, outputs=1))
    batch = StepBatch(decode_sequences=sequences, decode_context=sequences * length, outputs=sequences)
    assert profile.step_seconds(batch) <= sequences * one * (1 + 1e-9)


def test_one_stream_is_bound_by_reading_the_weights() -> None:
    batch = StepBatch(decode_sequences=1, decode_context=1000, outputs=1)
    profile = Roofline(MISTRAL, H100)
    # 14.2 GB at 3.35 TB/s are 4.3 ms; vLLM shows 6 to 8 ms for models of this size.
    assert profile.memory_seconds(batch) == pytest.approx(4.28e-3, rel=0.01)
    assert 5e-3 < profile.step_seconds(batch) < 8e-3


def test_a_long_prompt_is_bound_by_arithmetic() -> None:
    batch = StepBatch(prefill_tokens=8192, prefill_context=8192, prefill_pairs=prefill_pairs(0, 8192), outputs=1)
    flops = 2 * MISTRAL.linear_parameters * 8192
    ideal = flops / H100.bf16_flops
    assert ideal * 1.4 < Roofline(MISTRAL, H100).step_seconds(batch) < ideal * 2.5


@pytest.mark.parametrize(
    ("precision", "name", "faster"),
    [
        (Precision.FP8, "H100", True),
        (Precision.INT8, "A100-80GB", True),
        (Precision.FP8, "A100-80GB", False),
        (Precision.W4A16, "H100", False),
    ],
)
def test_prompts_gain_only_where_the_hardware_multiplies_so(precision: Precision, name: str, faster: bool) -> None:  # noqa: FBT001 - a column of the table
    batch = StepBatch(prefill_tokens=8192, prefill_context=8192, prefill_pairs=1, outputs=1)
    bf16 = Roofline(MISTRAL, accelerator(name)).step_seconds(batch)
    ratio = Roofline(MISTRAL, accelerator(name), precision).step_seconds(batch) / bf16
    assert (ratio < 0.6) if faster else (ratio > 0.95)


def test_decoding_gains_from_fewer_bytes_even_so() -> None:
    batch = StepBatch(decode_sequences=1, decode_context=1000, outputs=1)
    times = [Roofline(MISTRAL, H100, p).step_seconds(batch) for p in (Precision.BF16, Precision.FP8, Precision.W4A16)]
    assert times == sorted(times, reverse=True)


def test_two_accelerators_are_faster_than_one_and_less_than_twice_as_fast() -> None:
    batch = StepBatch(decode_sequences=64, decode_context=64_000, outputs=64)
    one, two = (Roofline(MISTRAL, H100, tensor_parallel=n).step_seconds(batch) for n in (1, 2))
    assert one / 2 < two < one


def test_the_formula_is_that_of_the_documentation() -> None:
    batch = StepBatch(8192, 8192, prefill_pairs(0, 8192), 10, 20_000, 11)
    weights, head, width = MISTRAL.linear_parameters, MISTRAL.embedding_parameters, 32 * 32 * 128
    linear = (2 * weights * 8202 + 2 * head * 11) / (0.7 * 4 * 989.5e12)
    attention = 4 * width * batch.prefill_pairs / (0.7 * 4 * 989.5e12) + 20_000 * 131_072 / (0.8 * 4 * 3.35e12)
    all_reduce = 64 * (1.5 * 2 * 4096 * 8202 / (0.7 * 450e9) + 20e-6)
    expected = linear + attention + all_reduce + 2e-3 + 11 * 10e-6
    assert Roofline(MISTRAL, H100, tensor_parallel=4).step_seconds(batch) == pytest.approx(expected)


@pytest.mark.parametrize("tensor_parallel", [0, -1, 3, 16])
def test_heads_that_cannot_be_divided_are_refused(tensor_parallel: int) -> None:
    with pytest.raises(UsageError, match="divisor of its 32 heads and 8 KV heads"):
        Roofline(MISTRAL, H100, tensor_parallel=tensor_parallel)


def test_two_cores_meet_what_was_measured_on_two_cores() -> None:
    # SmolLM2-135M with 4-bit weights on OpenVINO: 95 tokens a second alone, 725 with 32 in a batch.
    profile = Roofline(model("smollm2-135m"), accelerator("cpu"), Precision.W4A16)
    rates = [n / profile.step_seconds(StepBatch(0, 0, 0, n, n * 200, n)) for n in (1, 32)]
    assert rates == pytest.approx([95, 725], rel=0.15)
