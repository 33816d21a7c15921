"""Which model, in which form."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from beaufort.spec.mistakes import Mistake, raise_mistakes, shown
from beaufort.spec.notation import Pattern
from beaufort.spec.part import Part
from beaufort.spec.source import EXPRESSION, Source, model_name, parse_source

Quantisation: TypeAlias = Literal["auto", "bf16", "fp8", "int8", "w4a16", "nf4", "gguf"]

# What people call the same forms.
_SYNONYMS = {
    "awq": "w4a16",
    "bfloat16": "bf16",
    "bitsandbytes": "nf4",
    "bnb": "nf4",
    "gptq": "w4a16",
    "int4": "w4a16",
    "none": "bf16",
    "w8a8": "int8",
}


class Model(Part):
    """The model to serve."""

    source: Annotated[
        str,
        Pattern(
            EXPRESSION,
            "a source of a model",
            "write demo, hf://owner/repo[@revision][/file], or a path that begins with ./ or /",
        ),
    ] = Field(
        description="Where the weights are: `hf://owner/repo[@revision][/file]` on the Hugging Face hub, a path that "
        "begins with `/`, `./`, `../` or `~/` (a GGUF file, or a folder), or `demo`.",
        examples=["demo", "hf://mistralai/Mistral-7B-Instruct-v0.3", "./models/mistral-7b.Q4_K_M.gguf"],
    )
    name: Annotated[
        str,
        Pattern(
            r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,95}$",
            "a model name",
            "use at most 96 letters, digits and . _ - / :",
        ),
    ] = Field(
        default="",
        description="The name that clients ask for in `model`. Default: made from the source.",
    )
    quantisation: Quantisation = Field(
        default="auto",
        description="The form of the weights: `bf16`, `fp8`, `int8` (w8a8), `w4a16` (GPTQ, AWQ), `nf4` (bitsandbytes), "
        "`gguf` (as the file has them), or `auto`: chosen for the accelerators and the allowed loss of accuracy.",
    )
    context_length: int | None = Field(
        default=None,
        ge=16,
        le=16_777_216,
        description="The longest prompt and answer together, in tokens. Default: what the model was made for.",
    )

    @model_validator(mode="before")
    @classmethod
    def _name_from_source(cls, data: object) -> object:
        if not isinstance(data, dict) or "name" in data:
            return data
        source = data.get("source")  # what is wrong with it is told once, not also of the name
        return {**data, "name": (model_name(source) if isinstance(source, str) else "") or "model"}

    @field_validator("quantisation", mode="before")
    @classmethod
    def _usual_word(cls, quantisation: object) -> object:
        usual = _SYNONYMS.get(quantisation.lower()) if isinstance(quantisation, str) else None
        if usual is not None:
            raise_mistakes(Mistake(f"{shown(quantisation)} has another name here", f"write {usual}"))
        return quantisation

    @property
    def origin(self) -> Source:
        """The source, taken apart."""
        return parse_source(self.source)
