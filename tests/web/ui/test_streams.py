"""Streams of pages: how much they send whatever moves, and what an idle one holds."""

import gc
import re
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from uuid import UUID

import httpx

from tests.support.dashboard import Person, build_cookie_header, open_session
from tests.support.raw import answer_of, build_request, dial
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.web.conftest import Shared
from tracker.clock import make_id
from tracker.web.ui.displays import ROWS, RowIds
from tracker.web.ui.live import PAUSE_S

TASKS = 110
IDLE = 40
"""Watchers: many more than the connections that a process opens to its database."""
WARM = 10
MOST_BYTES = 20_000
"""Of one watcher, with the test's own socket, and with tables of the process that grow by steps.

What is resident is measured by the bench; of a stream within its routers and guards, with its
address in pieces, this was 35,000 and 24,000.
"""


def test_whatever_moves_a_piece_has_fifty_rows_and_two_come_a_second(shared_idle: Shared) -> None:
    with open_session(shared_idle.url, shared_idle.database_url, tenant="moving") as person:
        ids = [_submit(person, f"moving-{number}") for number in range(TASKS)]
        address = _changes_of(person.see("/tasks", limit=200))
        for number, id_ in enumerate(ids):
            said = build_kling_callback("submitted", task_id=f"m-{number}")
            assert person.http.post(find_callback_path(id_), content=said).status_code == 200
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
        open_session(shared_idle.url, shared_idle.database_url, tenant="idle") as person,
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


def test_an_idle_watcher_keeps_neither_its_address_nor_its_way(shared_idle: Shared) -> None:
    with (
        open_session(shared_idle.url, shared_idle.database_url, tenant="small") as person,
        ExitStack() as watching,
    ):
        rows = ",".join(make_id().hex for _ in range(ROWS))
        for path in ("/tasks", "/attention"):
            address = _changes_of(person.see(path))
            if path == "/tasks":
                address = re.sub("ids=[^&]*", f"ids={rows}", address)
            raw = build_request(
                address, b"", f"cookie: {build_cookie_header(person.http)['cookie']}", method="GET"
            )

            def watch(raw: bytes = raw) -> None:
                line = watching.enter_context(dial(shared_idle.url))
                line.sendall(raw)
                assert answer_of(line)[0] == 200
                while b": beat" not in line.recv(65536):
                    pass

            for _ in range(WARM):  # what is made for the first ones serves all
                watch()
            tracemalloc.start()
            try:
                for _ in range(IDLE):
                    watch()
                gc.collect()
                held, _most = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert held / IDLE < MOST_BYTES, path


def test_ids_of_rows_are_found_where_they_begin() -> None:
    first, second = UUID(int=1), UUID(int=1 << 64)
    rows = RowIds([first, second, first])
    assert list(rows) == [first, second]
    assert first in rows
    assert second in rows
    between = UUID(bytes=(first.bytes + second.bytes)[8:24])
    assert between not in rows
    assert between in RowIds([first, second, between])
    assert first not in RowIds([])


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
