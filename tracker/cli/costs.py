"""`tracker costs`: what tasks cost, by day, provider, account, operation or key."""

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit
from tracker.cli.table import Column, print_table

_GROUPS = ("day", "provider", "account", "operation", "key")
_AMOUNTS = (
    *("total", "settled", "estimated", "reserved", "possible"),
    *("refunded", "refunded_in_excess"),
)


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker costs",
        "tracker costs --since 2026-11-01 --by provider --by key",
        "tracker costs --csv > costs.csv",
    ),
)
@add_connection_options
@click.option(
    "--since", metavar="DAY", help="First day, UTC.  [default: the first of the last day's month]"
)
@click.option("--until", metavar="DAY", help="Last day, UTC.  [default: today]")
@click.option(
    "--by",
    multiple=True,
    type=click.Choice(_GROUPS),
    help="What costs are told apart by; repeatable.  [default: day, provider]",
)
@click.option("--csv", "is_csv", is_flag=True, help="Print comma-separated values.")
@WIDE
def costs(  # noqa: PLR0913 - one parameter per option
    *,
    connection: ConnectionOptions,
    output: str,
    since: str | None,
    until: str | None,
    by: tuple[str, ...],
    is_csv: bool,
    wide: bool,
) -> None:
    """Show what tasks cost: expected, charged and given back."""
    params = [("by", one) for one in by]
    params += [(name, day) for name, day in (("since", since), ("until", until)) if day]
    with connection.open() as server:
        if is_csv:
            answer = server.send("GET", "/v1/costs", params=[*params, ("format", "csv")])
            click.echo(answer.text, nl=False)
            return
        found = server.get("/v1/costs", params=params)
    rows = [one | {"in": one["currency"] or one["unit"] or one["kind"]} for one in found["costs"]]
    columns = (
        *(Column("key_name" if one == "key" else one, "id") for one in found["by"]),
        Column("in"),
        *map(Column, _AMOUNTS),
    )
    title = f"costs from {found['since']} to {found['until']}"
    emit(output, found, lambda: print_table(title, columns, rows, wide=wide))
