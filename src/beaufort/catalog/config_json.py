"""The architecture of any dense decoder from the ``config.json`` of its Hugging Face checkpoint.

Accepted are the classes whose weights are those of ``Architecture``: Mistral, Llama, Ministral, and the text part of
Mistral's models with vision. Biases are not counted: below 0.1 % of the weights. The fields, and what their absence
means, are those of ``MistralConfig``, ``LlamaConfig``, ``Mistral3Config`` and ``PixtralVisionConfig`` in
``transformers``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from beaufort.catalog.config_fields import Fields
from beaufort.catalog.models import Architecture
from beaufort.catalog.vision import vision_parameters
from beaufort.errors import Problem, UsageError

_TEXT = {"MistralForCausalLM", "LlamaForCausalLM", "MinistralForCausalLM", "Ministral3ForCausalLM"}
_WITH_VISION = {
    "Mistral3ForConditionalGeneration",
    "PixtralForConditionalGeneration",
    "LlavaForConditionalGeneration",
}
_TEXT_TYPES = ("mistral", "llama", "ministral", "ministral3")

# MistralConfig: a nested configuration is published without the fields that have their default.
_USUAL = {
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14_336,
    "vocab_size": 32_000,
}
_LAYER_TYPES = ("full_attention", "sliding_attention")

# A field that only models of another kind have, and what they are.
_FOREIGN = {
    "num_local_experts": "a mixture of experts",
    "num_experts": "a mixture of experts",
    "n_routed_experts": "a mixture of experts",
    "kv_lora_rank": "a model with compressed keys and values (MLA)",
    "state_size": "a state-space model (Mamba)",
    "ssm_state_size": "a state-space model (Mamba)",
    "is_encoder_decoder": "an encoder with a decoder",
}
_ONLY_DENSE = "choose a dense decoder of the Mistral or Llama family"


def architecture_from_config(config: object, name: str, source: str, repo: str = "") -> Architecture:
    """Return the architecture that a checkpoint's ``config.json`` describes.

    The licence is not in the file, so it is told as not stated.

    Args:
        config: The parsed file.
        name: What the architecture is to be called.
        source: Where the file was read, for the row and for messages.
        repo: The repository of the weights, where there is one.

    Raises:
        UsageError: The model is of another kind, or fields are missing or wrong: every problem at once.
    """
    if not isinstance(config, Mapping):
        raise UsageError(Problem("is not a JSON object", source, "give the config.json of a Hugging Face checkpoint"))
    problems: list[Problem] = []
    text = _text(config, source, problems)
    _refuse_foreign(config, text, source, problems)
    if problems:  # of another kind: what its fields lack would say nothing
        raise UsageError(*problems)
    nested = text is not config
    fields = Fields(text, f"{source}: text_config" if nested else source, problems, _USUAL if nested else None)
    layers = fields.count("num_hidden_layers")
    hidden, heads = fields.count("hidden_size"), fields.count("num_attention_heads")
    found = Architecture(
        name=name,
        repo=repo,
        licence="not stated",
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=fields.count("num_key_value_heads", default=heads),
        head_dim=fields.count("head_dim", default=0),
        ffn=fields.count("intermediate_size"),
        vocab=fields.count("vocab_size"),
        max_context=fields.count("max_position_embeddings"),
        source=source,
        tied=fields.truth("tie_word_embeddings"),
        sliding_windows=_windows(fields, layers),
        other_parameters=vision_parameters(config, hidden, source, problems),
    )
    return _consistent(found, source, problems)


def _text(config: Mapping[str, object], source: str, problems: list[Problem]) -> Mapping[str, object]:
    """Return the part that describes the decoder."""
    nested = config.get("text_config")
    if nested is None:
        return config
    if isinstance(nested, Mapping):
        return nested
    problems.append(Problem("is not a JSON object", f"{source}: text_config", "give the file as it was published"))
    return {}


def _refuse_foreign(
    config: Mapping[str, object], text: Mapping[str, object], source: str, problems: list[Problem]
) -> None:
    for field, kind in _FOREIGN.items():
        if text.get(field) or config.get(field):
            problems.append(Problem(f"this is {kind}, which is not planned here", f"{source}: {field}", _ONLY_DENSE))
    known = _TEXT if text is config else _WITH_VISION
    declared = config.get("architectures")
    names = declared if isinstance(declared, list) else []
    strange = [each for each in names if not isinstance(each, str) or each not in known]
    if strange:
        what = f"{str(strange[0])[:60]!r} is not an architecture that is planned here"
        problems.append(Problem(what, f"{source}: architectures", f"known are {', '.join(sorted(known))}"))
    decoder = text.get("model_type")
    if not names and decoder is None:
        what = "does not say which architecture it is"
        problems.append(Problem(what, f"{source}: architectures", f"known are {', '.join(sorted(known))}"))
    elif decoder is not None and decoder not in _TEXT_TYPES:
        what = f"{str(decoder)[:60]!r} is not a decoder that is planned here"
        problems.append(Problem(what, f"{source}: model_type", f"known are {', '.join(_TEXT_TYPES)}"))


def _windows(fields: Fields, layers: int) -> tuple[int | None, ...]:
    """Return the windows of the layers, as short as they repeat; none when no layer has one."""
    window = fields.count("sliding_window", default=0)
    kinds = fields.words("layer_types", _LAYER_TYPES)
    if kinds and len(kinds) != layers:
        fields.wrong("layer_types", f"names {len(kinds)} layers, the model has {layers}", "name each layer once")
    if "sliding_attention" in kinds and not window:
        fields.wrong("sliding_window", "is missing, and layer_types has sliding_attention", "give the window's tokens")
    every = tuple(window if kind == "sliding_attention" else None for kind in kinds) if kinds else (window,)
    return _shortest_period(every) if window and any(every) else ()


def _shortest_period(windows: tuple[int | None, ...]) -> tuple[int | None, ...]:
    for length in range(1, len(windows)):
        if len(windows) % length == 0 and windows[:length] * (len(windows) // length) == windows:
            return windows[:length]
    return windows


def _consistent(found: Architecture, source: str, problems: list[Problem]) -> Architecture:
    """Return the architecture with its head width, or raise all that is wrong."""
    if found.heads and found.kv_heads and found.heads % found.kv_heads:
        what = f"{found.heads} heads cannot be divided over {found.kv_heads} KV heads"
        problems.append(Problem(what, f"{source}: num_key_value_heads", "give a divisor of num_attention_heads"))
    head_dim = found.head_dim
    if not head_dim and found.hidden and found.heads:
        head_dim, rest = divmod(found.hidden, found.heads)
        if rest:
            what = f"is missing, and {found.hidden} is no multiple of {found.heads} heads"
            problems.append(Problem(what, f"{source}: head_dim", "give the width of one head"))
    if problems:
        raise UsageError(*problems)
    return replace(found, head_dim=head_dim)
