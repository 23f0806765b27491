"""Print or forward the events of a service while they happen."""

import json
import sys
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import click
import httpx

from tracker import __version__
from tracker.bounded_http import BoundedTransport, limit_requests
from tracker.call_failures import explain_failure
from tracker.cli.exits import INTERRUPTED
from tracker.cli.kept import keep
from tracker.cli.network import add_scheme, is_address
from tracker.cli.remote import HELD_S
from tracker.cli.server import Server
from tracker.cli.shared import emit_json, fail, print_note
from tracker.cli.table import COLOURS
from tracker.cli.words import format_value
from tracker.clock import SystemClock, make_key
from tracker.domain import bodies, notices, signature
from tracker.domain.event_types import EventType
from tracker.domain.events import EventKind
from tracker.domain.task import TaskState

FORWARD_TIMEOUT_S = 15.0
SECRET_BYTES = 32


class Relay:
    """Where events go, and which."""

    def __init__(
        self, forward_to: str | None, types: Collection[str], secret: str | None, output: str
    ) -> None:
        """Check what was asked for; ends the command when it cannot be.

        forward_to: a URL or a port; None to print only.
        types:      of events; empty for all.
        secret:     `whsec_…` to sign with; None for the one that is kept.
        """
        self._target = None if forward_to is None else _parse_target(forward_to)
        self._types = types
        self._key = _parse_key(secret) if forward_to or secret else b""
        self._output = output

    def run(self, server: Server, params: dict[str, Any]) -> None:
        """Relay until Ctrl-C, then say from where to go on. params: of the change feed."""
        page = server.get("/v1/changes", params=params)  # what is wrong is said at once
        doing = f"relaying to {self._target}" if self._target else "listening"
        print_note(f"{doing}; stop with Ctrl-C")
        with httpx.Client(timeout=FORWARD_TIMEOUT_S, transport=BoundedTransport()) as away:
            try:
                for change in _iterate_changes(server, page, params):
                    self._relay(server, away, change)
            except KeyboardInterrupt:
                print_note(f"go on with: --after {params['after']}")
                sys.exit(INTERRUPTED)

    def _relay(self, server: Server, away: httpx.Client, change: dict[str, Any]) -> None:
        type_ = _find_type(change)
        if type_ is None or (self._types and type_.value not in self._types):
            return
        task = server.get(f"/v1/tasks/{change['task_id']}")
        body = _build_body(type_, change, task)
        about = change["message"]
        if self._target is not None:
            about = _forward(away, self._target, self._key, change, body)
        if self._output == "json":
            emit_json(json.loads(body))
            return
        type_shown = click.style(f"{type_.value:<14}", fg=COLOURS.get(change["to"]))
        line = f"{change['at']}  {type_shown}  {change['task_id']}  {format_value(about)}"
        click.echo(line.rstrip())


def _iterate_changes(
    server: "Server", page: dict[str, Any], params: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield every change from a page on. params: its `after` follows what was yielded."""
    while True:
        yield from page["changes"]
        params["after"] = page["next_cursor"]
        asked = params | {"wait": HELD_S}
        page = server.get_held("/v1/changes", wait_s=HELD_S, params=asked).json()


def _find_type(change: dict[str, Any]) -> EventType | None:
    before = None if change["from"] is None else TaskState(change["from"])
    return notices.find_event_type(EventKind(change["kind"]), before, TaskState(change["to"]))


def _build_body(type_: EventType, change: dict[str, Any], task: dict[str, Any]) -> bytes:
    step = {name: change[name] for name in bodies.STEP}
    at = datetime.fromisoformat(change["at"])
    return bodies.build_event_body(type_, at, {"task": task, "transition": step})


def _forward(to: httpx.Client, url: str, key: bytes, change: dict[str, Any], body: bytes) -> str:
    """POST one event as a delivery; returns how it was answered, for people."""
    at = datetime.fromisoformat(change["at"])
    about = (change["task_id"], str(change["version"]), "listen")
    id_ = str(notices.derive_id(at, "delivery", *about))
    headers = {
        "content-type": "application/json; charset=utf-8",
        "user-agent": f"tracker/{__version__}",
        **signature.build_headers([key], id_, int(SystemClock().now().timestamp()), body),
    }
    try:
        with limit_requests(FORWARD_TIMEOUT_S):
            answer = to.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        return f"not delivered: {explain_failure(error)}"
    return f"HTTP {answer.status_code}"


def _parse_target(text: str) -> str:
    """Return the URL that was meant; ends the command when there is none."""
    url = add_scheme(text)
    try:
        is_known = is_address(str(httpx.URL(url)))
    except httpx.InvalidURL as error:
        fail(f"--forward-to: {text!r}: {error}")
    if not is_known:
        fail(f"--forward-to: {text!r} is no URL or port, like http://localhost:3000/webhooks")
    return url


def _parse_key(secret: str | None) -> bytes:
    if secret is None:
        text, path = keep("listen-secret", lambda: signature.format_secret(make_key(SECRET_BYTES)))
        where = f"kept in {path}" if path else "for this start: it could not be kept"
        print_note(f"signed with {text} ({where})")
    else:
        text = secret
    try:
        return signature.decode_key(text)
    except ValueError as error:
        fail(f"--secret: {error}" if secret is not None else f"{path}: {error}")
