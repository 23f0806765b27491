"""SQLite does without its own locks where it can be told so in time, and works all the same."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.domain.factories import a_task
from tracker.clock import SystemClock, make_id
from tracker.domain.task import Task
from tracker.store import tasks
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

USE = """
import sys
from sqlalchemy import text
from tracker.store.driver.engine import open_engine
from tracker.store.driver.sqlite_mode import IS_UNLOCKED
import ctypes, _sqlite3
with open_engine(sys.argv[1]).connect() as db:
    db.execute(text("CREATE TABLE t (n INTEGER)"))
    db.execute(text("INSERT INTO t VALUES (41), (1)"))
    told = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    told.restype = ctypes.c_longlong
    print(db.scalar(text("SELECT sum(n) FROM t")), IS_UNLOCKED, told() == 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="SQLite is told on Linux alone")
@pytest.mark.parametrize(("before", "told"), [("", "True"), ("import sqlite3\n", "False")])
def test_it_is_told_in_time_or_not_at_all(tmp_path: Path, before: str, told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", before + USE, f"sqlite:///{tmp_path}/a.db"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["42", told, told]


class Alone:
    """Held while a thread is in a connection; whoever comes meanwhile is noted."""

    def __init__(self) -> None:
        self._held = threading.Lock()
        self.met = 0

    @contextmanager
    def hold(self) -> Iterator[None]:
        is_first = self._held.acquire(blocking=False)
        self.met += not is_first
        try:
            yield
        finally:
            if is_first:
                self._held.release()


class WatchedConnection(sqlite3.Connection):
    """Knows whether two threads were ever in it."""

    def __init__(self, opened: list[Alone], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.alone = Alone()
        opened.append(self.alone)

    def execute(self, *args: Any) -> sqlite3.Cursor:
        with self.alone.hold():
            return super().execute(*args)

    def executemany(self, *args: Any) -> sqlite3.Cursor:
        with self.alone.hold():
            return super().executemany(*args)

    def cursor(self, *_args: Any) -> Any:
        return super().cursor(WatchedCursor)


class WatchedCursor(sqlite3.Cursor):
    """Of a Watched."""

    connection: WatchedConnection

    def execute(self, *args: Any) -> Any:
        with self.connection.alone.hold():
            return super().execute(*args)

    def fetchall(self) -> list[Any]:
        with self.connection.alone.hold():
            return super().fetchall()


@pytest.mark.anyio
async def test_each_connection_is_used_by_one_thread_at_a_time(
    sqlite_url: str, request: pytest.FixtureRequest
) -> None:
    """Without SQLite's own locks, that is what keeps it whole."""

    opened: list[Alone] = []

    def watch(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters["factory"] = partial(WatchedConnection, opened)

    def insert(tx: Tx, items: Sequence[Task]) -> list[Task | None]:
        return tasks.insert_many(tx.db, items)

    made = [a_task(id=make_id(), external_task_id=str(number)) for number in range(60)]
    event.listen(Engine, "do_connect", watch)
    request.addfinalizer(lambda: event.remove(Engine, "do_connect", watch))
    async with Store(sqlite_url, SystemClock()) as store:

        async def come_and_go(task: Task) -> None:
            await store.write(insert, task)
            assert await store.find(tasks.load_by_id, task.id) is not None
            named = await store.read(
                lambda db: tasks.get_by_name(db, "default", "kling", task.external_task_id)
            )
            assert named is not None

        await asyncio.gather(*(come_and_go(task) for task in made))
    assert len(opened) > 2
    assert sum(alone.met for alone in opened) == 0
