"""``beaufort engine openvino``: a real model on this machine's processors."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from beaufort.cli.address import address_options
from beaufort.engines.serving import Address, serve
from beaufort.errors import Problem, UnavailableError


@click.command(epilog="Example: beaufort engine openvino --model hf://owner/repo/model.gguf --port 9001")
@click.option("--model", default="demo", show_default=True, help="demo, a GGUF file, an OpenVINO folder, or hf://...")
@click.option("--name", help="What clients call the model.  [default: the model's own name]")
@click.option("--threads", type=click.IntRange(1), help="Threads.  [default: all the process may use]")
@click.option(
    "--kv-cache-tokens", type=click.IntRange(64), default=32768, show_default=True, help="Room of the KV cache."
)
@click.option("--max-model-len", type=click.IntRange(8), help="Tokens of prompt and output.  [default: the model's]")
@click.option("--max-sequences", type=click.IntRange(1), default=64, show_default=True, help="Sequences in a batch.")
@click.option(
    "--max-batched-tokens", type=click.IntRange(16), default=256, show_default=True, help="Tokens in one step."
)
@click.option(
    "--chat-template",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with a Jinja chat template that replaces the model's own.",
)
@address_options(default_port=9001)
def openvino(address: Address, *, chat_template: Path | None, model: str, **settings: object) -> None:
    """Serve a model with OpenVINO GenAI's continuous batching pipeline.

    Dynamic batching, paged KV and prefix caching on this machine's processors, behind OpenAI's API and vLLM's metrics.
    """
    if importlib.util.find_spec("openvino_genai") is None:
        raise UnavailableError(
            Problem("OpenVINO GenAI is not installed", "engine openvino", "pip install 'beaufort[local]'")
        )
    from beaufort.engines.openvino.load import Settings, load  # noqa: PLC0415 - heavy, and an extra

    template = None if chat_template is None else chat_template.read_text()
    chosen = Settings(source=model, chat_template=template, **settings)  # type: ignore[arg-type] # click has typed them
    serve(lambda: load(chosen), address)
