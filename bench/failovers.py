"""Row 39: ten primaries in a row killed under load, each with a synchronous standby.

The service is one process that is never restarted. Callers submit tasks and play the provider's
callbacks; a reader follows the feed with its cursor.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg

from bench.bed import SECRET, Bed
from bench.table import Figure
from tests.support.postgres import PostgresServer
from tests.support.requests import build_kling_callback, build_submission, find_callback_path
from tests.support.waiting import wait_until
from tracker.store.migrate import upgrade

CALLERS = 3
DEAD_S = 3.0
"""How long nobody takes writes."""
MORE = 20
"""Submissions of each caller between two failures."""
STEP = tuple[str, int]
"""A step of a task: its id, and the version that it led to."""


class _Worker(threading.Thread):
    """Works until it is told to end."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._is_over = threading.Event()
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=60)

    def run(self) -> None:
        with self._http:
            while not self._is_over.is_set():
                self.work()

    def work(self) -> None:
        """Do one thing."""

    def stop(self) -> None:
        """End it, once what it does is done."""
        self._is_over.set()
        self.join(120)
        assert not self.is_alive()


class _Caller(_Worker):
    """Submits, and calls back about what was taken. tasks, callbacks: ids that were answered."""

    def __init__(self, url: str, number: int) -> None:
        super().__init__(url)
        self._names = (f"failover-{number}-{turn}" for turn in count())
        self.tasks: list[str] = []
        self.callbacks: list[str] = []

    def work(self) -> None:
        answer = self._http.post(
            "/v1/tasks", json=build_submission(external_task_id=next(self._names))
        )
        assert answer.status_code in (202, 503), answer.text
        if answer.status_code == 503:
            return
        self.tasks.append(answer.json()["id"])
        path = find_callback_path(self.tasks[-1], secret=SECRET.encode())
        told = self._http.post(path, content=build_kling_callback("processing"))
        assert told.status_code in (200, 503), told.text
        if told.status_code == 200:
            self.callbacks.append(self.tasks[-1])


class _Reader(_Worker):
    """Follows the feed. seen: each step that it was told of."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._after: dict[str, str] = {}
        self.seen: set[STEP] = set()
        self.has_all = False

    def work(self) -> None:
        answer = self._http.get("/v1/changes", params={"limit": "500", **self._after})
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:
            return
        page: dict[str, Any] = answer.json()
        self.seen |= {(one["task_id"], one["version"]) for one in page["changes"]}
        self._after = {"after": page["next_cursor"]}
        self.has_all = not page["has_more"]


def in_a_row(bed: Bed) -> list[Figure]:
    """Return what was acknowledged and is not there, with what the reader missed."""
    rounds = 3 if bed.quick else 10
    with ExitStack() as stack:
        primary = PostgresServer(durable=True)
        stack.callback(primary.close)
        upgrade(primary.start().build_url())
        standby = PostgresServer(follows=primary, durable=True)
        stack.callback(standby.close)
        standby.start()
        hosts = [("host", f"{one.folder}:5432") for one in (primary, standby)]
        both = urlencode([*hosts, ("target_session_attrs", "read-write")])
        url = f"postgresql://postgres@/postgres?{both}"
        server = stack.enter_context(bed.service(url, TRACKER_LOG_LEVEL="error"))
        address = f"http://127.0.0.1:{server.port}"
        callers = [_Caller(address, number) for number in range(CALLERS)]
        reader = _Reader(address)
        for one in (*callers, reader):
            one.start()
        took = []
        for _ in range(rounds):
            took.append(_fail_over(primary, standby, callers))
            primary, standby = standby, primary
            standby.follow(primary)
        _keep_in_step(primary)
        for caller in callers:
            caller.stop()
        steps, callbacks = _kept(primary)
        wait_until(lambda: steps <= reader.seen)
        reader.stop()
        lost = [task for one in callers for task in one.tasks if (task, 1) not in steps]
        lost += [task for one in callers for task in one.callbacks if task not in callbacks]
        acknowledged = sum(len(one.tasks) + len(one.callbacks) for one in callers)
    missed = len(steps - reader.seen)
    raw = f"{len(lost)} of {acknowledged:,} acknowledged lost, {missed} of {len(steps):,} missed"
    slowest = f"{rounds} promotions: {', '.join(f'{one:.2f}' for one in took)} s"
    return [Figure("39", len(lost) + missed, raw), Figure("39x", max(took), slowest)]


def _fail_over(
    primary: PostgresServer, standby: PostgresServer, callers: Sequence[_Caller]
) -> float:
    """Return the seconds from the promotion to the first acknowledgement."""
    _keep_in_step(primary)
    before = [len(one.tasks) for one in callers]
    wait_until(
        lambda: all(len(one.tasks) > was + MORE for one, was in zip(callers, before, strict=True))
    )
    primary.kill()
    time.sleep(DEAD_S)
    count_then = sum(len(one.tasks) for one in callers)
    standby.promote()
    promoted = time.perf_counter()
    wait_until(lambda: sum(len(one.tasks) for one in callers) > count_then)
    return time.perf_counter() - promoted


def _keep_in_step(primary: PostgresServer) -> None:
    """Have each commit wait for the standby, from when it has caught up."""
    wait_until(lambda: _standing(primary) is not None)
    primary.configure("synchronous_standby_names", "*")
    wait_until(lambda: _standing(primary) == "sync")


def _standing(primary: PostgresServer) -> str | None:
    with psycopg.connect(primary.build_url()) as db:
        found = db.execute("SELECT sync_state FROM pg_stat_replication").fetchone()
    return None if found is None else str(found[0])


def _kept(primary: PostgresServer) -> tuple[set[STEP], set[str]]:
    """Return the steps in the database, and the tasks of which a callback was received."""
    with psycopg.connect(primary.build_url()) as db:
        steps = db.execute(
            "SELECT t.id, s.version FROM transitions s JOIN tasks t ON t.key = s.task_key"
        ).fetchall()
        told = db.execute(
            "SELECT t.id FROM receipts r JOIN tasks t ON t.key = r.task_key"
        ).fetchall()
    return {(str(id_), version) for id_, version in steps}, {str(id_) for (id_,) in told}
