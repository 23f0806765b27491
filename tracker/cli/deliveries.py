"""`tracker deliveries`: what was told to whom, on a running service."""

from typing import Any

import click

from tracker.cli.command import Group, add_options, format_examples
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit, fail, print_fields, print_note
from tracker.cli.table import Column, print_table
from tracker.cli.types import EVENT_TYPE, INSTANT, make_choice
from tracker.cli.visible import escape_hidden
from tracker.domain.delivery import DeliveryState

_add_filters = add_options(
    [
        click.option(
            "--state",
            multiple=True,
            type=make_choice(state.value for state in DeliveryState),
            help="Only in this state. Repeatable.",
        ),
        click.option("--endpoint", "endpoint_id", help="Only to this endpoint."),
        click.option("--task", "task_id", help="Only about this task."),
        click.option(
            "--event",
            multiple=True,
            type=EVENT_TYPE,
            metavar="TYPE",
            help="Only of this type, e.g. task.succeeded. Repeatable.",
        ),
        click.option("--created-after", type=INSTANT, help="Written down later, e.g. 2026-11-28."),
        click.option("--created-before", type=INSTANT, help="Written down earlier."),
    ]
)
_COLUMNS = (
    Column("id", "id"),
    Column("state", "state"),
    Column("event"),
    Column("attempts"),
    Column("next_attempt_at", "time"),
    Column("last_status"),
    Column("created_at", "time"),
    Column("task_id"),
    Column("url", "text"),
    Column("last_error", "text"),
)
_ATTEMPTS = (
    Column("at", "id"),
    Column("status"),
    Column("latency_ms"),
    Column("error", "text"),
    Column("answer", "text"),
)


@click.group(
    cls=Group,
    epilog=format_examples(
        "tracker deliveries list --failing",
        "tracker deliveries show DELIVERY_ID",
        "tracker deliveries redeliver --created-after 2026-11-28         # a dry run",
        "tracker deliveries redeliver --created-after 2026-11-28 --yes",
    ),
)
def deliveries() -> None:
    """List deliveries, and send them again."""


@deliveries.command("list")
@add_connection_options
@_add_filters
@click.option("--undelivered", is_flag=True, help="Only what is still owed.")
@click.option("--failing", is_flag=True, help="Only what is still owed after a failed attempt.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@WIDE
def list_(*, connection: ConnectionOptions, output: str, wide: bool, **given: Any) -> None:
    """List deliveries, newest first."""
    for flag in ("undelivered", "failing"):
        given[flag] = "true" if given[flag] else None
    params = {name: value for name, value in given.items() if value not in (None, ())}
    with connection.open() as server:
        page = server.get("/v1/deliveries", params=params)
    emit(output, page, lambda: print_table("deliveries", _COLUMNS, page["deliveries"], wide=wide))


@deliveries.command()
@add_connection_options
@click.argument("delivery_id")
def show(*, connection: ConnectionOptions, output: str, delivery_id: str) -> None:
    """Show one delivery with its body and every attempt."""
    with connection.open() as server:
        whole = server.get(f"/v1/deliveries/{delivery_id}")
    emit(output, whole, lambda: _print_whole(whole))


@deliveries.command(
    epilog=format_examples(
        "tracker deliveries redeliver DELIVERY_ID",
        "tracker deliveries redeliver --endpoint ENDPOINT_ID --state failed --yes",
    )
)
@add_connection_options
@_add_filters
@click.option("--yes", is_flag=True, help="Do it; without this, many are only counted (a dry run).")
@click.argument("delivery_id", required=False)
def redeliver(
    *,
    connection: ConnectionOptions,
    output: str,
    yes: bool,
    delivery_id: str | None,
    **given: Any,
) -> None:
    """Send one again, or all that the filters match.

    Without --state the filters match failed and cancelled deliveries.
    """
    body = {name: value for name, value in given.items() if value not in (None, ())}
    if delivery_id is not None and body:
        fail("give either a delivery or filters")
    with connection.open() as server:
        if delivery_id is not None:
            answer = server.post(f"/v1/deliveries/{delivery_id}/redeliver")
        else:
            for name in ("state", "event"):
                if name in body:
                    body[name] = list(body[name])
            body["dry_run"] = not yes
            answer = server.post("/v1/deliveries/redeliver", json=body)
    emit(output, answer, lambda: print_fields(answer))
    if answer.get("dry_run") and answer["matching"]:
        print_note("nothing was sent; add --yes to send them")


def _print_whole(whole: dict[str, Any]) -> None:
    print_fields(whole["delivery"])
    click.echo()
    print_table("attempts", _ATTEMPTS, whole["attempts"])
    click.echo()
    click.echo(escape_hidden(whole["body"]))
