"""Numbers of the feed come from one row, and no other copy of a database gives them out again."""

import json
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from alembic import command
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from tests.support import history
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_until
from tracker.clock import SystemClock, make_token
from tracker.domain.errors import Unavailable
from tracker.store import conditions, feed, feed_head, task_rows, tasks, transitions
from tracker.store.conditions import DATABASE_CHANGED
from tracker.store.driver.engine import find_sqlite_file, open_engine
from tracker.store.driver.file_note import note_path
from tracker.store.feed_head import LEAP
from tracker.store.filters import TaskFilter
from tracker.store.migrate import build_alembic_config, upgrade
from tracker.store.schema import tasks as tasks_table
from tracker.store.store import Store

ALL = TaskFilter("default")


async def written(url: str, count: int = 3) -> list[int]:
    """Start a process, let it write to the feed, and end it. Returns all numbers there are."""
    async with Store(url, SystemClock()) as store:
        await history.insert(store, *[history.make_task() for _ in range(count)])
        await store.note_identity()
        return [
            change.seq for change in await store.read(lambda db: feed.list_tail(db, 0, limit=99))
        ]


async def seen_behind(url: str, cursor: int) -> list[int]:
    async with Store(url, SystemClock()) as store:
        page = await store.read(lambda db: feed.list_page(db, ALL, after=cursor, limit=99))
        return [change.seq for change in page.changes]


async def is_said(url: str) -> bool:
    async with Store(url, SystemClock()) as store:
        found = await store.read(conditions.list_open)
    return DATABASE_CHANGED in {one.name for one in found}


@contextmanager
def transaction(url: str) -> Iterator[Connection]:
    engine = open_engine(url)
    try:
        with engine.begin() as db:
            yield db
    finally:
        engine.dispose()


def insert_as_before(db: Connection, count: int = 1) -> None:
    """Append as code before the row does: the column gives the number."""
    for _ in range(count):
        made = history.make_task()
        row = dict(zip(task_rows.NEW, task_rows.build_new(made), strict=True))
        del row["traceparent"]  # of which that code knows nothing
        key = db.scalar(insert(tasks_table).values(row).returning(tasks_table.c.key))
        db.execute(
            text(
                "INSERT INTO transitions (tenant, task_key, version, to_state, kind, source, at)"
                " VALUES ('default', :task, 1, 'queued', 'created', 'client', :at)"
            ),
            {"task": key, "at": "2026-11-28 12:00:00.000000+00"},
        )


def append_as_now(db: Connection, count: int = 1) -> None:
    made = tasks.insert_many(db, [history.make_task() for _ in range(count)])
    transitions.append(db, [(task, history.step(task)) for task in made if task is not None])


def numbers(db: Connection) -> list[int]:
    return list(db.scalars(text("SELECT seq FROM transitions ORDER BY seq")))


pytestmark = pytest.mark.anyio


async def test_a_process_that_starts_again_goes_on_without_a_gap(database_url: str) -> None:
    await written(database_url)
    assert await written(database_url) == [1, 2, 3, 4, 5, 6]
    assert not await is_said(database_url)


def test_what_is_rolled_back_takes_no_number(database_url: str) -> None:
    with transaction(database_url) as db:
        append_as_now(db, 2)
        undone = db.begin_nested()
        append_as_now(db, 3)
        undone.rollback()
        append_as_now(db)
        assert numbers(db) == [1, 2, 3]
        assert feed.find_head(db) == 3


def test_code_before_and_code_of_now_take_turns(database_url: str) -> None:
    with transaction(database_url) as db:
        append_as_now(db, 2)
        insert_as_before(db, 2)
        append_as_now(db, 2)
        insert_as_before(db)
        assert numbers(db) == [1, 2, 3, 4, 5, 6, 7]
        assert feed.find_head(db) == 7


def test_without_its_row_nothing_is_written(database_url: str) -> None:
    with transaction(database_url) as db:
        db.execute(text("DELETE FROM feed_head"))
        with pytest.raises((IntegrityError, ValueError)), db.begin_nested():
            append_as_now(db)
        assert numbers(db) == []


@pytest.mark.parametrize("gone", [False, True])
def test_numbers_go_on_through_the_migration_both_ways(database_url: str, *, gone: bool) -> None:
    command.downgrade(build_alembic_config(database_url), "0023")
    with transaction(database_url) as db:
        insert_as_before(db, 3)
        if gone:
            db.execute(text("DELETE FROM transitions"))
    upgrade(database_url)
    with transaction(database_url) as db:
        append_as_now(db, 2)
        assert numbers(db)[-2:] == [4, 5]
        if gone:
            db.execute(text("DELETE FROM transitions"))
    command.downgrade(build_alembic_config(database_url), "0023")
    with transaction(database_url) as db:
        insert_as_before(db)
        assert numbers(db)[-1] == 6


def test_code_before_writes_on_while_the_schema_is_migrated(database_url: str) -> None:
    command.downgrade(build_alembic_config(database_url), "0023")
    is_over = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not is_over.is_set():
            with transaction(database_url) as db:
                insert_as_before(db, 2)
            written.append(2)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        wait_until(lambda: len(written) >= 2 or writing.done())
        upgrade(database_url)
        before = len(written)
        wait_until(lambda: len(written) >= before + 2 or writing.done())
        is_over.set()
        writing.result()
    with transaction(database_url) as db:
        append_as_now(db)
        assert numbers(db) == list(range(1, sum(written) + 2))


def _copy(url: str, to: Path) -> Path:
    """Back up as docs/howto/deploy.md says."""
    with closing(sqlite3.connect(f"{find_sqlite_file(url)}")) as db:
        db.execute(f"VACUUM INTO '{to}'")
    return to


def _restored(url: str, backup: Path, way: str) -> str:
    file = find_sqlite_file(url)
    assert file is not None
    for end in ("-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)
    if way == "moved":
        backup.replace(file)
    elif way == "written over":
        shutil.copyfile(backup, file)
    elif way == "without the note":
        note_path(file).unlink()
        shutil.copyfile(backup, file)
    else:  # into another folder
        other = backup.parent / "other"
        other.mkdir()
        shutil.copyfile(backup, other / "tracker.db")
        return f"sqlite:///{other}/tracker.db"
    return url


@pytest.mark.parametrize("way", ["moved", "written over", "without the note", "elsewhere"])
async def test_readers_miss_nothing_after_a_restore(
    sqlite_url: str, tmp_path: Path, way: str
) -> None:
    await written(sqlite_url)
    backup = _copy(sqlite_url, tmp_path / "backup.db")
    cursor = (await written(sqlite_url))[-1]  # which the backup does not have
    restored = _restored(sqlite_url, backup, way)
    new = (await written(restored))[3:]
    assert await seen_behind(restored, cursor) == new
    assert min(new) > max(cursor, LEAP)
    assert await is_said(restored)
    assert (await written(restored))[6:] == [new[-1] + 1, new[-1] + 2, new[-1] + 3]  # once


async def test_a_note_that_cannot_be_read_or_was_broken_off_is_no_proof(sqlite_url: str) -> None:
    await written(sqlite_url)
    file = find_sqlite_file(sqlite_url)
    assert file is not None
    note = note_path(file)
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    assert json.loads(note.read_text())["seq"] == 3
    note.write_text("{")
    assert (await written(sqlite_url))[-1] > LEAP


@contextmanager
def copied(url: str) -> Iterator[str]:
    """Restore a database of the server under another name."""
    name = f"restored_{make_token()}"
    server = urlsplit(url)
    with psycopg.connect(server._replace(path="/postgres").geturl(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {server.path[1:]}")
        try:
            yield server._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_restored_database_leaps_once_whoever_comes_first(postgres_url: str) -> None:
    await written(postgres_url)
    with copied(postgres_url) as url:
        with transaction(url) as one:  # both have seen that it is another one
            assert feed_head.is_elsewhere(one)
            with pytest.raises(Unavailable):
                feed.list_page(one, ALL, after=6, limit=1)
            assert feed_head.claim(one, now=SystemClock().now())
        assert (await written(url))[3:] == [LEAP + 4, LEAP + 5, LEAP + 6]
        assert await seen_behind(url, 6) == [LEAP + 4, LEAP + 5, LEAP + 6]
        assert await is_said(url)
    assert await written(postgres_url) == [1, 2, 3, 4, 5, 6]


async def test_a_table_that_a_dump_made_anew_is_another_one(postgres_url: str) -> None:
    await written(postgres_url)
    with transaction(postgres_url) as db:
        db.execute(text("CREATE TABLE kept AS SELECT * FROM feed_head"))
        db.execute(text("DROP TABLE feed_head"))
        db.execute(text("ALTER TABLE kept RENAME TO feed_head"))
    assert (await written(postgres_url))[-1] > LEAP


def is_promoted(url: str) -> bool:
    with psycopg.connect(url) as db:
        return db.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)


async def test_a_server_that_was_promoted_leaps_under_a_process_that_stays() -> None:
    server = PostgresServer().start()
    try:
        url = server.build_url()
        upgrade(url)
        async with Store(url, SystemClock()) as store:
            await history.insert(store, history.make_task())
            server.stop()
            server.promote_at_next_start()
            server.start()
            wait_until(lambda: is_promoted(url))
            with pytest.raises(Unavailable):  # as a reader that was ahead would be told
                await store.read(lambda db: feed.list_page(db, ALL, after=9, limit=1))
            await history.insert(store, history.make_task())
            head = await store.read(feed.find_head)
        assert head == LEAP + 2
    finally:
        server.close()
