"""Behind a pooler nothing is left in its sessions, each transaction has what it needs, and a pooler
that loses prepared statements is refused at the start."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

from tests.support.databases import PostgresTemplate
from tests.support.pgbouncer import run_pgbouncer
from tracker.clock import ServerClock, SystemClock
from tracker.store import feed_head
from tracker.store.driver import bulk, lookups, server_session
from tracker.store.driver.engine import open_engine
from tracker.store.driver.line import WriteConnection
from tracker.store.driver.outage import is_outage
from tracker.store.driver.transaction import Tx
from tracker.store.probe import find_pooler, find_schema_problem, start_problem
from tracker.store.server_health import examine
from tracker.store.store import Store

PIDS = "SELECT pg_backend_pid()"
SETTINGS = (
    "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
    " current_setting('idle_in_transaction_session_timeout'),"
    " current_setting('synchronous_commit'), current_setting('timezone')"
)
OURS = ("30s", "10s", "10s", "on", "UTC")


@pytest.fixture(scope="module")
def url(postgres_template: PostgresTemplate) -> Iterator[str]:
    """A database of a server whose commits are asynchronous by default."""
    with postgres_template.copy() as made:
        yield made


@pytest.fixture(scope="module")
def pooled_url(url: str) -> Iterator[str]:
    with run_pgbouncer(url, mode="transaction") as made:
        yield made


@contextmanager
def _line(url: str) -> Iterator[WriteConnection]:
    engine = open_engine(url, pool_size=2)
    line = WriteConnection(engine)
    try:
        yield line
    finally:
        line.close()
        engine.dispose()


def _settings(db: Connection) -> tuple[str, ...]:
    return tuple(db.execute(text(SETTINGS)).one())


def test_each_transaction_has_its_settings_and_leaves_none_behind(pooled_url: str) -> None:
    with psycopg.connect(pooled_url, autocommit=True) as stranger:
        before = stranger.execute(SETTINGS).fetchone()
        assert before is not None
        assert before[3] == "off"
        engine = open_engine(pooled_url, pool_size=1)
        with engine.connect() as db:
            assert _settings(db) == OURS
            db.rollback()
            assert _settings(db) == OURS
        engine.dispose()
        with _line(pooled_url) as line:
            for _ in range(2):
                assert _settings(line.begin()) == OURS
                line.commit()
            line.begin()
            line.roll_back()
        assert {stranger.execute(SETTINGS).fetchone() for _ in range(4)} == {before}


def test_a_lookup_that_stands_alone_has_its_settings_too(pooled_url: str) -> None:
    engine = open_engine(pooled_url, pool_size=1)
    alone = bulk.connect_piped(engine.execution_options(isolation_level="AUTOCOMMIT"))
    pipe = bulk.pipe_of(alone)
    assert pipe is not None
    for _ in range(2):
        assert pipe.send(SETTINGS).read_rows() == [OURS]
    alone.close()
    engine.dispose()


def test_without_a_pooler_a_transaction_sends_nothing_more(url: str) -> None:
    with _line(url) as line:
        db = line.begin()
        assert _settings(db) == OURS
        prepared = "SELECT statement FROM pg_prepared_statements WHERE name LIKE 'tracker%'"
        assert db.scalars(text(prepared)).all() == ["BEGIN ISOLATION LEVEL READ COMMITTED"]
        line.commit()


def _cut(connection: Any) -> None:
    """End a driver's connection as a pooler does that is restarted."""
    with socket.socket(fileno=os.dup(connection.pgconn.socket)) as way:
        way.shutdown(socket.SHUT_RDWR)


def test_a_transaction_that_finds_the_pooler_gone_is_an_outage(pooled_url: str) -> None:
    engine = open_engine(pooled_url, pool_size=1)
    with engine.connect() as db:
        _cut(bulk.get_driver(db))
        with pytest.raises(DBAPIError) as refused:
            db.begin()
        assert is_outage(refused.value)
    with engine.connect() as db:  # by another connection
        assert db.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_so_is_a_connection_that_is_cut_before_it_has_begun(pooled_url: str) -> None:
    engine = open_engine(pooled_url, pool_size=1)
    is_cut = True

    @event.listens_for(engine, "checkout")
    def cut(raw: Any, *_given: Any) -> None:
        if is_cut:
            _cut(raw)

    line = WriteConnection(engine)
    with pytest.raises(DBAPIError) as refused:
        line.begin()
    assert is_outage(refused.value)
    is_cut = False
    assert line.begin().scalar(text("SELECT 1")) == 1
    line.commit()
    line.close()
    engine.dispose()


def test_statements_prepared_on_one_session_run_on_another(pooled_url: str) -> None:
    with _line(pooled_url) as one, _line(pooled_url) as other:
        seen = set()
        for first, second in ((one, other), (other, one)) * 3:
            for line in (first, second):
                pipe = bulk.pipe_of(line.begin())
                assert pipe is not None
                seen.add(pipe.send(PIDS, soon=True).read_rows()[0])
            second.commit()
            first.commit()
        assert len(seen) > 1


def test_a_session_that_keeps_the_statements_of_its_last_client_is_no_hindrance(url: str) -> None:
    with run_pgbouncer(url, mode="session", size=1, reset="") as session_url:
        for _ in range(2):  # the second client meets what the first one has prepared
            with _line(session_url) as line:
                pipe = bulk.pipe_of(line.begin())
                assert pipe is not None
                assert len(pipe.send(PIDS, soon=True).read_rows()) == 1
                line.commit()


def test_a_pooler_that_loses_statements_is_refused(url: str) -> None:
    with run_pgbouncer(url, mode="transaction", prepared=0) as losing_url:
        problem = find_schema_problem(losing_url)
    assert problem is not None
    assert "set max_prepared_statements = 200" in problem


def test_a_start_that_gets_no_second_session_needs_none(url: str) -> None:
    """Hold it to what happens where others start at once, and each of them has one."""
    with run_pgbouncer(url, mode="transaction", size=1) as narrow_url:
        assert start_problem(narrow_url) is None
        found = examine(narrow_url, SystemClock()).server
    assert found is not None
    assert (found.is_pooled, found.has_row_locks) == (True, True)


def test_it_is_named_with_its_mode(url: str, pooled_url: str) -> None:
    assert find_pooler(url) is None
    assert find_schema_problem(pooled_url) is None
    named = find_pooler(pooled_url)
    assert named is not None
    assert named.startswith("PgBouncer 1.")
    assert named.endswith("in transaction mode")


def test_another_server_behind_a_pooler_is_noticed_by_the_next_write(pooled_url: str) -> None:
    engine = open_engine(pooled_url, pool_size=2)
    line = WriteConnection(engine, lambda db: feed_head.claim(db, now=datetime.now(UTC)))
    line.begin()
    line.commit()
    with engine.begin() as db:
        before = db.scalar(text("SELECT seq FROM feed_head"))
        db.execute(text("UPDATE feed_head SET origin = 'that of another server'"))
    line.begin()
    line.commit()
    line.close()
    with engine.begin() as db:
        assert db.scalar(text("SELECT seq FROM feed_head")) == before + feed_head.LEAP
    engine.dispose()


class _Machine(SystemClock):
    later_s = 0.0

    def monotonic(self) -> float:
        """Return the machine's own time, and what passed at once."""
        return super().monotonic() + self.later_s


@pytest.mark.anyio
async def test_no_connection_stays_with_a_pooler_for_longer_than_a_minute(
    pooled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = _Machine()
    monkeypatch.setattr(lookups, "POOLED_LIFE_S", 0.0)
    async with Store(pooled_url, ServerClock(machine)) as store:
        found = []
        for machine.later_s in (0, server_session.POOLED_LIFE_S - 20, server_session.POOLED_LIFE_S):
            written = await store.write(_get_written, None)
            found.append((await store.read(_get_driver), written))
        first, young, old = (tuple(map(id, one)) for one in found)
        assert first == young
        assert not set(old) & set(first)
        assert all(one.closed for one in found[0])
        one, _, other = [await store.find(_look, number) for number in range(3)]
        assert one is not other


def _get_driver(db: Connection) -> Any:
    return db.connection.driver_connection


def _get_written(tx: Tx, items: Sequence[None]) -> list[Any]:
    return [_get_driver(tx.db) for _ in items]


def _look(db: Connection, keys: Sequence[int]) -> dict[int, Any]:
    return dict.fromkeys(keys, _get_driver(db))
