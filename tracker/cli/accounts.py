"""`tracker accounts`: the provider accounts of a running service."""

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit
from tracker.cli.table import Column, print_table

_COLUMNS = (
    Column("provider", "id"),
    Column("name", "id"),
    Column("status", "state"),
    Column("has_credentials"),
    Column("profile"),
    Column("weight"),
    Column("slots_held"),
    Column("max_in_flight"),
    Column("reason", "text"),
)


@click.command(
    cls=Command, epilog=format_examples("tracker accounts", "tracker accounts --output json")
)
@add_connection_options
@WIDE
def accounts(*, connection: ConnectionOptions, output: str, wide: bool) -> None:
    """List the provider accounts, without their secrets, and how they fare."""
    with connection.open() as server:
        found = server.get("/v1/accounts")
    rows = [one | one["health"] | {"slots_held": one["slots"]["held"]} for one in found["accounts"]]
    emit(output, found, lambda: print_table("accounts", _COLUMNS, rows, wide=wide))
