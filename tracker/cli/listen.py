"""`tracker listen`: relay what happens to a developer's machine, as an endpoint would be told."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click
import httpx

from tracker.cli.remote import KEY, URL, Server, connect
from tracker.cli.shared import fail, say
from tracker.clock import SystemClock, new_key
from tracker.domain import bodies, notices, signature
from tracker.domain.events import Kind
from tracker.domain.notices import EventType
from tracker.domain.task import TaskState

WAIT_S = 25
FORWARD_TIMEOUT_S = 15.0
SECRET_BYTES = 32


@click.command()
@URL
@KEY
@click.option("--forward-to", required=True, help="Where to POST, e.g. http://localhost:3000/hook.")
@click.option("--event", "types", multiple=True, help="Only these types. Repeatable.")
@click.option("--secret", help="whsec_… to sign with; without it one is made and shown.")
def listen(
    *,
    url: str,
    api_key: str | None,
    forward_to: str,
    types: tuple[str, ...],
    secret: str | None,
) -> None:
    """Relay live events from now on until you stop it, signed, each once."""
    key = _key(secret)
    say(f"signed with {signature.text_of(key)}")
    say(f"relaying to {forward_to}; stop with Ctrl-C")
    with (
        connect(url, api_key) as server,
        httpx.Client(timeout=FORWARD_TIMEOUT_S, trust_env=False) as away,
    ):
        for change in _changes(server):
            type_ = _type_of(change)
            if type_ is not None and (not types or type_.value in types):
                task = server.get(f"/v1/tasks/{change['task_id']}")
                answer = _forward(away, forward_to, key, type_, change, task)
                click.echo(f"{change['at']}  {type_.value}  {change['task_id']}  {answer}")


def _changes(server: Server) -> Iterator[dict[str, Any]]:
    """Every change from now on."""
    after = "now"
    while True:
        page = server.get("/v1/changes", params={"after": after, "wait": WAIT_S})
        yield from page["changes"]
        after = page["next_cursor"]


def _type_of(change: dict[str, Any]) -> EventType | None:
    before = None if change["from"] is None else TaskState(change["from"])
    return notices.type_of(Kind(change["kind"]), before, TaskState(change["to"]))


def _forward(  # noqa: PLR0913, PLR0917 - what a delivery is made of
    away: httpx.Client,
    url: str,
    key: bytes,
    type_: EventType,
    change: dict[str, Any],
    task: dict[str, Any],
) -> str:
    """One POST; returns how it was answered, for people."""
    at = datetime.fromisoformat(change["at"])
    about = (change["task_id"], str(change["version"]), "listen")
    id_ = str(notices.derived_id(at, "delivery", *about))
    step = {name: change[name] for name in bodies.STEP}
    body = bodies.event_body(type_, at, {"task": task, "transition": step})
    headers = signature.headers([key], id_, int(SystemClock().now().timestamp()), body)
    try:
        answer = away.post(
            url, content=body, headers={"content-type": "application/json"} | headers
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"not delivered: {error or type(error).__name__}"
    return f"HTTP {answer.status_code}"


def _key(secret: str | None) -> bytes:
    if secret is None:
        return new_key(SECRET_BYTES)
    try:
        return signature.key_of(secret)
    except ValueError as error:
        fail(f"--secret: {error}")
