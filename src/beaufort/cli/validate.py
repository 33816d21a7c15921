"""``beaufort validate``: check a service file, every mistake at once."""

from __future__ import annotations

import click

from beaufort.cli.output import output_option, print_json
from beaufort.cli.service_file import load
from beaufort.spec import MistralService, SpecError
from beaufort.spec.traffic import Mean, Percentiles, Recorded
from beaufort.units import show_seconds


@click.command(epilog="Example: beaufort validate service.yaml")
@click.argument("file", default="service.yaml")
@output_option()
@click.pass_context
def validate(ctx: click.Context, file: str, output: str) -> None:
    """Check the service FILE (default: service.yaml; - reads standard input).

    Every mistake is reported at once, with its line and what to do; the exit code is then 2. With -o json, a good
    file is printed with all defaults filled in, and the mistakes of a bad one as {"problems": [...]}.
    """
    try:
        service = load(file)
    except SpecError as error:
        if output != "json":
            raise
        print_json({"problems": error.problems})
        ctx.exit(error.exit_code)
    if output == "json":
        print_json(service)
    else:
        click.echo(f"ok: {click.format_filename(file)}\n{_summary(service)}")


def _summary(service: MistralService) -> str:
    spec = service.spec
    accelerators = ", ".join(
        f"{kind.max_nodes} x {kind.count_per_node} {kind.product} {kind.capacity}" for kind in spec.accelerators
    )
    rows = {
        "service": f"{service.metadata.name} in namespace {service.metadata.namespace}",
        "model": f"{spec.model.name} from {spec.model.source}, quantisation {spec.model.quantisation}",
        "engine": spec.engine,
        "traffic": _traffic(service),
        "objectives": _objectives(service),
        "accelerators": accelerators or "none",
    }
    return "\n".join(f"  {name:<13} {row}" for name, row in rows.items())


def _traffic(service: MistralService) -> str:
    traffic = service.spec.traffic
    if isinstance(traffic, Recorded):
        return f"the {traffic.trace.format} trace {traffic.trace.file}"
    prompt, answer = _length(traffic.prompt_tokens), _length(traffic.output_tokens)
    return f"{traffic.rate:g} req/s, {traffic.shape.kind}; {prompt} prompt tokens, {answer} output tokens"


def _length(length: Mean | Percentiles) -> str:
    return f"{length.mean:g}" if isinstance(length, Mean) else f"{length.p50:g} (p95 {length.p95:g})"


def _objectives(service: MistralService) -> str:
    wanted = service.spec.objectives
    return (
        f"TTFT p{wanted.ttft.percentile:g} {show_seconds(wanted.ttft.within)}, "
        f"TPOT p{wanted.tpot.percentile:g} {show_seconds(wanted.tpot.within)}, "
        f"availability {100 * wanted.availability:g}%"
    )
