"""In which precision a checkpoint's weights are stored: what its ``config.json`` says of quantisation.

Read are the forms that vLLM finds by itself: compressed-tensors, fp8 (also of FBGEMM and ModelOpt), GPTQ, AWQ,
AutoRound and bitsandbytes. What ``Precision`` has no member for is refused rather than taken for something near.
"""

from __future__ import annotations

from collections.abc import Mapping

from beaufort.catalog.precision import Precision
from beaufort.errors import Problem, UsageError

_FOUR_BITS = 4
_REMEDY = "choose a checkpoint in bf16, fp8, int8 (w8a8), 4-bit GPTQ or AWQ, or NF4"


def stored_precision(config: object, source: str) -> Precision:
    """Return the precision of the linear weights of a checkpoint with this ``config.json``.

    Args:
        config: The parsed file. Without a quantisation in it the weights are bf16 (or are loaded as such).
        source: Where the file was read, for messages.

    Raises:
        UsageError: The weights are stored in a form that is not planned here.
    """
    if not isinstance(config, Mapping):
        raise UsageError(Problem("is not a JSON object", source, "give the config.json of a Hugging Face checkpoint"))
    where, settings = _settings(config)
    if settings is None:
        return Precision.BF16
    found = _precision(settings) if isinstance(settings, Mapping) else None
    if found is None:
        what = f"the weights are stored as {_described(settings)}, which is not planned here"
        raise UsageError(Problem(what, f"{source}: {where}", _REMEDY))
    return found


def _settings(config: Mapping[str, object]) -> tuple[str, object]:
    """Return the quantisation's settings and their field; older checkpoints of compressed-tensors have another."""
    text = config.get("text_config")
    parts = [("", config), *([("text_config.", text)] if isinstance(text, Mapping) else [])]
    for prefix, part in parts:
        for field in ("quantization_config", "compression_config"):
            if part.get(field) is not None:
                return f"{prefix}{field}", part[field]
    return "", None


def _precision(settings: Mapping[str, object]) -> Precision | None:
    match settings.get("quant_method"):
        case "fp8" | "fbgemm_fp8":
            return Precision.FP8
        case "modelopt":
            return Precision.FP8 if settings.get("quant_algo") == "FP8" else None
        case "gptq" | "awq" | "auto-round":
            return Precision.W4A16 if settings.get("bits", settings.get("w_bit")) == _FOUR_BITS else None
        case "bitsandbytes":
            four = settings.get("load_in_4bit") or settings.get("_load_in_4bit")
            return Precision.NF4 if four and settings.get("bnb_4bit_quant_type") == "nf4" else None
        case "compressed-tensors" | None:
            return _compressed_tensors(settings)
        case _:
            return None


def _compressed_tensors(settings: Mapping[str, object]) -> Precision | None:
    """Return what all groups of layers have in common; ``None`` when they differ."""
    groups = settings.get("config_groups")
    schemes = list(groups.values()) if isinstance(groups, Mapping) else []
    found = {_scheme(scheme) for scheme in schemes if isinstance(scheme, Mapping)}
    return found.pop() if len(found) == 1 else None


def _scheme(scheme: Mapping[str, object]) -> Precision | None:
    weights, activations = scheme.get("weights"), scheme.get("input_activations")
    if not isinstance(weights, Mapping):
        return None
    match (weights.get("num_bits"), weights.get("type"), activations is not None):
        case (8, "float", True):
            return Precision.FP8
        case (8, "int", True):
            return Precision.INT8
        case (4, "int", False):
            return Precision.W4A16
        case _:
            return None


def _described(settings: object) -> str:
    if not isinstance(settings, Mapping):
        return f"{settings!r:.40}"
    method = settings.get("quant_method") or "compressed-tensors"
    bits = settings.get("bits") or settings.get("quant_algo") or settings.get("format")
    return f"{str(method)[:40]!r}{f' ({str(bits)[:40]})' if bits else ''}"
