"""`tracker stats`: how many tasks stand where, how they ended, how fast and at what cost."""

from typing import Any

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit, print_fields, print_note
from tracker.cli.table import Column, print_table

_COLUMNS = (
    Column("provider", "id"),
    Column("account", "id"),
    Column("succeeded"),
    Column("failed"),
    Column("expired"),
    Column("cancelled"),
    Column("by_callback"),
    Column("p50_s"),
    Column("p99_s"),
    Column("costs", "text"),
)


@click.command(cls=Command, epilog=format_examples("tracker stats", "tracker stats --hours 168"))
@add_connection_options
@click.option(
    "--hours", type=click.IntRange(1), default=24, show_default=True, help="How far back."
)
@click.option("--by-hour", is_flag=True, help="Hour by hour besides.")
@WIDE
def stats(
    *, connection: ConnectionOptions, output: str, hours: int, by_hour: bool, wide: bool
) -> None:
    """Show counts by state, latencies, the share of callbacks, and costs."""
    params = {"hours": hours} | ({"by": "hour"} if by_hour else {})
    with connection.open() as server:
        found = server.get("/v1/stats", params=params)
    emit(output, found, lambda: _print(found, wide=wide))


def _print(found: dict[str, Any], *, wide: bool) -> None:
    click.secho("open now", bold=True)
    print_fields(found["open"])
    for title, part in ((f"ended since {found['since']}", "lately"), ("ended ever", "ever")):
        click.echo()
        print_table(title, _COLUMNS, [_build_row(one) for one in found[part]], wide=wide)
    for hour in found["hours"] or ():
        click.echo()
        rows = [_build_row(one) for one in hour["accounts"]]
        print_table(f"ended in the hour of {hour['hour']}", _COLUMNS, rows, wide=wide)
    if not found["is_whole"]:
        print_note("no worker counts at present: the newest ends are missing")


def _build_row(one: dict[str, Any]) -> dict[str, Any]:
    ratio = one["callback_ratio"]
    return {
        "provider": one["provider"],
        "account": one["account"],
        **one["ended"],
        "by_callback": None if ratio is None else f"{ratio:.0%}",
        "p50_s": one["latency_s"]["p50"],
        "p99_s": one["latency_s"]["p99"],
        "costs": one["costs"],
    }
