"""`tracker deliveries`: what was told to whom, on a running service."""

from typing import Any

import click

from tracker.cli.remote import KEY, URL, connect
from tracker.cli.shared import OUTPUT, emit, fail, print_fields, print_table

FILTERS = (
    click.option("--state", multiple=True, help="Only in this state. Repeatable."),
    click.option("--endpoint", "endpoint_id", help="Only to this endpoint."),
    click.option("--task", "task_id", help="Only about this task."),
    click.option("--event", multiple=True, help="Only of this type. Repeatable."),
    click.option("--created-after", help="RFC 3339."),
    click.option("--created-before", help="RFC 3339."),
)


def filters(command: Any) -> Any:
    """Which deliveries, as options."""
    for option in reversed(FILTERS):
        command = option(command)
    return command


@click.group()
def deliveries() -> None:
    """Look at deliveries, and send them once more."""


@deliveries.command("list")
@URL
@KEY
@OUTPUT
@filters
@click.option("--undelivered", is_flag=True, help="Only what is still owed.")
@click.option("--failing", is_flag=True, help="Only what is still owed after a failed attempt.")
@click.option("--limit", type=int, default=50, show_default=True)
def list_(*, url: str, api_key: str | None, output: str, **given: Any) -> None:
    """Newest first."""
    for flag in ("undelivered", "failing"):
        given[flag] = "true" if given[flag] else None
    params = {name: value for name, value in given.items() if value not in (None, ())}
    with connect(url, api_key) as server:
        page = server.get("/v1/deliveries", params=params)
    columns = ("id", "event", "url", "state", "attempts", "last_status", "last_error")
    rows = [[one[column] for column in columns] for one in page["deliveries"]]
    emit(output, page, lambda: print_table("deliveries", columns, rows))


@deliveries.command()
@URL
@KEY
@OUTPUT
@click.argument("delivery_id")
def show(*, url: str, api_key: str | None, output: str, delivery_id: str) -> None:
    """One delivery with its body and every attempt."""
    with connect(url, api_key) as server:
        whole = server.get(f"/v1/deliveries/{delivery_id}")
    emit(output, whole, lambda: _print_whole(whole))


@deliveries.command()
@URL
@KEY
@OUTPUT
@filters
@click.option("--yes", is_flag=True, help="Do it; without this, many are only counted (a dry run).")
@click.argument("delivery_id", required=False)
def redeliver(
    *,
    url: str,
    api_key: str | None,
    output: str,
    yes: bool,
    delivery_id: str | None,
    **given: Any,
) -> None:
    """Send one once more, or all that the filters match (failed and cancelled ones by default)."""
    body = {name: value for name, value in given.items() if value not in (None, ())}
    if delivery_id is not None and body:
        fail("give either a delivery or filters")
    with connect(url, api_key) as server:
        if delivery_id is not None:
            answer = server.send("POST", f"/v1/deliveries/{delivery_id}/redeliver").json()
        else:
            for name in ("state", "event"):
                if name in body:
                    body[name] = list(body[name])
            body["dry_run"] = not yes
            answer = server.send("POST", "/v1/deliveries/redeliver", json=body).json()
    emit(output, answer, lambda: print_fields(answer))


def _print_whole(whole: dict[str, Any]) -> None:
    print_fields(whole["delivery"])
    click.echo()
    columns = ("at", "status", "latency_ms", "error", "answer")
    rows = [[made[column] for column in columns] for made in whole["attempts"]]
    print_table("attempts", columns, rows)
    click.echo()
    click.echo(whole["body"])
