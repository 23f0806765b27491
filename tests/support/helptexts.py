"""Gather the texts of every help page."""

from collections.abc import Iterator

import click

from tracker.cli.command import LazyGroup


def iterate_help_texts(command: click.Command) -> Iterator[str]:
    """Yield each text that the help of a command, and of those below it, shows."""
    yield from filter(None, (command.help, command.short_help))
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield parameter.help
    if isinstance(command, LazyGroup):
        for title, rows in command.sections:
            yield title
            yield from (summary for _, _, summary in rows)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from iterate_help_texts(inner)
