"""Streams of pages: how much they send whatever moves, and what an idle one holds."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape

import httpx

from tests.support.dashboard import Person, signed_in
from tests.support.requests import callback_path, kling_says, submit
from tests.web.conftest import Shared
from tracker.web.ui.displays import ROWS
from tracker.web.ui.live import PAUSE_S

TASKS = 110
IDLE = 40
"""Watchers: many more than the connections that a process opens to its database."""


def test_whatever_moves_a_piece_has_fifty_rows_and_two_come_a_second(shared_idle: Shared) -> None:
    with signed_in(shared_idle.url, shared_idle.database_url, tenant="moving") as person:
        ids = [_submit(person, f"moving-{number}") for number in range(TASKS)]
        address = _changes_of(person.see("/tasks", limit=200))
        for number, id_ in enumerate(ids):
            said = kling_says("submitted", task_id=f"m-{number}")
            assert person.http.post(callback_path(id_), content=said).status_code == 200
        begun, moved, pieces = time.monotonic(), set[str](), 0
        with person.http.stream("GET", address, headers={"accept": "text/event-stream"}) as stream:
            assert stream.status_code == 200
            for piece in _events(stream):
                pieces += 1
                rows = set(re.findall(r'hx-target="#t-([0-9a-f-]{36})"', piece))
                assert len(rows) <= ROWS
                moved |= rows
                if moved >= set(ids):
                    break
        # No upper bound: a crowded machine is slower.
        assert time.monotonic() - begun >= (pieces - 1) * PAUSE_S
        assert pieces >= TASKS / ROWS


def test_idle_watchers_hold_no_connection_to_the_database(shared_idle: Shared) -> None:
    with (
        signed_in(shared_idle.url, shared_idle.database_url, tenant="idle") as person,
        ExitStack() as watching,
    ):
        _submit(person, "idle")
        addresses = [_changes_of(person.see(path)) for path in ("/tasks", "/attention")]
        for number in range(IDLE):
            stream = watching.enter_context(person.http.stream("GET", addresses[number % 2]))
            assert next(stream.iter_raw()).startswith(b": beat")
        with httpx.Client(base_url=shared_idle.url, trust_env=False, timeout=60) as other:
            other.cookies.update(person.http.cookies)
            other.headers.update(person.http.headers)
            for _ in range(3):
                assert other.get("/ui/tasks").status_code == 200


def _submit(person: Person, name: str) -> str:
    headers = {"authorization": f"Bearer {person.key.secret}"}
    with httpx.Client(
        base_url=person.http.base_url, headers=headers, trust_env=False, timeout=60
    ) as api:
        id_: str = submit(api, external_task_id=name)["id"]
    return id_


def _changes_of(page: str) -> str:
    """Return where the changes of a page come from, from those that it shows on."""
    (url,) = re.findall(r'id="live"[^>]* data-url="([^"]+)"', page)
    (after,) = re.findall(r'id="after" hidden data-after="([^"]*)"', page)
    return f"{unescape(url)}&after={after}"


def _events(stream: httpx.Response) -> Iterator[str]:
    lines: list[str] = []
    for line in stream.iter_lines():
        if line.startswith("data: "):
            lines.append(line.removeprefix("data: "))
        elif not line and lines:
            yield "\n".join(lines)
            lines = []
