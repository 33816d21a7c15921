"""How many bits a weight has in a GGUF file of each usual type, and what that costs.

Tables and head are quantised too. Types whose name ends in S, M or L mix several; their bits, as those of Q6_K and
Q8_0, are of the whole file of an 8-billion-parameter model (llama.cpp, ``tools/quantize/README.md``, Llama 3.1 8B).
Those of the older types follow from their blocks of 32 weights: 18, 20, 22 and 24 bytes (llama.cpp,
``ggml-common.h``). The size of a file that is there is always the better figure.

The loss is the increase of the perplexity of Mistral 7B v0.1 on Wikitext (model card of
``ikawrakow/mistral-7b-quantized-gguf``, the column of llama.cpp itself).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from beaufort.catalog.models import Architecture

_BITS_OF_A_BYTE = 8


@dataclass(frozen=True, slots=True)
class GgufType:
    """One type of file.

    Attributes:
        name: Its name, as file names carry it.
        bits: Bits of a weight.
        loss: Relative increase of perplexity: 0.01 is one percent; ``None`` where nothing is published.
    """

    name: str
    bits: float
    loss: float | None = None

    def file_bytes(self, architecture: Architecture) -> int:
        """Return about how many bytes a file of this type with ``architecture`` has."""
        return int(architecture.parameters * self.bits / _BITS_OF_A_BYTE)


_ROWS = (
    GgufType("Q2_K", 3.1593),
    GgufType("Q3_K_S", 3.6429, 0.0662),
    GgufType("Q3_K_L", 4.2979),
    GgufType("IQ4_XS", 4.4597),
    GgufType("IQ4_NL", 4.6818),
    GgufType("Q4_0", 4.5, 0.0223),
    GgufType("Q4_1", 5.0, 0.0232),
    GgufType("Q4_K_S", 4.6672, 0.0148),
    GgufType("Q4_K_M", 4.8944, 0.0108),
    GgufType("Q5_0", 5.5, 0.0045),
    GgufType("Q5_1", 6.0, 0.0036),
    GgufType("Q5_K_S", 5.5704, 0.0059),
    GgufType("Q5_K_M", 5.7036),
    GgufType("Q6_K", 6.5633),
    GgufType("Q8_0", 8.5008),
    GgufType("F16", 16.0005, 0.0),
)

GGUF_TYPES: dict[str, GgufType] = {known.name: known for known in _ROWS}
"""Every known type by name."""

# The longest name first: Q4_K_M is not Q4_K.
_NAMES = "|".join(sorted(map(re.escape, GGUF_TYPES), key=len, reverse=True))
_IN_A_NAME = re.compile(rf"(?<![A-Za-z0-9])({_NAMES})(?![A-Za-z0-9_])", re.IGNORECASE)


def gguf_type(file: str) -> GgufType | None:
    """Return the type that the name of a GGUF file tells, or ``None`` when it tells none."""
    match = _IN_A_NAME.search(file.replace("-", "_"))
    return GGUF_TYPES[match[1].upper()] if match else None
