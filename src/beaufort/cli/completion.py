"""``beaufort completion``: the script that completes verbs and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(epilog="Example: beaufort completion bash > ~/.local/share/bash-completion/completions/beaufort")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL."""
    script = get_completion_class(shell)
    if script is None:  # pragma: no cover - the three are click's own
        raise click.BadParameter(shell)
    click.echo(script(ctx.find_root().command, {}, "beaufort", "_BEAUFORT_COMPLETE").source())
