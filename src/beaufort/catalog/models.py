"""The architectures of the Mistral family, and of the demo model: what memory and time are computed from.

The weights of one decoder layer, all without bias: the attention's query, key, value and output projections, the
gate, up and down projections of a SwiGLU feed-forward network, and two RMS norms. Around the layers: an embedding
table, a last norm, and an output head, which is the embedding table itself when the embeddings are tied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from beaufort.catalog.lookup import row


class Linear(NamedTuple):
    """The shape of one linear layer: ``inputs`` x ``outputs`` weights."""

    inputs: int
    outputs: int

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.inputs * self.outputs


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of one dense decoder with grouped-query attention.

    Attributes:
        name: Its name in Beaufort.
        repo: The Hugging Face repository of the instruction-tuned weights.
        licence: The licence of the weights.
        layers: Decoder layers.
        hidden: Width of the residual stream.
        heads: Query heads.
        kv_heads: Key-value heads.
        head_dim: Width of one head; not always ``hidden / heads``.
        ffn: Width of the feed-forward network.
        vocab: Rows of the embedding table.
        max_context: The longest prompt and answer together, in tokens, that the publisher states.
        source: Where the row was read.
        tied: Whether the output head is the embedding table.
        sliding_windows: Tokens that a layer attends to, repeated over the layers; ``None`` is all of them.
            Empty when every layer attends to everything.
        other_parameters: Weights beside the decoder that an engine loads too and nobody quantises: a vision encoder.
    """

    name: str
    repo: str
    licence: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocab: int
    max_context: int
    source: str
    tied: bool = False
    sliding_windows: tuple[int | None, ...] = ()
    other_parameters: int = 0

    @property
    def layer(self) -> tuple[Linear, ...]:
        """The linear layers of one decoder layer."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return (
            Linear(self.hidden, queries),
            Linear(self.hidden, keys),
            Linear(self.hidden, keys),
            Linear(queries, self.hidden),
            Linear(self.hidden, self.ffn),
            Linear(self.hidden, self.ffn),
            Linear(self.ffn, self.hidden),
        )

    @property
    def linear_parameters(self) -> int:
        """Weights of the linear layers of all decoder layers: what a quantiser works on."""
        return self.layers * sum(linear.parameters for linear in self.layer)

    @property
    def embedding_parameters(self) -> int:
        """Weights of the embedding table, which are also those of one output head."""
        return self.vocab * self.hidden

    @property
    def norm_parameters(self) -> int:
        """Weights of the two norms of each layer and of the last one."""
        return (2 * self.layers + 1) * self.hidden

    @property
    def parameters(self) -> int:
        """All weights, a tied table counted once."""
        tables = 1 if self.tied else 2
        tables_and_norms = tables * self.embedding_parameters + self.norm_parameters
        return self.linear_parameters + tables_and_norms + self.other_parameters

    def kv_bytes_per_token(self, bytes_per_value: int = 2) -> int:
        """Return the bytes of keys and values that one token of context occupies, over all layers.

        Args:
            bytes_per_value: 2 for bf16, 1 for fp8.
        """
        return 2 * self.layers * self.kv_heads * self.head_dim * bytes_per_value

    def kv_tokens(self, context: int) -> int:
        """Return for how many tokens a sequence of ``context`` tokens needs keys and values, summed over the layers.

        A layer with a sliding window needs those of the window only. vLLM frees the blocks that left the window, so
        it comes close: besides, it holds the rest of a block in each layer, and the tokens of the step in progress.
        With windows in some layers alone that is the work of its hybrid KV cache manager; switched off
        (``--disable-hybrid-kv-cache-manager``, and where a KV connector does without it) every layer keeps everything:
        ``layers * context``. (vLLM, ``docs/design/hybrid_kv_cache_manager.md``.)
        """
        windows = self.sliding_windows or (None,)
        per_period = sum(context if window is None else min(context, window) for window in windows)
        return self.layers * per_period // len(windows)

    def kv_bytes(self, context: int, bytes_per_value: int = 2) -> int:
        """Return the bytes of keys and values that a sequence of ``context`` tokens needs; see ``kv_tokens``.

        Args:
            context: Tokens of prompt and answer so far.
            bytes_per_value: 2 for bf16, 1 for fp8.
        """
        return 2 * self.kv_heads * self.head_dim * bytes_per_value * self.kv_tokens(context)


def _mistral_7b(version: str, *, vocab: int = 32_000, window: int | None = None) -> Architecture:
    repo = f"mistralai/Mistral-7B-Instruct-v{version}"
    return Architecture(
        name=f"mistral-7b-v{version}",
        repo=repo,
        licence="Apache-2.0",
        layers=32,
        hidden=4096,
        heads=32,
        kv_heads=8,
        head_dim=128,
        ffn=14_336,
        vocab=vocab,
        max_context=32_768,
        source=f"https://huggingface.co/{repo} config.json",
        sliding_windows=(window,) if window else (),
    )


_NEMO = "mistralai/Mistral-Nemo-Instruct-2407"
_MINISTRAL = "mistralai/Ministral-8B-Instruct-2410"
_SMALL = "mistralai/Mistral-Small-24B-Instruct-2501"
_SMALL_3_2 = "mistralai/Mistral-Small-3.2-24B-Instruct-2506"
_SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"

_ROWS = (
    _mistral_7b("0.1", window=4096),
    _mistral_7b("0.2"),
    _mistral_7b("0.3", vocab=32_768),
    Architecture(
        name="mistral-nemo-12b",
        repo=_NEMO,
        licence="Apache-2.0",
        layers=40,
        hidden=5120,
        heads=32,
        kv_heads=8,
        head_dim=128,
        ffn=14_336,
        vocab=131_072,
        max_context=131_072,
        source=f"https://huggingface.co/{_NEMO} config.json and model card",
    ),
    Architecture(
        name="ministral-8b",
        repo=_MINISTRAL,
        licence="Mistral Research License (non-commercial)",
        layers=36,
        hidden=4096,
        heads=32,
        kv_heads=8,
        head_dim=128,
        ffn=12_288,
        vocab=131_072,
        max_context=131_072,
        source=f"https://huggingface.co/{_MINISTRAL} config.json and model card",
        sliding_windows=(None, 32_768, 32_768, 32_768),
    ),
    Architecture(
        name="mistral-small-24b",
        repo=_SMALL,
        licence="Apache-2.0",
        layers=40,
        hidden=5120,
        heads=32,
        kv_heads=8,
        head_dim=128,
        ffn=32_768,
        vocab=131_072,
        max_context=32_768,
        source=f"https://huggingface.co/{_SMALL} config.json",
    ),
    Architecture(
        name="mistral-small-3.2-24b",
        repo=_SMALL_3_2,
        licence="Apache-2.0",
        layers=40,
        hidden=5120,
        heads=32,
        kv_heads=8,
        head_dim=128,
        ffn=32_768,
        vocab=131_072,
        max_context=131_072,
        source=f"https://huggingface.co/{_SMALL_3_2} config.json; 3.1 has the same shapes",
        other_parameters=438_958_080,  # the vision encoder and its projector
    ),
    Architecture(
        name="smollm2-135m",
        repo=_SMOLLM2,
        licence="Apache-2.0",
        layers=30,
        hidden=576,
        heads=9,
        kv_heads=3,
        head_dim=64,
        ffn=1536,
        vocab=49_152,
        max_context=8192,
        source=f"https://huggingface.co/{_SMOLLM2} config.json",
        tied=True,
    ),
)

MODELS: dict[str, Architecture] = {known.name: known for known in _ROWS}
"""Every known architecture by name."""


def model(name: str) -> Architecture:
    """Return the architecture called ``name``.

    Raises:
        UsageError: The catalog has no such model; the remedy names the nearest.
    """
    return row(MODELS, name, "model")
