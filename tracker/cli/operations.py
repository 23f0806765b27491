"""`tracker operations`: what can be submitted to a running service."""

from typing import Any

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit, emit_json, fail
from tracker.cli.table import Column, print_table

_COLUMNS = (Column("provider", "id"), Column("operation", "id"), Column("required", "text"))


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker operations", "tracker operations OPERATION --provider PROVIDER"
    ),
)
@add_connection_options
@click.argument("operation", required=False)
@click.option("--provider", help="Only of this provider.")
@WIDE
def operations(
    *,
    connection: ConnectionOptions,
    output: str,
    operation: str | None,
    provider: str | None,
    wide: bool,
) -> None:
    """List what can be submitted, or print the JSON Schema and an example of one."""
    given = {"provider": provider, "operation": operation}
    params = {name: value for name, value in given.items() if value is not None}
    with connection.open() as server:
        found = server.get("/v1/operations", params=params)
    if operation is not None and not found["operations"]:
        fail("no account serves such an operation")
    emit(output, found, lambda: _print(found["operations"], whole=operation is not None, wide=wide))


def _print(found: list[dict[str, Any]], *, whole: bool, wide: bool) -> None:
    if not whole:
        rows = [one | {"required": ", ".join(one["schema"].get("required", ()))} for one in found]
        print_table("operations", _COLUMNS, rows, wide=wide)
        return
    for one in found:
        emit_json(one, indent=2)
