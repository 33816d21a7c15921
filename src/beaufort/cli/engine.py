"""``beaufort engine``: one engine as a process, a real model or an emulated accelerator."""

from __future__ import annotations

import click


class Kinds(click.Group):
    """The kinds of engine; each is imported only when it is called, since a real one is heavy."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Return the kinds."""
        return ["openvino", "emulated"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one kind."""
        if cmd_name == "openvino":
            from beaufort.cli.engine_openvino import openvino  # noqa: PLC0415 - see the class

            return openvino
        if cmd_name == "emulated":
            from beaufort.cli.engine_emulated import emulated  # noqa: PLC0415 - see the class

            return emulated
        return None


@click.group(cls=Kinds, epilog="Example: beaufort engine openvino --model demo --port 9001")
def engine() -> None:
    """Run one engine: a real model on this machine's processors, or the timing of an accelerator without one."""
