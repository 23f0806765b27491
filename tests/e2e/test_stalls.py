"""The database takes a write and does not come back: callers are refused in time, and when it goes
on, so does everything, with nothing lost that was acknowledged."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support.insistent import InsistentClient
from tests.support.postgres import PostgresServer
from tests.support.requests import build_kling_callback, build_submission, find_callback_path
from tests.support.service import build_environment, serve_service
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.store.migrate import upgrade

SECRET = "a secret for tests only"
LIMIT_S = 1.0
GIVEN_UP_S = 30.0
"""For a caller who is not refused: without the limit, they waited for 40 s and longer."""
Stall = Callable[[], AbstractContextManager[None]]


@contextmanager
def _held_sqlite(url: str) -> Iterator[None]:
    """Another program has the file for itself."""
    db = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()


@contextmanager
def _stopped_postgres(url: str) -> Iterator[None]:
    """No process of the server goes on."""
    with psycopg.connect(url, autocommit=True) as db:
        row = db.execute("SELECT pid FROM pg_stat_activity ORDER BY backend_type").fetchall()
    pids = [pid for (pid,) in row]
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


@pytest.fixture(params=["sqlite", "postgres"])
def stalling(
    request: pytest.FixtureRequest,
) -> Iterator[tuple[str, Stall]]:
    """A database, and what makes it stand still."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        yield url, lambda: _held_sqlite(url)
        return
    server = PostgresServer()
    try:
        address = server.start().build_url()
        upgrade(address)
        yield address, lambda: _stopped_postgres(address)
    finally:
        server.close()


def test_who_waits_too_long_is_refused_and_all_goes_on_afterwards(
    stalling: tuple[str, Stall], tmp_path: Path
) -> None:
    database_url, stall = stalling
    with Emulator(EmulatorConfig(step_seconds=0.05, scenario="hold")) as emulator:
        env = build_environment(
            database_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=None,
            TRACKER_CALLBACK_SECRETS=SECRET,
            TRACKER_COMMIT_TIMEOUT_S=str(LIMIT_S),
            TRACKER_LOG_LEVEL="error",
        )
        with (
            serve_service(env, workers=True) as url,
            InsistentClient(url, timeout=GIVEN_UP_S) as http,
            ThreadPoolExecutor(8) as threads,
        ):
            world = World(http, emulator.url)
            task_id = _submitted(http)
            wait_until(lambda: world.read_task(task_id)["state"] == "submitted")
            with stall():
                waiting = [
                    threads.submit(_call_back, http, find_callback_path(task_id), number)
                    for number in range(8)
                ]
                assert {one.result() for one in waiting} == {503}
                wait_until(lambda: http.get("/readyz").status_code == 503)
                assert http.get("/healthz").status_code == 200
                answer = http.post("/v1/tasks", json=build_submission())
                assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
            wait_until(lambda: _call_back(http, find_callback_path(task_id), 9) == 200)
            wait_until(lambda: http.get("/readyz").status_code == 200)
            wait_until(lambda: _kept(database_url))
            assert "conditions" in http.get("/v1/attention").json()
            world.move("mine", "succeed")
            assert world.wait_for_end(task_id)["state"] == "succeeded"


def _submitted(http: httpx.Client) -> str:
    """Return a new task's id; a busy machine may take longer than the limit for its commit."""
    given = build_submission(external_task_id="mine")
    answers: list[httpx.Response] = []

    def is_taken() -> bool:
        answers.append(http.post("/v1/tasks", json=given, headers={"idempotency-key": "mine"}))
        assert answers[-1].status_code in (202, 409, 503), answers[-1].text
        return answers[-1].status_code == 202

    wait_until(is_taken)
    return str(answers[-1].json()["id"])


def _call_back(http: httpx.Client, path: str, number: int) -> int:
    body = build_kling_callback("processing", updated_at=1_795_500_100_000 + number)
    return http.post(path, content=body).status_code


def _kept(url: str) -> bool:
    """Return true if the database records a stall that is over."""
    query = (
        "SELECT count(*) FROM conditions WHERE name = 'writes_stalled' AND cleared_at > raised_at"
    )
    if url.startswith("sqlite"):
        db = sqlite3.connect(url.removeprefix("sqlite:///"))
        found = db.execute(query).fetchone()[0]
        db.close()
        return bool(found)
    with psycopg.connect(url) as pg:
        row = pg.execute(query).fetchone()
        return row is not None and row[0] > 0
