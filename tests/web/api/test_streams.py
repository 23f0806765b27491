"""The ends of a stream: its client goes, takes nothing, or waits long enough."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn

from tests.support import history
from tests.support.service import build_environment, listen
from tests.support.waiting import wait_for_condition
from tracker.clock import SystemClock
from tracker.domain.task import TaskState
from tracker.parts import Parts, open_parts
from tracker.services.upkeep.learning import DurationLearner
from tracker.settings import Settings
from tracker.store.store import Store
from tracker.web.routes import build_app

pytestmark = pytest.mark.anyio
LONG_S = 60


@asynccontextmanager
async def serving_here(url: str, folder: Path, **settings: str) -> AsyncIterator[tuple[int, Parts]]:
    """The web service in this event loop, and what it is made of; its port."""
    env = build_environment(
        url, folder, provider_url="http://127.0.0.1:9", public_url=None, **settings
    )
    listener = listen()
    async with open_parts(Settings.read_environment(env)) as parts:

        @asynccontextmanager
        async def lifespan(_app: object) -> AsyncIterator[dict[str, object]]:
            yield {"services": parts.services}

        app = build_app(lifespan, SystemClock())  # type: ignore[arg-type]  # the state is a plain dict here
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
        )
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await wait_for_condition(lambda: server.started)
        try:
            yield listener.getsockname()[1], parts
        finally:
            parts.services.watch.close()
            server.should_exit = True
            await running


def ask(port: int, path: str, *, receives_bytes: int | None = None) -> socket.socket:
    """Send a GET. receives_bytes: how much the kernel takes in before the client reads."""
    asking = socket.socket()
    if receives_bytes is not None:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives_bytes)
    asking.connect(("127.0.0.1", port))
    asking.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
    return asking


@pytest.mark.parametrize(
    "path", ["/v1/changes/stream", "/v1/changes?after=now&wait=60", "/v1/tasks/{id}?wait=60"]
)
async def test_a_client_that_goes_leaves_nothing_behind(
    database_url: str, tmp_path: Path, path: str
) -> None:
    async with serving_here(database_url, tmp_path) as (port, parts):
        watch = parts.services.watch
        (task,) = await history.insert(parts.context.store, history.make_task())
        asking = ask(port, path.format(id=task.id))
        await wait_for_condition(lambda: watch.waiting == 1)
        asking.close()
        await wait_for_condition(lambda: watch.waiting == 0)


async def test_a_reader_that_takes_nothing_is_cut(sqlite_url: str, tmp_path: Path) -> None:
    async with serving_here(sqlite_url, tmp_path, TRACKER_SLOW_READER_S="0.3") as (port, parts):
        watch = parts.services.watch
        await _fill(parts.context.store, megabytes=12)
        slow = ask(port, "/v1/changes/stream", receives_bytes=4096)
        await wait_for_condition(lambda: watch.waiting == 1)
        await wait_for_condition(lambda: watch.waiting == 0, timeout_s=LONG_S)
        # It reads on: what was under way, and then the end, cut short.
        slow.settimeout(LONG_S)
        taken = await asyncio.to_thread(_read_all, slow)
        assert 0 < len(taken) < 5_000_000  # a hundred changes, which it was once sent at a time
        assert not taken.endswith(b"0\r\n\r\n")


async def test_readers_that_keep_up_are_not_cut_and_get_everything(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with serving_here(sqlite_url, tmp_path, TRACKER_SLOW_READER_S="60") as (port, parts):
        made = await _fill(parts.context.store, megabytes=2)
        url = f"http://127.0.0.1:{port}/v1/changes/stream"
        async with (
            httpx.AsyncClient(trust_env=False, timeout=LONG_S) as http,
            http.stream("GET", url) as answer,
        ):
            seen: list[str] = []
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    seen.append(json.loads(line[6:])["task_id"])
                    if len(seen) == made:
                        break
        assert len(set(seen)) == made


async def test_when_to_look_again_is_learned_from_how_long_tasks_take(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with serving_here(sqlite_url, tmp_path) as (port, parts):
        store, now = parts.context.store, parts.context.clock.now()
        (asked,) = await history.insert(
            store, history.make_task(state=TaskState.RUNNING, submitted_at=now)
        )
        async with httpx.AsyncClient(trust_env=False, timeout=LONG_S) as http:
            url = f"http://127.0.0.1:{port}/v1/tasks/{asked.id}"
            assert int((await http.get(url)).headers["retry-after"]) <= 2
            for _ in range(5):
                (task,) = await history.insert(
                    store,
                    history.make_task(submitted_at=now, finished_at=now + timedelta(seconds=40)),
                )
                await history.finish(store, task)
            await DurationLearner(parts.context).recall()
            assert 20 <= int((await http.get(url)).headers["retry-after"]) <= 40


async def _fill(store: Store, *, megabytes: int) -> int:
    """Changes with long messages; how many."""
    for _ in range(megabytes):
        new = [history.make_task(message="x" * 50_000) for _ in range(20)]
        await history.insert(store, *new)
    return megabytes * 20


def _read_all(reading: socket.socket) -> bytes:
    taken = b""
    with reading:
        while piece := reading.recv(1 << 20):
            taken += piece
    return taken
