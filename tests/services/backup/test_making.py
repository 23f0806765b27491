"""A backup is whole and checked under its final name, or it is not there."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.support import history
from tests.support.waiting import wait_until
from tracker.clock import SystemClock
from tracker.domain.presence import mark
from tracker.services.backup.folder import BackupRefused, check_backup
from tracker.services.backup.making import BackupOrder, make
from tracker.store import backup
from tracker.store.backup import BackupFailed
from tracker.store.driver.engine import find_sqlite_file, open_engine
from tracker.store.store import Store

SECRET = b"a secret that signs callbacks"
DIE = """
import os, signal, sys
from pathlib import Path
from tracker.clock import SystemClock
from tracker.domain.signals import CrashPoint
from tracker.services.backup.making import BackupOrder, make
url, folder = sys.argv[1:]
for point in (CrashPoint.BACKUP_COPIED, CrashPoint.BACKUP_WRITTEN):
    if os.fork() == 0:
        die = lambda passed: passed is point and os.kill(os.getpid(), signal.SIGKILL)
        make(BackupOrder(url, [b"s" * 16]), Path(folder), SystemClock(), die)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == -9, point
"""


def filled(url: str) -> None:
    asyncio.run(_fill(url))


async def _fill(url: str) -> None:
    async with Store(url, SystemClock()) as store:
        made = await history.insert(store, *[history.make_task() for _ in range(3)])
        await history.move(store, made[0])


def test_a_backup_says_what_it_holds(database_url: str, tmp_path: Path) -> None:
    filled(database_url)
    order, folder = BackupOrder(database_url, [SECRET]), tmp_path / "backup"
    made = make(order, folder, SystemClock())
    assert made == check_backup(folder)
    assert (made.histories, made.feed_seq, made.secret_marks) == (3, 4, [mark(SECRET)])
    found = backup.examine(database_url)
    assert (made.schema_revision, made.feed_origin) == (found.schema.revision, found.origin)
    assert SECRET not in b"".join(one.read_bytes() for one in folder.iterdir())
    assert folder.stat().st_mode & 0o077 == 0
    assert {one.stat().st_mode & 0o077 for one in folder.iterdir()} == {0}
    with pytest.raises(BackupRefused, match="exists already"):
        make(order, folder, SystemClock())
    with_secrets = tmp_path / "with secrets"
    make(replace(order, with_secrets=True), with_secrets, SystemClock())
    assert (with_secrets / "callback_secrets").read_bytes() == SECRET + b"\n"
    assert "callback_secrets" in check_backup(with_secrets).files


def has_grown(written: list[int], before: int) -> bool:
    return len(written) > before


def bytes_of(file: Path) -> tuple[bytes, bytes]:
    return file.read_bytes(), Path(f"{file}-wal").read_bytes()


@pytest.mark.anyio
async def test_a_copy_of_a_file_in_use_is_whole_and_moves_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    file = find_sqlite_file(sqlite_url)
    assert file is not None
    with closing(sqlite3.connect(file)) as db:  # a value that a check refuses is no damage
        db.executescript(
            "CREATE TABLE odd (one CHECK (one > 1)); PRAGMA ignore_check_constraints = ON;"
            "INSERT INTO odd VALUES (1)"
        )
    async with Store(sqlite_url, SystemClock()) as store:
        await history.insert(store, *[history.make_task() for _ in range(50)])
        before = bytes_of(file)
        make(BackupOrder(sqlite_url, [SECRET]), tmp_path / "backup", SystemClock())
        assert bytes_of(file) == before
    with closing(sqlite3.connect(tmp_path / "backup" / "tracker.db")) as db:
        assert db.execute("SELECT count(*) FROM tasks").fetchone() == (50,)


def test_copies_under_load_never_fail(sqlite_url: str, tmp_path: Path) -> None:
    done, engine = threading.Event(), open_engine(sqlite_url)
    written: list[int] = []

    def write() -> None:
        with engine.connect() as db:
            while not done.is_set():
                with db.begin():
                    db.exec_driver_sql("UPDATE feed_head SET seq = seq + 1")
                written.append(1)

    filled(sqlite_url)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            before = len(written)
            make(BackupOrder(sqlite_url, [SECRET]), tmp_path / f"{number}", SystemClock())
            wait_until(partial(has_grown, written, before))
    finally:
        done.set()
        writer.join()
        engine.dispose()
    for number in range(5):
        assert check_backup(tmp_path / f"{number}").histories == 3


def test_a_process_that_dies_leaves_nothing_under_the_name(sqlite_url: str, tmp_path: Path) -> None:
    filled(sqlite_url)
    folder = tmp_path / "backup"
    subprocess.run([sys.executable, "-c", DIE, sqlite_url, folder], check=True, timeout=300)
    assert not folder.exists()
    make(BackupOrder(sqlite_url, [SECRET]), folder, SystemClock())
    assert check_backup(folder).histories == 3


def test_a_history_that_leads_elsewhere_is_found(database_url: str, tmp_path: Path) -> None:
    filled(database_url)
    engine = open_engine(database_url)
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE tasks SET state = 'failed' WHERE state = 'running'")
    engine.dispose()
    with pytest.raises(BackupFailed, match="failed at version 2, its history ends running at 2"):
        make(BackupOrder(database_url, [SECRET]), tmp_path / "backup", SystemClock())
    assert not [one for one in tmp_path.iterdir() if "backup" in one.name]


def test_a_changed_file_is_told_from_the_one_that_was_made(sqlite_url: str, tmp_path: Path) -> None:
    filled(sqlite_url)
    folder = tmp_path / "backup"
    make(BackupOrder(sqlite_url, [SECRET]), folder, SystemClock())
    with (folder / "tracker.db").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BackupRefused, match=r"tracker\.db is not the file"):
        check_backup(folder)
    place = folder / "manifest.json"
    newer = json.loads(place.read_text()) | {"format": 2}
    for text, reason in ((json.dumps(newer), "newer than this version"), ("{}", "no manifest")):
        place.write_text(text)
        with pytest.raises(BackupRefused, match=reason):
            check_backup(folder)


def test_a_dump_is_taken_in_where_it_is_one(postgres_url: str, tmp_path: Path) -> None:
    filled(postgres_url)
    dump, folder = tmp_path / "dump", tmp_path / "backup"
    order = BackupOrder(postgres_url, [SECRET], dump=dump)
    dump.write_bytes(b"-- SQL")
    with pytest.raises(BackupRefused, match="no dump"):
        make(order, folder, SystemClock())
    dump.write_bytes(b"PGDMP and what follows")
    made = make(order, folder, SystemClock())
    assert set(made.files) == {"tracker.dump"}
    # What is newer than the newest of what it may hold is looked for after a restore.
    assert made.taken_at == history.NOW
