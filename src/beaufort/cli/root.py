"""The root command: a map of the verbs, each loaded only when it is called."""

from __future__ import annotations

import importlib

import click

from beaufort import __version__

# One row per verb, in the order a newcomer meets them. The module of a verb is beaufort.cli.<verb>.
MAP: dict[str, dict[str, str]] = {
    "Start here": {
        "up": "Serve a real model on this machine",
        "init": "Write a commented service file",
        "validate": "Check a service file, every mistake at once",
        "schema": "Print the JSON Schema of the service file",
        "plan": "Plan a service: accelerators, replicas, cost, and why",
    },
    "On Kubernetes": {
        "deploy": "Deploy a service, until its model answers",
        "diff": "Show what a deployment would change",
        "status": "Show how a deployed service is, and what is wrong",
        "logs": "Show what engines and gateways say",
        "destroy": "Remove a deployed service",
        "doctor": "Check this machine and a cluster, with what to do",
        "render": "Write the manifests of a plan",
    },
    "The parts, one by one": {
        "engine": "Run one engine: a real model, or an emulated accelerator",
        "gateway": "Run the gateway in front of engines",
    },
    "The shell": {
        "completion": "Print the completion script for bash, zsh or fish",
    },
}


class Map(click.Group):
    """A group that shows ``MAP`` without importing any verb, and imports just the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Return every verb, in the order of the map."""
        return [verb for verbs in MAP.values() for verb in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb, or None when there is no such verb."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = getattr(importlib.import_module(f"beaufort.cli.{cmd_name}"), cmd_name)
        if not isinstance(command, click.Command):
            message = f"beaufort.cli.{cmd_name}.{cmd_name} is no command"
            raise TypeError(message)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the map, section by section."""
        width = max(len(verb) for verbs in MAP.values() for verb in verbs)
        for title, verbs in MAP.items():
            with formatter.section(title):
                formatter.write_dl([(verb.ljust(width), line) for verb, line in verbs.items()])


@click.group(
    cls=Map,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 1 failed, 2 unusable input, 3 something outside missing or busy.",
)
@click.version_option(__version__, prog_name="beaufort")
def beaufort() -> None:
    """Mistral models on Kubernetes, at any force of traffic.

    \b
    Example: serve a real model on this machine and ask it something
      beaufort up
      curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \\
        -d '{"model": "demo", "messages": [{"role": "user", "content": "Hello!"}]}'
    """  # noqa: D301 - \b is click's mark for text that must not be wrapped
