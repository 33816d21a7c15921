"""The embedded engine against its limit: the same pipeline driven directly, without HTTP, text or metrics.

    python benchmarks/embedded_engine.py [-o json] [--rounds 5]

Both sides load the same model with the same settings, each in a process of its own, and take turns: raw, served, raw,
served, ... Every round has fresh prompts, the same for both sides. Raw is the pipeline's `step()` in a loop with each
token's id read, and nothing else.

The load generator shares the machine's cores with the server, which it would not do for a user. So the served rate is
also given with the generator's processor time allowed for: of the wall's time, the part is taken off in which the
generator kept the cores from the engine, `its processor seconds / cores`:

    allowed rate = tokens / (wall - generator's processor seconds / cores)
    ratio_to_raw_at_32 = median over rounds of allowed rate / raw rate
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from beaufort.wire import Pool, WireError, fetch
from load import Load, run

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKENS = 96
_KV_TOKENS = 65536
_WORDS = ("wind", "sea", "sail", "storm", "calm", "gust", "north", "wave", "rope", "mast", "cloud", "rain", "tide")

RAW = """
import json, sys, time
import openvino_genai as genai
from beaufort.engines.models import resolve
scheduler = genai.SchedulerConfig()
scheduler.num_kv_blocks, scheduler.enable_prefix_caching = int(sys.argv[2]) // 32, True
scheduler.max_num_seqs, scheduler.max_num_batched_tokens = 64, 256
pipeline = genai.ContinuousBatchingPipeline(
    str(resolve(sys.argv[1], progress=lambda line: None).path), scheduler, "CPU", {})
tokenizer, serial = pipeline.get_tokenizer(), 0
print("ready", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    config = genai.GenerationConfig()
    config.max_new_tokens, config.ignore_eos, config.apply_chat_template = order["tokens"], True, False
    inputs = [tokenizer.encode(prompt).input_ids for prompt in order["prompts"]]
    began, tokens, handles = time.perf_counter(), 0, []
    for ids in inputs:
        serial += 1
        handles.append(pipeline.add_request(serial, ids, config))
    while pipeline.has_non_finished_requests():
        pipeline.step()
        for handle in handles:
            if handle.can_read():
                tokens += sum(len(output.generated_ids) for output in handle.read().values())
    print(json.dumps(tokens / (time.perf_counter() - began)), flush=True)
"""


class Raw:
    """The pipeline alone, in a process of its own."""

    def __init__(self, model: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RAW, model, str(_KV_TOKENS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def _answer(self) -> str:
        if self._process.stdout is None or not (line := self._process.stdout.readline()):
            message = "the raw pipeline ended"
            raise RuntimeError(message)
        return line

    def tokens_per_second(self, prompts: list[str], tokens: int) -> float:
        """Generate for all prompts at once."""
        if self._process.stdin is None:
            message = "the raw pipeline has no input"
            raise RuntimeError(message)
        print(json.dumps({"prompts": prompts, "tokens": tokens}), file=self._process.stdin, flush=True)
        return float(json.loads(self._answer()))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@contextmanager
def served(model: str) -> Iterator[Pool]:
    """Run `beaufort engine openvino` on a free port."""
    command = [sys.executable, "-m", "beaufort", "engine", "openvino", "--model", model, "--port", "0"]
    command += ["--kv-cache-tokens", str(_KV_TOKENS)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr or ():
            if "serving" in line:
                yield Pool("127.0.0.1", int(line.rsplit(":", 1)[1].split("/", 1)[0]))
                return
        message = "the engine did not start"
        raise RuntimeError(message)
    finally:
        process.terminate()
        process.wait()


def prompts(serial: int, count: int, words: int) -> list[str]:
    """Return ``count`` prompts that share no prefix with any other serial's."""
    return [
        f"{serial}.{index} " + " ".join(_WORDS[(serial * 7 + index * 3 + at * at) % len(_WORDS)] for at in range(words))
        for index in range(count)
    ]


def allowed_rate(load: Load) -> float:
    """Return tokens per second with the load generator's processor time allowed for."""
    wall = load.wall_seconds - load.client_cpu_seconds / len(os.sched_getaffinity(0))
    return sum(sample.tokens for sample in load.samples) / wall


async def measure(model: str, rounds: int, words: int) -> dict[str, object]:
    """Take turns and return every figure."""
    raw = Raw(model)
    raw32, served32, allowed32, single, cold, repeated = ([] for _ in range(6))
    prompt_tokens = 0
    try:
        with served(model) as pool:
            for serial in range(rounds + 1):  # the first round warms both up and is not counted
                many, one = prompts(serial, 32, words), prompts(1000 + serial, 1, words)
                raw_rate = raw.tokens_per_second(many, _TOKENS)
                load = await run(pool, many, _TOKENS)
                alone = await run(pool, one, _TOKENS)
                long = prompts(2000 + serial, 1, 700)
                first, second = [(await run(pool, long, 1)).samples[0].first_token_seconds for _ in range(2)]
                if serial:
                    raw32.append(raw_rate)
                    served32.append(load.tokens_per_second)
                    allowed32.append(allowed_rate(load))
                    single.append(alone.tokens_per_second)
                    cold.append(first)
                    repeated.append(second)
                    prompt_tokens = load.samples[0].prompt_tokens
            name = json.loads((await fetch(f"http://127.0.0.1:{pool.port}/v1/models")).body)["data"][0]["id"]
    finally:
        raw.close()
    ratios = [mine / limit for mine, limit in zip(allowed32, raw32, strict=True)]
    gains = [many / one for many, one in zip(served32, single, strict=True)]
    repeats = [after / before for after, before in zip(repeated, cold, strict=True)]
    return {
        "ratio_to_raw_at_32": median(ratios),
        "ratio_to_raw_at_32_spread": [min(ratios), max(ratios)],
        "ratio_to_raw_at_32_unallowed": median(a / b for a, b in zip(served32, raw32, strict=True)),
        "batching_gain_at_32": median(gains),
        "batching_gain_at_32_spread": [min(gains), max(gains)],
        "prefix_repeat_ttft_ratio": median(repeats),
        "prefix_repeat_ttft_ratio_spread": [min(repeats), max(repeats)],
        "raw_tokens_per_s_at_32": median(raw32),
        "served_tokens_per_s_at_32": median(served32),
        "served_tokens_per_s_at_1": median(single),
        "prompt_tokens": prompt_tokens,
        "output_tokens": _TOKENS,
        "rounds": rounds,
        "cores": len(os.sched_getaffinity(0)),
        "engine": "openvino",
        "model": name,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--words", type=int, default=48, help="words in a prompt")
    parser.add_argument("--model", default="demo")
    options = parser.parse_args()
    try:
        figures = asyncio.run(measure(options.model, options.rounds, options.words))
    except (WireError, RuntimeError) as error:
        sys.exit(f"error: {error}")
    if options.output == "json":
        print(json.dumps(figures, indent=2))
        return
    table = Table("figure", "value", title="Embedded engine against the raw pipeline")
    for name, value in figures.items():
        shown = value if isinstance(value, list) else [value]
        table.add_row(name, " .. ".join(f"{each:.3f}" if isinstance(each, float) else str(each) for each in shown))
    Console().print(table)


if __name__ == "__main__":
    main()
