"""`tracker callbacks`: what came in and was odd, on a running service."""

import time
from datetime import timedelta
from typing import Any

import click

from tracker.cli.command import Group, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit, print_fields, print_note
from tracker.cli.table import Column, print_table
from tracker.cli.types import DURATION, RECEIPT_ID, make_choice
from tracker.cli.visible import escape_hidden
from tracker.cli.words import format_value
from tracker.clock import SystemClock
from tracker.domain.rendering import format_instant

VERDICTS = (
    "conflict",
    "unknown_status",
    "mismatch",
    "unknown_task",
    "malformed",
    "forged",
    "unconfirmed",
)
"""Verdicts that the list can be asked for; a test compares them with the service's."""
_COLUMNS = (
    Column("id", "id"),
    Column("verdict", "state"),
    Column("received_at", "time"),
    Column("provider"),
    Column("task_id"),
    Column("size_bytes"),
    Column("dismissed_by"),
    Column("reason", "text"),
)
_STEPS = (
    Column("task_id"),
    Column("version"),
    Column("from_state", "state"),
    Column("to_state", "state"),
    Column("kind"),
)
_DIFFERENCES = (
    Column("task_id", "id"),
    Column("sort"),
    Column("receipt_id", "id"),
    Column("state", "state"),
    Column("read_as", "state"),
    Column("fields", "text"),
)
_LOOK_S = 0.5
"""Seconds between two looks at how far a run is."""
_YES = click.option("--yes", is_flag=True, help="Do it; without this, nothing is changed.")


@click.group(
    cls=Group,
    epilog=format_examples(
        "tracker callbacks list --verdict malformed",
        "tracker callbacks show RECEIPT_ID",
        "tracker callbacks dismiss RECEIPT_ID",
        "tracker callbacks attach RECEIPT_ID TASK_ID",
        "tracker callbacks replay RECEIPT_ID",
        "tracker callbacks reread --provider NAME",
    ),
)
def callbacks() -> None:
    """List odd callbacks, show their evidence, settle them or put them aside."""


@callbacks.command(
    "list",
    epilog=format_examples(
        "tracker callbacks list",
        "tracker callbacks list --verdict conflict --verdict mismatch",
        "tracker callbacks list --dismissed",
    ),
)
@add_connection_options
@click.option(
    "--verdict",
    multiple=True,
    type=make_choice(VERDICTS),
    help="Only with this verdict. Repeatable.",
)
@click.option("--provider", help="Only of this provider.")
@click.option("--dismissed", is_flag=True, help="Only what was put aside, in place of the rest.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option("--after", help="next_cursor of the page before.")
@WIDE
def list_(
    *, connection: ConnectionOptions, output: str, wide: bool, dismissed: bool, **given: Any
) -> None:
    """List callbacks that may need a human, newest first."""
    params = {name: value for name, value in given.items() if value not in (None, ())}
    params["dismissed"] = str(dismissed).lower()
    with connection.open() as server:
        page = server.get("/v1/receipts", params=params)
    rows = [
        one | {"id": f"r{one['id']}", "dismissed_by": (one["dismissal"] or {}).get("actor")}
        for one in page["receipts"]
    ]
    emit(output, page, lambda: print_table("callbacks", _COLUMNS, rows, wide=wide))


@callbacks.command()
@add_connection_options
@click.argument("receipt_id", type=RECEIPT_ID)
def show(*, connection: ConnectionOptions, output: str, receipt_id: str) -> None:
    """Show one with its headers and its body."""
    with connection.open() as server:
        whole = server.get(f"/v1/receipts/{receipt_id}")
    emit(output, whole, lambda: _print_whole(whole))


@callbacks.command(epilog=format_examples("tracker callbacks dismiss RECEIPT_ID RECEIPT_ID"))
@add_connection_options
@click.argument("receipt_id", type=RECEIPT_ID, nargs=-1, required=True)
def dismiss(*, connection: ConnectionOptions, output: str, receipt_id: tuple[str, ...]) -> None:
    """Put callbacks aside: attention shows them no more, their history stays."""
    with connection.open() as server:
        done = [{"id": id_} | server.post(f"/v1/receipts/{id_}/dismiss") for id_ in receipt_id]
    emit(output, {"dismissed": done}, lambda: print_note(f"dismissed: {', '.join(receipt_id)}"))


@callbacks.command(
    epilog=format_examples(
        "tracker callbacks replay RECEIPT_ID               # a dry run",
        "tracker callbacks replay RECEIPT_ID --yes",
    )
)
@add_connection_options
@click.argument("receipt_id", type=RECEIPT_ID)
@_YES
def replay(*, connection: ConnectionOptions, output: str, receipt_id: str, yes: bool) -> None:
    """Judge a callback again by today's rules, or only say what would come of it."""
    _read_again(connection, f"{receipt_id}/replay", {"dry_run": not yes}, output)


@callbacks.command(
    epilog=format_examples(
        "tracker callbacks attach RECEIPT_ID TASK_ID       # a dry run",
        "tracker callbacks attach RECEIPT_ID TASK_ID --yes",
    )
)
@add_connection_options
@click.argument("receipt_id", type=RECEIPT_ID)
@click.argument("task_id")
@_YES
def attach(
    *, connection: ConnectionOptions, output: str, receipt_id: str, task_id: str, yes: bool
) -> None:
    """Give a quarantined callback to the task that it belongs to.

    You answer for where it comes from; what it does to the task, the rules decide.
    """
    body = {"task_id": task_id, "dry_run": not yes}
    _read_again(connection, f"{receipt_id}/attach", body, output)


@callbacks.command(
    epilog=format_examples(
        "tracker callbacks reread --provider NAME --since 30d        # a dry run",
        "tracker callbacks reread --provider NAME --verdict unknown_status --apply",
    )
)
@add_connection_options
@click.option("--provider", required=True, help="Whose receipts are read again.")
@click.option("--since", type=DURATION, help="Received within this time, e.g. 12h or 30d.")
@click.option(
    "--verdict",
    multiple=True,
    type=make_choice(("advanced", "duplicate", "stale", *VERDICTS)),
    help="Only of tasks with a receipt of this verdict. Repeatable.",
)
@click.option("--task", "task_id", help="Only this task.")
@click.option("--apply", "is_applied", is_flag=True, help="Do it; without this, only count.")
@click.option("--notify", is_flag=True, help="Tell subscribers of each corrected task.")
@click.option("--background", is_flag=True, help="Do not wait for its end.")
def reread(  # noqa: PLR0913 - one parameter per option
    *,
    connection: ConnectionOptions,
    output: str,
    provider: str,
    since: timedelta | None,
    verdict: tuple[str, ...],
    task_id: str | None,
    is_applied: bool,
    notify: bool,
    background: bool,
) -> None:
    """Read all receipts of a provider again, and correct the tasks that they say more of today.

    Verdicts stay: what contradicts one is listed, and changes nothing.
    """
    body = {
        "provider": provider,
        "since": None if since is None else format_instant(SystemClock().now() - since),
        "verdict": list(verdict),
        "task_id": task_id,
        "dry_run": not is_applied,
        "notify": notify,
    }
    with connection.open() as server:
        run = server.post("/v1/rereads", json=body)
        while run["state"] == "running" and not background:
            time.sleep(_LOOK_S)
            run = server.get(f"/v1/rereads/{run['id']}")
    emit(output, run, lambda: _print_reread(run))


def _print_reread(run: dict[str, Any]) -> None:
    left_out = ("counts", "differences", "filter")
    print_fields({name: value for name, value in run.items() if name not in left_out})
    print_fields(run["counts"])
    rows = [one | {"fields": ", ".join(one["fields"])} for one in run["differences"]]
    print_table("differences", _DIFFERENCES, rows, wide=True)
    if run["dry_run"] and (run["counts"]["richer"] or run["counts"]["freed"]):
        print_note("nothing was changed; do it with --apply")


def _read_again(
    connection: ConnectionOptions, path: str, body: dict[str, Any], output: str
) -> None:
    with connection.open() as server:
        found = server.post(f"/v1/receipts/{path}", json=body)

    def show_() -> None:
        fields = {name: value for name, value in found.items() if name != "steps"}
        print_fields({name: value for name, value in fields.items() if value is not None})
        print_table("steps", _STEPS, found["steps"], wide=True)
        if found["dry_run"]:
            print_note("nothing was changed; do it with --yes")

    emit(output, found, show_)


def _print_whole(whole: dict[str, Any]) -> None:
    fields = {name: value for name, value in whole.items() if name not in ("headers", "body")}
    dismissal = fields.pop("dismissal")
    if dismissal:
        fields["dismissed"] = f"{dismissal['dismissed_at']} {dismissal['actor']}"
    print_fields({name: value for name, value in fields.items() if value is not None})
    click.echo()
    for name, value in whole["headers"].items():
        click.echo(f"{name}: {format_value(value)}")
    click.echo()
    click.echo(escape_hidden(whole["body"]))
