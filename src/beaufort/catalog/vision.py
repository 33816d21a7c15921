"""How many weights the vision part of a Pixtral-style checkpoint has, which an engine loads beside the decoder.

A Pixtral encoder: a convolution over patches, a norm, and layers of four attention projections, a gated feed-forward
network and two norms. Its projector: two linear layers, and in ``Mistral3`` a norm and a merger of neighbouring patches
before them. (``modeling_pixtral.py``, ``modeling_mistral3.py`` and ``modeling_llava.py`` of ``transformers``; for
Mistral Small 3.1 and 3.2 the sum is the published one.)
"""

from __future__ import annotations

from collections.abc import Mapping

from beaufort.catalog.config_fields import Fields
from beaufort.errors import Problem

_CHANNELS = 3  # red, green, blue
# PixtralVisionConfig: a nested configuration is published without the fields that have their default.
_USUAL = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "patch_size": 16}


def vision_parameters(config: Mapping[str, object], text_hidden: int, source: str, problems: list[Problem]) -> int:
    """Return the weights of the vision encoder and its projector; 0 when the checkpoint has none.

    Args:
        config: The whole ``config.json``.
        text_hidden: Width of the decoder that it feeds.
        source: Where the file was read.
        problems: Where to add what is wrong.
    """
    vision = config.get("vision_config")
    if vision is None:
        return 0
    if not isinstance(vision, Mapping) or vision.get("model_type") != "pixtral":
        what = "is not a Pixtral encoder: its memory is not known"
        problems.append(Problem(what, f"{source}: vision_config", "choose a checkpoint for text, or one of Mistral's"))
        return 0
    fields = Fields(vision, f"{source}: vision_config", problems, _USUAL)
    hidden, patch = fields.count("hidden_size"), fields.count("patch_size")
    layer = 4 * hidden * hidden + 3 * hidden * fields.count("intermediate_size") + 2 * hidden
    encoder = fields.count("num_hidden_layers") * layer + _CHANNELS * patch * patch * hidden + hidden
    return encoder + _projector(Fields(config, source, problems), hidden, text_hidden)


def _projector(fields: Fields, hidden: int, text_hidden: int) -> int:
    merged = fields.count("spatial_merge_size", default=0)
    merger = merged * merged * hidden * hidden + hidden if merged else 0
    biases = 2 * text_hidden if fields.truth("multimodal_projector_bias", default=not merged) else 0
    return merger + hidden * text_hidden + text_hidden * text_hidden + biases
