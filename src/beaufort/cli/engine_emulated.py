"""``beaufort engine emulated``: an accelerator's timing without one."""

from __future__ import annotations

import click

from beaufort.catalog.precision import Precision
from beaufort.cli.address import address_options
from beaufort.engines.emulated.load import Settings, load
from beaufort.engines.serving import Address, serve

_EPILOG = """\b
Examples:
  beaufort engine emulated --accelerator H100 --model mistral-7b-v0.3
  beaufort engine emulated --accelerator L4 --model mistral-7b-v0.3 --precision fp8 --fault crash@60 --fault error=0.05
"""


@click.command(epilog=_EPILOG)
@click.option("--model", default="mistral-7b-v0.3", show_default=True, help="A model of the catalog.")
@click.option("--accelerator", default="H100", show_default=True, help="An accelerator of the catalog.")
@click.option(
    "--precision",
    type=click.Choice([each.value for each in Precision]),
    default="bf16",
    show_default=True,
    help="Of weights.",
)
@click.option("--tensor-parallel", type=click.IntRange(1), default=1, show_default=True, help="Accelerators.")
@click.option("--name", help="What clients call the model.  [default: the catalog's name]")
@click.option("--max-model-len", type=click.IntRange(8), help="Tokens of prompt and output.  [default: all that fit]")
@click.option("--max-sequences", type=click.IntRange(1), default=256, show_default=True, help="In one step.")
@click.option("--max-batched-tokens", type=click.IntRange(16), default=8192, show_default=True, help="In one step.")
@click.option("--kv-cache-tokens", type=click.IntRange(64), help="Room of the KV cache.  [default: all that fits]")
@click.option("--mean-output-tokens", type=click.IntRange(1), default=256, show_default=True, help="Of answers.")
@click.option(
    "--time-scale",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Real seconds for one of the accelerator's; 0.1 is ten times faster.",
)
@click.option("--startup-seconds", type=click.FloatRange(0), default=0.0, show_default=True, help="503 for so long.")
@click.option("--fault", "faults", multiple=True, help="KIND[=VALUE][@AFTER[+FOR]]: crash, hang, slow, error, nan.")
@click.option("--seed", default=0, show_default=True, help="Of what is left to chance.")
@address_options(default_port=9001)
def emulated(address: Address, **settings: object) -> None:
    """Answer with the timing of a model on an accelerator, through the API and metrics of a real engine.

    Continuous batching, paged KV, prefix cache and preemption are simulated; the text is words at random, the same
    for the same prompt on every replica.
    """
    engine = Settings(**settings)  # type: ignore[arg-type] # click has typed them
    serve(lambda: load(engine), address)
