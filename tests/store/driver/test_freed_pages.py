"""Pages that hold nothing go back to the file system: of new files, and of compacted ones."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from tests.support import history
from tests.support.dropping import run_all
from tests.support.made_up_api import Played
from tests.support.workbench import HandClock, ScriptedHttp, open_workbench
from tracker.cli.main import main
from tracker.domain.retention import FOR_EVER, KeptClass, RetentionPolicy
from tracker.domain.task import TaskState
from tracker.services.upkeep import retention
from tracker.services.upkeep.retention import RetentionChore
from tracker.store.driver import freed_pages
from tracker.store.driver.engine import find_sqlite_file, open_engine

NUMBERS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 900)"
)

LONG = timedelta(days=9)


def _free_many(engine: Engine) -> None:
    with engine.begin() as db:
        db.execute(text("CREATE TABLE IF NOT EXISTS blocks (body BLOB)"))
        db.execute(text(f"INSERT INTO blocks {NUMBERS} SELECT zeroblob(3000) FROM numbers"))
    with engine.begin() as db:
        db.execute(text("DELETE FROM blocks"))


def _pragma(engine: Engine, name: str) -> int:
    with engine.connect() as db:
        return int(db.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def _make_old(engine: Engine) -> None:
    """Make a file as versions made it that gave nothing back."""
    with engine.connect() as db:
        raw = db.connection.driver_connection
        assert raw is not None
        raw.executescript("PRAGMA auto_vacuum=NONE; VACUUM")


def _compact(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("TRACKER_DATA_DIR", str(folder))
    monkeypatch.chdir(folder)
    return CliRunner().invoke(main, ["compact"])


def test_freed_pages_of_a_new_file_go_back_in_slices(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    _free_many(engine)
    free, pages = _pragma(engine, "freelist_count"), _pragma(engine, "page_count")
    assert free > 2 * freed_pages.SLICE
    assert freed_pages.give_back(engine) == freed_pages.SLICE
    assert _pragma(engine, "freelist_count") <= free - freed_pages.SLICE
    assert _pragma(engine, "page_count") <= pages - freed_pages.SLICE
    while freed_pages.give_back(engine):
        pass
    assert _pragma(engine, "freelist_count") == 0
    engine.dispose()


def test_nothing_of_postgresql_is_given_back_nor_compacted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"
    assert freed_pages.give_back(open_engine(url)) == 0
    done = _compact(url, tmp_path, monkeypatch)
    assert done.exit_code != 0
    assert "PostgreSQL gives back pages by itself" in done.output


@pytest.mark.anyio
async def test_retention_gives_back_what_is_free_once_nothing_is_left_to_drop(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = RetentionPolicy({**FOR_EVER, KeptClass.INPUTS: timedelta(days=1)})
    async with open_workbench(
        sqlite_url, ScriptedHttp(Played()), clock=HandClock(), retention=policy
    ) as bench:
        engine = open_engine(sqlite_url)
        _free_many(engine)
        free = _pragma(engine, "freelist_count")
        assert freed_pages.SLICE < free < 4 * freed_pages.SLICE
        ended = {"state": TaskState.SUCCEEDED, "finished_at": bench.context.clock.now() - LONG}
        await history.insert(bench.context.store, *(history.make_task(**ended) for _ in range(2)))
        chore = RetentionChore(bench.context, batch=1)
        monkeypatch.setattr(retention, "ROUND_S", -1.0)  # one batch
        assert await chore.drop_for_while() == 0.0
        assert _pragma(engine, "freelist_count") > freed_pages.SLICE
        monkeypatch.setattr(retention, "ROUND_S", 3.0)
        monkeypatch.setattr(retention, "SLICES", 1)
        assert await chore.drop_for_while() == 0.0
        assert 0 < _pragma(engine, "freelist_count") < free
        await run_all(chore)
        assert _pragma(engine, "freelist_count") == 0
        engine.dispose()


def test_an_older_file_gives_back_pages_once_it_was_compacted(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(sqlite_url)
    _make_old(engine)
    _free_many(engine)
    assert freed_pages.give_back(engine) == 0
    assert _pragma(engine, "freelist_count") > 0
    engine.dispose()
    file = find_sqlite_file(sqlite_url)
    assert file is not None
    before = file.stat().st_size
    done = _compact(sqlite_url, tmp_path, monkeypatch)
    assert done.exit_code == 0, done.output
    assert file.stat().st_size < before
    engine = open_engine(sqlite_url)
    assert _pragma(engine, "freelist_count") == 0
    _free_many(engine)
    assert freed_pages.give_back(engine) > 0
    engine.dispose()


def test_a_connection_that_opens_waits_for_no_writer_and_a_compaction_does(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = find_sqlite_file(sqlite_url)
    assert file is not None
    monkeypatch.setattr("tracker.store.driver.engine.SQLITE_BUSY_S", 0)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = _compact(sqlite_url, tmp_path, monkeypatch)
    assert done.exit_code != 0
    assert "Stop the service first" in done.output
