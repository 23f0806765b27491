"""A database of which a part is damaged or closed refuses what needs that, and nothing else."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest
from sqlalchemy import create_engine, make_url, text

from tracker.cli.doctor.database import examine_server
from tracker.cli.doctor.finding import Finding
from tracker.clock import SystemClock
from tracker.domain.errors import Unavailable
from tracker.settings import Settings
from tracker.store.driver.engine import find_sqlite_file, normalise_url
from tracker.store.driver.file_damage import find_damage
from tracker.store.driver.transaction import Tx
from tracker.store.probe import find_schema_problem, start_problem
from tracker.store.store import Store
from tracker.telemetry.metrics import WRITER_STALLED

pytestmark = pytest.mark.anyio


def _damage(url: str, table: str) -> None:
    """Write over the first page of a table."""
    engine = create_engine(url)
    with engine.connect() as db:
        found = text("SELECT rootpage FROM sqlite_master WHERE name = :name")
        page = db.execute(found, {"name": table}).scalar_one()
        size = db.execute(text("PRAGMA page_size")).scalar_one()
    engine.dispose()
    file = find_sqlite_file(url)
    assert file is not None
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)


def _examine(url: str) -> list[Finding]:
    return examine_server(Settings.read_environment({"DATABASE_URL": url}))


def _look_at_holds(tx: Tx, items: Sequence[None]) -> list[int]:
    return [tx.db.execute(text("SELECT * FROM holds")).rowcount for _ in items]


def _change(_tx: Tx, items: Sequence[None]) -> Sequence[None]:
    return items


async def test_what_meets_the_damage_is_refused_and_said_and_the_rest_goes_on(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = find_sqlite_file(sqlite_url)
    assert file is not None
    with closing(sqlite3.connect(file)) as db:
        db.executescript(
            "CREATE TABLE odd (one CHECK (one > 1)); PRAGMA ignore_check_constraints = ON;"
            "INSERT INTO odd VALUES (1)"
        )
    assert start_problem(sqlite_url) is None
    _damage(sqlite_url, "holds")
    problem = start_problem(sqlite_url)
    assert problem is not None
    assert problem.endswith("it is damaged; stop the service and restore a backup")
    assert "damaged" in {one.about: one.text for one in _examine(sqlite_url)}["database"]
    async with Store(sqlite_url, SystemClock()) as store:
        store.show_metrics()
        assert (store.unread_since, WRITER_STALLED.ask()) == (None, 0)
        with pytest.raises(Unavailable):
            await store.read(lambda db: db.execute(text("SELECT * FROM holds")).all())
        assert store.unread_since is not None
        assert (WRITER_STALLED.ask() or 0) > 0
        with pytest.raises(Unavailable):
            await store.write(_look_at_holds, None)
        await store.write(_change, None)
        assert (store.refused_since is not None, store.is_full) == (True, False)
        assert await store.read(lambda db: find_damage(db, most_bytes=4096)) is None
    assert all("restore a backup" in line for line in caplog.messages)
    assert len(caplog.messages) == 2


async def test_a_table_without_rights_refuses_what_needs_it_and_no_neighbour(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = create_engine(normalise_url(postgres_url))
    name = make_url(postgres_url).database
    with engine.begin() as db:
        grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO"
        for statement in (f"CREATE ROLE r_{name} LOGIN", f"{grant} r_{name}"):
            db.execute(text(statement))
        db.execute(text(f"REVOKE SELECT ON holds FROM r_{name}"))
    url = make_url(postgres_url).set(username=f"r_{name}").render_as_string(hide_password=False)
    try:
        async with Store(url, SystemClock()) as store:
            refused, taken = await asyncio.gather(
                store.write(_look_at_holds, None),
                store.write(_change, None),
                return_exceptions=True,
            )
            assert isinstance(refused, Unavailable)
            assert taken is None
            assert store.refused_since is not None
            with pytest.raises(Unavailable):
                await store.read(lambda db: db.execute(text("SELECT * FROM holds")).all())
        (closed,) = [one.text for one in _examine(url) if one.about == "tables"]
        assert closed.startswith("our user may not read and write api_keys_key_seq, ")
        assert ", holds, " in closed
        assert start_problem(url) == f"DATABASE_URL: {closed}"
        assert find_schema_problem(url) is None  # so that a process that only reads may start
    finally:
        with engine.begin() as db:
            db.execute(text(f"DROP OWNED BY r_{name}"))
            db.execute(text(f"DROP ROLE r_{name}"))
        engine.dispose()
    assert "permission denied for table holds" in caplog.text
