"""`tracker endpoints`: where subscribers are told, on a running service."""

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import Group, add_options, format_examples
from tracker.cli.exits import FAILED, TIMED_OUT
from tracker.cli.remote import ConnectionOptions, add_connection_options
from tracker.cli.shared import WIDE, emit, print_fields, print_note
from tracker.cli.table import Column, print_table
from tracker.cli.types import EVENT_TYPE, split_pair

if TYPE_CHECKING:
    from tracker.cli.server import Server

LOOK_EVERY_S = 0.2
_add_fields = add_options(
    [
        click.option("--description", help="For people."),
        click.option(
            "--event",
            "event_types",
            multiple=True,
            type=EVENT_TYPE,
            metavar="TYPE",
            help="Only this type, e.g. task.succeeded. Repeatable.",
        ),
        click.option("--provider", "providers", multiple=True, help="Only at these. Repeatable."),
        click.option("--operation", "operations", multiple=True, help="Only of these. Repeatable."),
        click.option("--metadata", multiple=True, help="Only with KEY=VALUE. Repeatable."),
        click.option("--payload", type=click.Choice(["thin", "full"]), help="How much is told."),
        click.option("--ordered/--unordered", default=None, help="A task's changes one by one."),
    ]
)
_COLUMNS = (
    Column("id", "id"),
    Column("state", "state"),
    Column("url", "text"),
    Column("event_types", "text", empty="all"),
    Column("failing_since", "time"),
    Column("description", "text"),
)
_LISTS = ("event_types", "providers", "operations", "metadata")
"""Empty, these let everything through."""


@click.group(
    cls=Group,
    epilog=format_examples(
        "tracker endpoints create https://example.com/hook --event task.succeeded",
        "tracker endpoints test ENDPOINT_ID",
        "tracker endpoints rotate-secret ENDPOINT_ID",
    ),
)
def endpoints() -> None:
    """Create, test, pause and delete the endpoints that get webhooks."""


@endpoints.command("list")
@add_connection_options
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@WIDE
def list_(*, connection: ConnectionOptions, output: str, limit: int, wide: bool) -> None:
    """List endpoints, newest first."""
    with connection.open() as server:
        page = server.get("/v1/endpoints", params={"limit": limit})
    emit(output, page, lambda: print_table("endpoints", _COLUMNS, page["endpoints"], wide=wide))


@endpoints.command()
@add_connection_options
@click.argument("endpoint_id")
def show(*, connection: ConnectionOptions, output: str, endpoint_id: str) -> None:
    """Show one endpoint; its secret is shown nowhere."""
    _do(connection, output, "GET", f"/v1/endpoints/{endpoint_id}")


@endpoints.command(
    epilog=format_examples(
        "tracker endpoints create https://example.com/hook",
        "tracker endpoints create https://example.com/hook --event task.succeeded --payload thin",
    )
)
@add_connection_options
@_add_fields
@click.argument("endpoint_url", metavar="TARGET_URL")
def create(*, connection: ConnectionOptions, output: str, endpoint_url: str, **given: Any) -> None:
    """Create an endpoint for TARGET_URL. Its secret is shown this once."""
    body = {"url": endpoint_url} | _build_body(given)
    _do(connection, output, "POST", "/v1/endpoints", json=body)
    print_note("keep the secret now: it is not shown again")


@endpoints.command()
@add_connection_options
@_add_fields
@click.option("--target-url", help="Where it is to be told from now on.")
@click.argument("endpoint_id")
def change(
    *,
    connection: ConnectionOptions,
    output: str,
    endpoint_id: str,
    target_url: str | None,
    **given: Any,
) -> None:
    """Replace what is given; the rest stays."""
    body = _build_body(given) | ({"url": target_url} if target_url else {})
    _do(connection, output, "PATCH", f"/v1/endpoints/{endpoint_id}", json=body)


@endpoints.command()
@add_connection_options
@click.argument("endpoint_id")
def delete(*, connection: ConnectionOptions, output: str, endpoint_id: str) -> None:
    """Delete an endpoint. What it is owed is cancelled and stays listed."""
    with connection.open() as server:
        server.send("DELETE", f"/v1/endpoints/{endpoint_id}")
    if output == "json":
        emit(output, {"id": endpoint_id, "state": "deleted"}, lambda: None)
    print_note(f"{endpoint_id} is deleted")


@endpoints.command()
@add_connection_options
@click.argument("endpoint_id")
def pause(*, connection: ConnectionOptions, output: str, endpoint_id: str) -> None:
    """Send nothing until it is resumed. What happens is written down."""
    _do(connection, output, "POST", f"/v1/endpoints/{endpoint_id}/pause")


@endpoints.command()
@add_connection_options
@click.option(
    "--backlog",
    type=click.Choice(["send", "drop"]),
    default="send",
    show_default=True,
    help="What becomes of what it is owed; dropped, it stays listed and can be redelivered.",
)
@click.argument("endpoint_id")
def resume(*, connection: ConnectionOptions, output: str, endpoint_id: str, backlog: str) -> None:
    """Deliver again, after a pause of any kind or a 410."""
    path = f"/v1/endpoints/{endpoint_id}/resume"
    _do(connection, output, "POST", path, params={"backlog": backlog})


@endpoints.command("rotate-secret")
@add_connection_options
@click.option(
    "--overlap",
    type=click.IntRange(0),
    default=86400,
    show_default=True,
    help="Seconds for which the old secret signs beside the new one.",
)
@click.argument("endpoint_id")
def rotate_secret(
    *, connection: ConnectionOptions, output: str, endpoint_id: str, overlap: int
) -> None:
    """Make a new secret, shown this once."""
    path = f"/v1/endpoints/{endpoint_id}/rotate-secret"
    _do(connection, output, "POST", path, params={"overlap_s": overlap})
    print_note("keep the secret now: it is not shown again")


@endpoints.command()
@add_connection_options
@click.option(
    "--wait/--no-wait", default=True, show_default=True, help="Wait for the endpoint's answer."
)
@click.option(
    "--timeout", type=click.FloatRange(0), default=20.0, show_default=True, help="Seconds to wait."
)
@click.argument("endpoint_id")
def test(
    *, connection: ConnectionOptions, output: str, endpoint_id: str, wait: bool, timeout: float
) -> None:
    """Send an `endpoint.test` and show the answer.

    Exit 0 when it was taken, 1 when it was not, 3 when it was not sent in time.
    """
    with connection.open() as server:
        answer = server.post(f"/v1/endpoints/{endpoint_id}/test")
        id_ = answer["delivery_id"]
        attempt = _await_first_attempt(server, id_, timeout_s=timeout) if wait else None
    told = {name: attempt[name] for name in ("status", "latency_ms", "error")} if attempt else {}
    emit(output, answer | told, lambda: print_fields(answer))
    if not wait:
        return
    if attempt is None:
        print_note(
            f"not sent within {timeout:g} s: is a worker running? "
            f"follow it with: tracker deliveries show {id_}"
        )
        sys.exit(TIMED_OUT)
    if attempt["error"]:
        print_note(f"not taken: {attempt['error']} after {attempt['latency_ms']} ms")
    else:
        print_note(f"{attempt['status']} in {attempt['latency_ms']} ms")
    is_taken = attempt["status"] is not None and 200 <= attempt["status"] < 300
    sys.exit(0 if is_taken else FAILED)


def _await_first_attempt(
    server: "Server", delivery_id: str, *, timeout_s: float
) -> dict[str, Any] | None:
    """Wait until it was sent once; None when it was not in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        attempts = server.get(f"/v1/deliveries/{delivery_id}")["attempts"]
        if attempts:
            first: dict[str, Any] = attempts[0]
            return first
        if time.monotonic() >= deadline:
            return None
        time.sleep(LOOK_EVERY_S)


def _do(connection: ConnectionOptions, output: str, method: str, path: str, **options: Any) -> None:
    with connection.open() as server:
        answer = server.read_json(server.send(method, path, **options))
    shown = answer | {name: answer[name] or "all" for name in _LISTS if name in answer}
    emit(output, answer, lambda: print_fields(shown))


def _build_body(given: dict[str, Any]) -> dict[str, Any]:
    body = {name: value for name, value in given.items() if value not in (None, ())}
    for name in ("event_types", "providers", "operations"):
        if name in body:
            body[name] = list(body[name])
    if "metadata" in body:
        body["metadata"] = dict(map(split_pair, body["metadata"]))
    return body
