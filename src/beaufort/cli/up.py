"""``beaufort up``: a model, served on this machine."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from beaufort.cli.output import output_option
from beaufort.cli.service_file import load
from beaufort.fleet import DEFAULT_MODELS, EngineKind, Settings, from_service, run_directory, serve
from beaufort.fleet.display import Display, JsonLines, Lines, Terminal
from beaufort.fleet.preflight import check
from beaufort.wire import process

_EXAMPLES = """\b
Examples:
  beaufort up
  beaufort up --model ./mistral-7b.Q4_K_M.gguf --replicas 2
  beaufort up --engine emulated --accelerator H100 --replicas 4
  beaufort up -f service.yaml --port 9000
"""


@click.command(epilog=_EXAMPLES)
@click.option(
    "--model",
    help="demo, a GGUF file, an OpenVINO folder, hf://owner/repo; a name of the catalog to emulate.  [default: demo]",
)
@click.option(
    "--engine",
    type=click.Choice(list(DEFAULT_MODELS)),
    help="A real model on the processors, or an emulated accelerator.  [default: openvino]",
)
@click.option("--accelerator", help="What the emulated engine emulates.  [default: H100]")
@click.option("--replicas", type=click.IntRange(1, 64), help="How many engines.  [default: 1]")
@click.option("-f", "--file", "file", help="A service file with these settings; options override it.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0: any free one.")
@click.option("--kv-cache-tokens", type=click.IntRange(64), help="Tokens of KV cache of each engine.")
@click.option("--max-model-len", type=click.IntRange(8), help="Tokens of prompt and output together.")
@click.option(
    "--drain-seconds",
    type=click.FloatRange(0, min_open=True),
    default=30.0,
    show_default=True,
    help="How long requests in progress may take to finish in the end.",
)
@click.option("--log-dir", type=click.Path(path_type=Path), help="Keep the logs here, with an access log.")
@output_option()
def up(  # noqa: PLR0913 - one argument for each option
    *,
    model: str | None,
    engine: EngineKind | None,
    accelerator: str | None,
    replicas: int | None,
    file: str | None,
    host: str,
    port: int,
    kv_cache_tokens: int | None,
    max_model_len: int | None,
    drain_seconds: float,
    log_dir: Path | None,
    output: str,
) -> None:
    """Serve a model on this machine: a gateway, and engines that share the cores.

    It says when the service is ready and how to ask it something, starts again what dies, and shows what each
    engine does. Ctrl-C finishes what is in progress and leaves nothing behind; a second Ctrl-C ends all at once.
    """
    given = {
        "engine": engine,
        "model": model,
        "accelerator": accelerator,
        "replicas": replicas,
        "kv_cache_tokens": kv_cache_tokens,
        "max_model_len": max_model_len,
    }
    settings = replace(
        _defaults(file, engine, model),
        host=host,
        port=port,
        drain_seconds=drain_seconds,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type] # click has typed them
    )
    check(settings)

    async def main(stop: asyncio.Event) -> None:
        _end_with_terminal(stop)
        with run_directory(log_dir) as places:
            await serve(settings, places, _display(output), stop)

    process.run(main)


def _defaults(file: str | None, engine: EngineKind | None, model: str | None) -> Settings:
    if file is None:
        kind = engine or "openvino"
        return Settings(engine=kind, model=DEFAULT_MODELS[kind])
    service = load(file)
    if service.spec.keys:
        click.echo("note: spec.keys is for a cluster; here everyone who reaches the address may call", err=True)
    settings = from_service(service, file, engine)
    # The file's name is that of the file's model.
    return settings if model is None else replace(settings, name=None)


def _end_with_terminal(stop: asyncio.Event) -> None:
    """Let the end of the terminal be the end of the service, unless nohup says otherwise."""
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, stop.set)


def _display(output: str) -> Display:
    if output == "json":
        return JsonLines()
    console = Console()
    return Terminal(console) if sys.stdout.isatty() and not console.is_dumb_terminal else Lines()
