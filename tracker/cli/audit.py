"""`tracker audit`: who did what on a running service."""

from typing import Any

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit
from tracker.cli.table import Column, print_table

_COLUMNS = (
    Column("at", "time"),
    Column("action"),
    Column("target", "id"),
    Column("number"),
    Column("actor", "text"),
    Column("request_id"),
)


@click.command(
    cls=Command,
    epilog=format_examples("tracker audit", "tracker audit --action tasks.cancel --limit 200"),
)
@add_connection_options
@click.option("--action", help="Only this action, e.g. tasks.cancel.")
@click.option("--target", help="Only what was done to the object of this id.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--after", help="next_cursor of the page before.")
@WIDE
def audit(*, connection: ConnectionOptions, output: str, wide: bool, **given: Any) -> None:
    """Show who did what, to what and when, newest first."""
    params = {name: value for name, value in given.items() if value is not None}
    with connection.open() as server:
        page = server.get("/v1/audit", params=params)
    emit(output, page, lambda: print_table("audit", _COLUMNS, page["entries"], wide=wide))
