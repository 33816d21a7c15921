"""Our sampling in the pipeline's terms."""

from __future__ import annotations

import secrets

import openvino_genai as genai

from beaufort.engines.generation import Sampling

_SEED_BITS = 32


def generation_config(defaults: genai.GenerationConfig, sampling: Sampling, choice: int) -> genai.GenerationConfig:
    """Return the pipeline's configuration for one choice.

    Choices of one request differ by their seed. The pipeline draws all random numbers of all sequences from one
    generator, which each new request seeds: a seed repeats a result only while nothing else runs.
    """
    config = genai.GenerationConfig()
    config.apply_chat_template = False
    config.eos_token_id = defaults.eos_token_id
    config.stop_token_ids = defaults.stop_token_ids
    config.max_new_tokens = sampling.max_tokens
    config.min_new_tokens = sampling.min_tokens
    config.ignore_eos = sampling.ignore_eos
    config.logprobs = 1 if sampling.logprobs else 0
    config.repetition_penalty = sampling.repetition_penalty
    config.presence_penalty = sampling.presence_penalty
    config.frequency_penalty = sampling.frequency_penalty
    config.do_sample = not sampling.greedy
    if not sampling.greedy:
        config.temperature = sampling.temperature
        config.top_p = sampling.top_p
        config.min_p = sampling.min_p
        if sampling.top_k is not None:
            config.top_k = sampling.top_k
        seed = secrets.randbits(_SEED_BITS) if sampling.seed is None else sampling.seed + choice
        config.rng_seed = seed % 2**_SEED_BITS
    if sampling.grammar is not None:
        config.structured_output_config = genai.StructuredOutputConfig(grammar=sampling.grammar)
    return config
