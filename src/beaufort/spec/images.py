"""Which images run."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from beaufort.spec.mistakes import Mistake, raise_mistakes, shown
from beaufort.spec.notation import Pattern
from beaufort.spec.part import Part


def _not_latest(image: str) -> str:
    if image.endswith(":latest"):
        raise_mistakes(Mistake(f"{shown(image)} is another image tomorrow", "name the tag or digest that was tested"))
    return image


# https://pkg.go.dev/github.com/distribution/reference, narrowed to images with a tag or a digest.
_Image: TypeAlias = Annotated[
    str,
    Pattern(
        r"^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*){0,8}"
        r"(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})$",
        "a pinned image",
        "write it with a tag, with a digest, or with both",
    ),
    AfterValidator(_not_latest),
]


class Images(Part):
    """Which images run; each has a default that is pinned by its tag."""

    engine: _Image | None = Field(
        default=None,
        description="The engine's, for example a mirror of `vllm/vllm-openai` with a digest. Default: the release "
        "that Beaufort was tested with.",
    )
    gateway: _Image | None = Field(default=None, description="Beaufort's own. Default: that of this release.")
    pull_secret: str | None = Field(
        default=None,
        max_length=253,
        description="The Secret for pulling them, in the service's namespace. Default: none.",
    )
