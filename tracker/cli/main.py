"""The `tracker` command: one group, one file per command.

A command's module is imported when it is asked for: `serve` need not hold what the demo needs.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from tracker import __version__, lean  # noqa: F401  # lean: before what it is about

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "demo": "tracker.cli.demo",
        "serve": "tracker.cli.serve",
        "worker": "tracker.cli.worker",
        "migrate": "tracker.cli.migrate",
        "emulate": "tracker.cli.emulate",
        "submit": "tracker.cli.submit",
        "tasks": "tracker.cli.tasks",
        "doctor": "tracker.cli.doctor",
        "openapi": "tracker.cli.openapi",
        "keys": "tracker.cli.keys",
        "endpoints": "tracker.cli.endpoints",
        "deliveries": "tracker.cli.deliveries",
        "listen": "tracker.cli.listen",
        "tail": "tracker.cli.tail",
        "completion": "tracker.cli.completion",
    }
)
"""Where each command is; it has its own name there."""


class Commands(click.Group):
    """Knows its commands by name and imports them one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command."""
        del ctx
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        found: click.Command = getattr(import_module(place), cmd_name)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tracker")
def main() -> None:
    """Submit media-generation tasks, receive their callbacks, keep their history."""
