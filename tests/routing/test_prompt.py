import json
import os
import subprocess
import sys
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from beaufort.routing.prompt import BLOCK_BYTES, NOTHING, home, read

URLS = [f"http://10.0.0.{each}:8000" for each in range(8)]


def body(*contents: str, model: str = "m", **fields: object) -> bytes:
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": content} for at, content in enumerate(contents)]
    return json.dumps({"model": model, "messages": messages, **fields}).encode()


def test_the_next_turn_begins_as_the_turn_before() -> None:
    first, second = "a question " * 100, "another one " * 100
    before, after = read(body(first)), read(body(first, "an answer", second))
    assert len(before.chain) > 3
    assert after.chain[: len(before.chain)] == before.chain
    assert len(after.chain) > len(before.chain)


def test_blocks_after_a_difference_differ_even_when_their_bytes_are_the_same() -> None:
    same = "x" * (20 * BLOCK_BYTES)
    one, other = read(body("a" + same)), read(body("b" + same))
    assert len(one.chain) == len(other.chain) == 20
    assert not set(one.chain) & set(other.chain)


def test_what_stands_before_the_messages_does_not_count() -> None:
    assert read(body("hello " * 100)) == read(body("hello " * 100, model="another, with a longer name"))


def test_prompts_of_completions_and_bodies_without_any_are_read_too() -> None:
    text = "once upon a time " * 100
    assert read(json.dumps({"model": "m", "prompt": text}).encode()).tokens == (len(text) + 12) // 4
    assert read(b"\xff" * 1000).tokens == 250
    assert read(b"") == NOTHING


def test_the_chain_of_an_endless_prompt_ends() -> None:
    prompt = read(body("x" * 3_000_000))
    assert len(prompt.chain) == 4096
    assert prompt.tokens > 700_000


@given(st.binary(max_size=5000))
def test_any_bytes_are_a_prompt(data: bytes) -> None:
    prompt = read(data)
    assert len(prompt.chain) == len(data[max(0, *map(data.find, (b'"messages"', b'"prompt"', b'"input"'))) :]) // 256


def test_every_process_sends_a_new_prompt_to_the_same_home() -> None:
    program = (
        "from beaufort.routing.prompt import home, read\n"
        f"print([home(read(b'\"prompt\": %d' % each).origin, {URLS!r}) for each in range(50)])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_homes_are_spread_and_stay_when_another_endpoint_goes() -> None:
    origins = [read(b'"prompt": %d' % each).origin for each in range(4000)]
    before = [URLS[home(origin, URLS)] for origin in origins]
    assert all(350 < number < 650 for number in Counter(before).values())
    left = [url for url in URLS if url != URLS[3]]
    after = [left[home(origin, left)] for origin in origins]
    assert all(then == now for then, now in zip(before, after, strict=True) if then != URLS[3])
