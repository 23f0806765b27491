"""`tracker system`: versions, processes and what is behind, of a running service."""

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit, print_fields
from tracker.cli.table import Column, print_table

_PROCESSES = (
    Column("id", "id"),
    Column("is_worker"),
    Column("seen_at", "time"),
    Column("ahead_ms"),
)
_DUE = (Column("kind"), Column("count"), Column("oldest_due_at", "time"))


@click.command(
    cls=Command, epilog=format_examples("tracker system", "tracker system --output json")
)
@add_connection_options
@WIDE
def system(*, connection: ConnectionOptions, output: str, wide: bool) -> None:
    """Show versions, the processes on the database, and what work is due."""
    with connection.open() as server:
        found = server.get("/v1/system")
    there = found["installation"] or {}

    def show() -> None:
        lists = ("processes", "due")
        print_fields({"version": found["version"]} | {k: there[k] for k in there if k not in lists})
        if there:
            print_table("processes", _PROCESSES, there["processes"], wide=wide)
            print_table("due", _DUE, there["due"], wide=wide)

    emit(output, found, show)
