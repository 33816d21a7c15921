"""Write a GGUF file's byte-level BPE tokenizer as a folder that transformers reads: export_tokenizer.py GGUF FOLDER.

Run by the load tool's Python, for transformers' own conversion wants PyTorch.
"""

from __future__ import annotations

import sys

from gguf import GGUFReader, TokenType
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

source, target = sys.argv[1:]
fields = GGUFReader(source).fields
tokens = fields["tokenizer.ggml.tokens"].contents()
merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
kinds = fields["tokenizer.ggml.token_type"].contents()
tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
# SmolLM's, as llama.cpp knows it: llm_tokenizer_bpe, LLAMA_VOCAB_PRE_TYPE_SMOLLM.
tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
    [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
)
tokenizer.decoder = decoders.ByteLevel()
PreTrainedTokenizerFast(
    tokenizer_object=tokenizer,
    additional_special_tokens=[token for token, kind in zip(tokens, kinds, strict=True) if kind == TokenType.CONTROL],
    eos_token=tokens[fields["tokenizer.ggml.eos_token_id"].contents()],
    chat_template=fields["tokenizer.chat_template"].contents(),
).save_pretrained(target)
