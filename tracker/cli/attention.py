"""`tracker attention`: what needs a human."""

from collections.abc import Sequence
from typing import Any

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.language import translate_text
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit
from tracker.cli.table import Column, print_table
from tracker.cli.visible import escape_hidden

_STUCK = (
    Column("task_id", "id"),
    Column("state", "state"),
    Column("since", "time"),
    Column("operation"),
    Column("message", "text"),
)
_SECTIONS: Sequence[tuple[str, Sequence[Column]]] = (
    (
        "conditions",
        (
            Column("name", "id"),
            Column("provider"),
            Column("account"),
            Column("raised_at", "time"),
            Column("reason", "text"),
        ),
    ),
    (
        "endpoints",
        (
            Column("endpoint_id", "id"),
            Column("state", "state"),
            Column("cause", "whole"),
            Column("failing_since", "time"),
            Column("owed"),
            Column("url", "text"),
            Column("last_error", "text"),
            Column("reason", "text"),
        ),
    ),
    ("overdue", _STUCK),
    ("uncertain", _STUCK),
    ("blocked", _STUCK),
    ("without_result", _STUCK),
    ("denied", _STUCK),
    ("doubtful", _STUCK),
    ("lost_files", _STUCK),
    (
        "unknown_words",
        (
            Column("word", "id"),
            Column("provider"),
            Column("count"),
            Column("last_at", "time"),
            Column("task_id"),
        ),
    ),
)
_FORGERIES = (
    Column("sender", "id"),
    Column("count"),
    Column("last_at", "time"),
    Column("provider"),
    Column("subject", "text"),
)
_RECEIPTS = (
    Column("receipt_id", "id"),
    Column("verdict", "state"),
    Column("received_at", "time"),
    Column("task_id"),
    Column("provider"),
    Column("reason", "text"),
)


@click.command(
    cls=Command, epilog=format_examples("tracker attention", "tracker attention --output json")
)
@add_connection_options
@WIDE
def attention(*, connection: ConnectionOptions, output: str, wide: bool) -> None:
    """Show what needs a human: conditions, endpoints, overdue and uncertain tasks, odd receipts."""
    with connection.open() as server:
        found = server.get("/v1/attention")
    emit(output, found, lambda: _print(found, wide=wide))


def _print(found: dict[str, Any], *, wide: bool) -> None:
    parts = [(name, columns, found.get(name) or []) for name, columns in _SECTIONS]
    receipts = [
        one | {"verdict": verdict}
        for verdict, some in found.get("receipts", {}).items()
        if isinstance(some, list)
        for one in some
    ]
    parts.append(("receipts", _RECEIPTS, receipts))
    parts.append(("forgeries", _FORGERIES, found.get("forgeries", {}).get("kinds") or []))
    shown = [part for part in parts if part[2]]
    for number, (name, columns, rows) in enumerate(shown):
        if number:
            click.echo()
        print_table(name, columns, rows, wide=wide)
        for cause, advice in _list_advice(rows).items():
            click.echo(f"{escape_hidden(cause)}: {escape_hidden(translate_text(advice))}")
    if not shown:
        click.echo(translate_text("nothing needs attention"))


def _list_advice(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return what to do about the rows of a table, once for each cause."""
    told = ((str(one["cause"]), one.get("advice")) for one in rows if one.get("cause"))
    return {cause: advice for cause, advice in told if isinstance(advice, str)}
