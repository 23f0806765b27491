"""`tracker version`: of the command, and of the service that it would talk to."""

import platform

import click

from tracker import __version__
from tracker.cli.command import Command
from tracker.cli.language import translate_text
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import emit, print_fields


@click.command(cls=Command)
@add_connection_options
def version(*, connection: ConnectionOptions, output: str) -> None:
    """Print the versions of this command, of Python, and of the service if it answers."""
    found = {"tracker": __version__, "python": platform.python_version()}
    with connection.open() as server:
        found["url"] = server.shown_url
        found["service"] = server.read_version() or "does not answer"
    told = found | {"service": translate_text(found["service"])}
    emit(output, found, lambda: print_fields(told))
