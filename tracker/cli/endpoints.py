"""`tracker endpoints`: where subscribers are told, on a running service."""

from typing import Any

import click

from tracker.cli.remote import KEY, URL, connect
from tracker.cli.shared import OUTPUT, emit, fail, print_fields, print_table, say

FIELDS = (
    click.option("--description", help="For people."),
    click.option("--event", "event_types", multiple=True, help="Only these types. Repeatable."),
    click.option("--provider", "providers", multiple=True, help="Only at these. Repeatable."),
    click.option("--operation", "operations", multiple=True, help="Only of these. Repeatable."),
    click.option("--metadata", multiple=True, help="Only with KEY=VALUE. Repeatable."),
    click.option("--payload", type=click.Choice(["thin", "full"]), help="How much is told."),
    click.option("--ordered/--unordered", default=None, help="A task's changes one by one."),
)


def fields(command: Any) -> Any:
    """What an endpoint is made of, as options."""
    for option in reversed(FIELDS):
        command = option(command)
    return command


@click.group()
def endpoints() -> None:
    """Keep the endpoints that are told what happens."""


@endpoints.command("list")
@URL
@KEY
@OUTPUT
@click.option("--limit", type=int, default=50, show_default=True)
def list_(*, url: str, api_key: str | None, output: str, limit: int) -> None:
    """Newest first."""
    with connect(url, api_key) as server:
        page = server.get("/v1/endpoints", params={"limit": limit})
    columns = ("id", "url", "state", "failing_since", "event_types", "description")
    rows = [[_cell(one[column]) for column in columns] for one in page["endpoints"]]
    emit(output, page, lambda: print_table("endpoints", columns, rows))


@endpoints.command()
@URL
@KEY
@OUTPUT
@click.argument("endpoint_id")
def show(*, url: str, api_key: str | None, output: str, endpoint_id: str) -> None:
    """One endpoint; its secret is shown nowhere."""
    _do(url, api_key, output, "GET", f"/v1/endpoints/{endpoint_id}")


@endpoints.command()
@URL
@KEY
@OUTPUT
@fields
@click.argument("endpoint_url", metavar="TARGET_URL")
def create(*, url: str, api_key: str | None, output: str, endpoint_url: str, **given: Any) -> None:
    """Make an endpoint for TARGET_URL. Its secret is shown this once."""
    body = {"url": endpoint_url} | _body(given)
    _do(url, api_key, output, "POST", "/v1/endpoints", json=body)


@endpoints.command()
@URL
@KEY
@OUTPUT
@fields
@click.option("--target-url", help="Where it is to be told from now on.")
@click.argument("endpoint_id")
def change(
    *,
    url: str,
    api_key: str | None,
    output: str,
    endpoint_id: str,
    target_url: str | None,
    **given: Any,
) -> None:
    """Replace what is given; the rest stays."""
    body = _body(given) | ({"url": target_url} if target_url else {})
    _do(url, api_key, output, "PATCH", f"/v1/endpoints/{endpoint_id}", json=body)


@endpoints.command()
@URL
@KEY
@click.argument("endpoint_id")
def delete(*, url: str, api_key: str | None, endpoint_id: str) -> None:
    """Delete it; what it is owed is cancelled and stays listed."""
    with connect(url, api_key) as server:
        server.send("DELETE", f"/v1/endpoints/{endpoint_id}")
    say(f"{endpoint_id} is deleted")


@endpoints.command()
@URL
@KEY
@OUTPUT
@click.argument("endpoint_id")
def pause(*, url: str, api_key: str | None, output: str, endpoint_id: str) -> None:
    """Send nothing until it is resumed; what happens is written down."""
    _do(url, api_key, output, "POST", f"/v1/endpoints/{endpoint_id}/pause")


@endpoints.command()
@URL
@KEY
@OUTPUT
@click.option(
    "--backlog",
    type=click.Choice(["send", "drop"]),
    default="send",
    show_default=True,
    help="What becomes of what it is owed; dropped, it stays listed and can be redelivered.",
)
@click.argument("endpoint_id")
def resume(*, url: str, api_key: str | None, output: str, endpoint_id: str, backlog: str) -> None:
    """Deliver again, after a pause of any kind or a 410."""
    path = f"/v1/endpoints/{endpoint_id}/resume"
    _do(url, api_key, output, "POST", path, params={"backlog": backlog})


@endpoints.command("rotate-secret")
@URL
@KEY
@OUTPUT
@click.option(
    "--overlap",
    type=int,
    default=86400,
    show_default=True,
    help="Seconds for which the old secret signs beside the new one.",
)
@click.argument("endpoint_id")
def rotate_secret(
    *, url: str, api_key: str | None, output: str, endpoint_id: str, overlap: int
) -> None:
    """Make a new secret, shown this once."""
    path = f"/v1/endpoints/{endpoint_id}/rotate-secret"
    _do(url, api_key, output, "POST", path, params={"overlap_s": overlap})


@endpoints.command()
@URL
@KEY
@OUTPUT
@click.argument("endpoint_id")
def test(*, url: str, api_key: str | None, output: str, endpoint_id: str) -> None:
    """Send it an `endpoint.test`; follow it with `tracker deliveries show`."""
    _do(url, api_key, output, "POST", f"/v1/endpoints/{endpoint_id}/test")


def _do(url: str, api_key: str | None, output: str, method: str, path: str, **options: Any) -> None:
    with connect(url, api_key) as server:
        answer = server.send(method, path, **options).json()
    emit(output, answer, lambda: print_fields({k: _cell(v) for k, v in answer.items()}))


def _body(given: dict[str, Any]) -> dict[str, Any]:
    body = {name: value for name, value in given.items() if value not in (None, ())}
    for name in ("event_types", "providers", "operations"):
        if name in body:
            body[name] = list(body[name])
    if "metadata" in body:
        pairs = [text.partition("=") for text in body["metadata"]]
        if any(not name or not equals for name, equals, _ in pairs):
            fail("--metadata: must be KEY=VALUE")
        body["metadata"] = {name: value for name, _, value in pairs}
    return body


def _cell(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
