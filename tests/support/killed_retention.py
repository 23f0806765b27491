"""Retention in processes that are killed between any two statements, one after the other.

python -m tests.support.killed_retention URL [ARCHIVE]

A child kills itself before its n-th write, n = 1, 2, …, until one comes to the end; n starts again
once something was dropped. Between two of them a line tells what was left half done. With a folder
for the archive, a child kills itself at its n-th commit or point of the archive, or once a file was
written or deleted; standard error has the points that one was killed at.
"""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, Engine, event, text

from tests.support.dropping import run_all
from tests.support.made_up_api import Played
from tests.support.workbench import HandClock, ScriptedHttp, open_workbench
from tracker.domain.retention import KeptClass, RetentionPolicy
from tracker.domain.signals import CrashPoint
from tracker.objects.folder import Folder
from tracker.services.upkeep.retention import RetentionChore
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.engine import open_engine
from tracker.store.driver.pipe import Pipe

EVERYTHING = RetentionPolicy(dict.fromkeys(KeptClass, timedelta(days=10)))
NEITHER = """
    SELECT count(*) FROM tasks AS t WHERE finished_at IS NOT NULL AND
    (EXISTS (SELECT 1 FROM task_inputs WHERE task_key = t.key) =
     EXISTS (SELECT 1 FROM dropped_inputs WHERE task_key = t.key))
"""
WALKED = "SELECT count(*) FROM retention_walks"
BEFORE_THE_FIRST = 3
"""Writes before those of the first batch."""
WITHOUT = """
    SELECT count(*) FROM tasks AS t WHERE NOT EXISTS
    (SELECT 1 FROM transitions WHERE task_key = t.key)
    OR EXISTS (SELECT 1 FROM gone_tasks WHERE id = t.id)
"""
LOOKS = (
    NEITHER,
    WITHOUT,
    "SELECT count(*) FROM delivery_bodies WHERE id NOT IN (SELECT body_id FROM deliveries)",
)
"""Count what a transaction that was half done would leave."""
ARCHIVE_POINTS = (CrashPoint.COMMIT_DONE, CrashPoint.ARCHIVE_BEGUN, CrashPoint.ARCHIVE_WRITTEN)
LEFT = {"inputs": "task_inputs", "tasks": "tasks"}
WHOLE = " UNION ALL ".join(
    f"SELECT '{name}', (SELECT count(*) FROM {left}) + (SELECT coalesce(sum(rows), 0)"
    f" FROM archives WHERE state = 'kept' AND kept_class = '{name}')"
    for name, left in LEFT.items()
)
"""Count of each class what is left and what the archive has: it is always as much together."""


class DyingFolder(Folder):
    """Counts what it has written and deleted. count: called each time."""

    def __init__(self, root: Path, count: Callable[[], None]) -> None:
        super().__init__(root, is_new=True)
        self._count = count

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, once: bool = False) -> None:
        await super().put(key, chunks, once=once)
        self._count()

    async def delete(self, key: str) -> None:
        await super().delete(key)
        self._count()


def main(url: str, archive: str = "") -> None:
    """Kill and look until a child is done."""
    gc.freeze()  # else each child copies all that a collection touches
    engine = open_engine(url).execution_options(isolation_level="AUTOCOMMIT", sqlite_begin=None)
    with engine.connect() as db:  # no child uses it
        number, walked, whole = 0, _look(db, WALKED), db.execute(text(WHOLE)).all()
        while True:
            number += 1
            child = os.fork()
            if not child:
                asyncio.run(_archive(url, Path(archive), number) if archive else _work(url, number))
                os._exit(0)
            _, status = os.waitpid(child, 0)
            found = " ".join(str(_look(db, look)) for look in LOOKS)
            if archive and db.execute(text(WHOLE)).all() != whole:
                sys.exit("rows are lost, or stand in the archive twice")
            sys.stdout.write(f"{number} {found}\n")
            if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
                sys.exit(os.waitstatus_to_exitcode(status))
            # The next process takes over at once, and not when the lease ends.
            db.execute(text("UPDATE chore_leases SET lease_until = caught_up_at"))
            if walked != (walked := _look(db, WALKED)):
                number = 0 if archive else BEFORE_THE_FIRST


def _look(db: Connection, look: str) -> int:
    return db.scalar(text(look)) or 0


async def _work(url: str, number: int) -> None:
    clock = HandClock()
    clock.move(timedelta(days=30).total_seconds())
    death = _Death(number)
    async with open_workbench(
        url, ScriptedHttp(Played()), clock=clock, retention=EVERYTHING
    ) as bench:
        death.begin_counting(bench.context.store.engine)
        await run_all(RetentionChore(bench.context, batch=10))


async def _archive(url: str, archive: Path, number: int) -> None:
    left, clock = number, HandClock()
    clock.move(timedelta(days=30).total_seconds())

    def count(passed: str = "") -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.write(sys.stderr.fileno(), f"{passed}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def at(point: CrashPoint) -> None:
        if point in ARCHIVE_POINTS:
            count(point.value)

    async with open_workbench(
        url,
        ScriptedHttp(Played()),
        clock=clock,
        retention=RetentionPolicy(
            {**dict.fromkeys(KeptClass), **dict.fromkeys(map(KeptClass, LEFT), timedelta(days=10))}
        ),
        archive=DyingFolder(archive, count),
        signal=at,
    ) as bench:
        await run_all(RetentionChore(bench.context, batch=10))


class _Death:
    """Has this process kill itself before its n-th write."""

    def __init__(self, number: int) -> None:
        """To be made before the writer's thread is."""
        self._left = number
        self._is_near = False
        threading.setprofile(self._see)

    def begin_counting(self, engine: Engine) -> None:
        """Count from now on."""
        self._is_near = True
        if get_dialect(engine).has_server:
            event.listen(engine, "do_connect", _wrap_counted(self._count))
        else:
            event.listen(engine, "connect", lambda raw, _: raw.set_trace_callback(self._count))

    def _count(self, statement: str, before: Callable[[], None] = lambda: None) -> None:
        if self._is_near and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            self._left -= 1
            if self._left == 0:
                before()
                os.kill(os.getpid(), signal.SIGKILL)

    def _see(self, frame: FrameType, happened: str, _value: Any) -> None:
        """Count what a connection's pipe puts in line; what came before it is sent first."""
        if happened != "call" or frame.f_code is not Pipe._put.__code__:
            return
        pg = frame.f_locals["self"]._pg

        def send() -> None:
            pg.send_flush_request()
            pg.flush()

        self._count(frame.f_locals["statement"], send)


def _wrap_counted(count: Callable[[str], None]) -> Callable[..., None]:
    class CountedCursor(Cursor[Any]):
        def execute(self, query: Any, *given: Any, **more: Any) -> Any:
            count(str(query))
            return super().execute(query, *given, **more)

    def with_counted(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters["cursor_factory"] = CountedCursor

    return with_counted


if __name__ == "__main__":
    main(*sys.argv[1:])
