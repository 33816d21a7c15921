"""Which architecture, in which precision, a well-known repository of the Hugging Face hub holds: by its name alone.

Names follow a habit: the publisher's name of the model, then words for the form. Known are the publisher's own
repositories, base and instruct, and those of others that only store the same weights in another form. Anything else in
a name (a fine-tune, a merge, a pruned variant) may have other shapes, and is not guessed at: its ``config.json`` tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from beaufort.catalog.models import Architecture, model
from beaufort.catalog.precision import Precision

_TUNING = r"(?:-(?:instruct|base|it))?"

# The publisher's names, without the owner; all in small letters.
_MODELS = {
    "mistral-7b-v0.1": rf"mistral-7b{_TUNING}-v0\.1",
    "mistral-7b-v0.2": rf"mistral-7b{_TUNING}-v0\.2",
    "mistral-7b-v0.3": rf"mistral-7b{_TUNING}-v0\.3",
    "mistral-nemo-12b": rf"mistral-nemo{_TUNING}-2407|mistral-nemo-12b{_TUNING}(?:-2407)?",
    "ministral-8b": rf"ministral-8b{_TUNING}-2410",
    "mistral-small-24b": rf"mistral-small-24b{_TUNING}-2501",
    "mistral-small-3.2-24b": rf"mistral-small-3\.[12]-24b{_TUNING}-25(?:03|06)",
    "smollm2-135m": rf"smollm2-135m{_TUNING}",
}
# Words for the form of the weights, and the precision that they mean; None is a word that means none by itself.
_FORMS: dict[str, Precision | None] = {
    "fp8": Precision.FP8,
    "w8a8": Precision.INT8,
    "int8": Precision.INT8,
    "w4a16": Precision.W4A16,
    "awq": Precision.W4A16,
    "gptq": Precision.W4A16,
    "int4": Precision.W4A16,
    "autoround": Precision.W4A16,
    "nf4": Precision.NF4,
    "bnb": Precision.NF4,
    "4bit": None,
    "block": None,
    "bf16": None,
    "dynamic": None,
    "g128": None,
    "hf": None,
    "kv": None,
    "quantized": None,
    "sym": None,
    "unsloth": None,
}
_OF_GGUF = {"gguf", "hf", "i1", "imatrix", "unsloth"}
_SEPARATORS = re.compile(r"[-._]")
_SOURCE = re.compile(r"(?:hf://)?([\w.-]+)/([\w.-]+)(?:@[\w./-]+)?(?:/\S*)?", re.ASCII)
_LONGEST = 200  # the hub allows 96 characters a part


@dataclass(frozen=True, slots=True)
class KnownRepository:
    """What a repository holds.

    Attributes:
        architecture: The model.
        precision: The form of its linear weights; ``None`` for GGUF files, whose names tell it (``gguf_types``).
    """

    architecture: Architecture
    precision: Precision | None


def known_repository(source: str) -> KnownRepository | None:
    """Return what a repository holds, or ``None`` when its name does not tell.

    Args:
        source: ``hf://owner/repo[@revision][/file]`` or ``owner/repo``, in any case.
    """
    match = _SOURCE.fullmatch(source) if len(source) <= _LONGEST else None
    if match is None:
        return None
    name = match[2].casefold().removeprefix("mistralai_")
    for known, pattern in _MODELS.items():
        found = re.match(rf"(?:{pattern})(?=$|[-._])", name)
        if found:
            return _held(model(known), name[found.end() :])
    return None


def _held(architecture: Architecture, suffix: str) -> KnownRepository | None:
    """Return what the words after a model's name mean; ``None`` when one is strange or two disagree."""
    words = {word for word in _SEPARATORS.split(suffix) if word}
    if words and words <= _OF_GGUF and "gguf" in words:
        return KnownRepository(architecture, None)
    if not words <= _FORMS.keys():
        return None
    said = {_FORMS[word] for word in words} - {None}
    if not said and "4bit" not in words:
        return KnownRepository(architecture, Precision.BF16)
    return KnownRepository(architecture, said.pop()) if len(said) == 1 else None
