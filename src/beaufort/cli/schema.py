"""``beaufort schema``: the JSON Schema of the service file, or its reference page."""

from __future__ import annotations

import click

from beaufort.cli.output import output_option, print_json
from beaufort.spec import schema as service_schema
from beaufort.spec.reference import reference


@click.command(epilog="Example: beaufort schema > service-file.schema.json")
@output_option("json", "markdown")
def schema(output: str) -> None:
    """Print the JSON Schema of the service file, or its reference page."""
    if output == "json":
        print_json(service_schema())
    else:
        click.echo(reference(), nl=False)
