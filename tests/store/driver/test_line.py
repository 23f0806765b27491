"""The writer's connection: what is carried out later is carried out in order, or not at all."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from tracker.clock import SystemClock
from tracker.store import tasks
from tracker.store.driver import bulk, encoding
from tracker.store.driver.engine import open_engine
from tracker.store.driver.line import WriteConnection
from tracker.store.driver.pipe import COMMITS_OF_A_LOOK
from tracker.store.driver.transaction import Tx
from tracker.store.schema import conditions, receipts
from tracker.store.store import Store

COLUMNS = ("tenant", "name", "provider", "account", "reason", "raised_at")
INSERT = bulk.insert(conditions, COLUMNS)
NOW = datetime(2026, 11, 25, tzinfo=UTC)
KIBIBYTES = 1024


def a_row(name: str) -> tuple[object, ...]:
    return ("default", name, "kling", "default", "why", NOW)


def names(db: Connection) -> list[str]:
    return list(db.scalars(select(conditions.c.name).order_by(conditions.c.key)))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url, pool_size=2)
    yield engine
    engine.dispose()


@pytest.fixture
def line(engine: Engine) -> Iterator[WriteConnection]:
    line = WriteConnection(engine)
    yield line
    line.close()


def test_what_comes_after_sees_what_was_to_be_done_before(
    line: WriteConnection, engine: Engine
) -> None:
    db = line.begin()
    INSERT.execute_later(db, [a_row("a")])
    assert names(db) == ["a"]  # through SQLAlchemy
    INSERT.execute_later(db, [a_row("b")])
    assert INSERT.run(db, [a_row("c"), a_row("d")]) == 2
    INSERT.execute_later(db, [a_row("e")])
    line.commit()
    with engine.connect() as other:
        assert names(other) == ["a", "b", "c", "d", "e"]


def test_what_is_rolled_back_never_happens(line: WriteConnection, engine: Engine) -> None:
    db = line.begin()
    INSERT.run(db, [a_row("sent")])
    INSERT.execute_later(db, [a_row("not sent")])
    line.roll_back()
    INSERT.execute_later(line.begin(), [a_row("next")])
    line.commit()
    with engine.connect() as other:
        assert names(other) == ["next"]


def test_a_failure_of_what_was_to_be_done_before_stops_the_commit(
    line: WriteConnection, engine: Engine
) -> None:
    db = line.begin()
    with pytest.raises(IntegrityError):  # noqa: PT012 - here or there, as the database has it
        INSERT.execute_later(db, [a_row("a")])
        INSERT.execute_later(db, [a_row("a")])
        INSERT.execute_later(db, [a_row("b")])
        line.commit()
    line.roll_back()
    assert not line.is_lost
    INSERT.execute_later(line.begin(), [a_row("c")])
    line.commit()
    with engine.connect() as other:
        assert names(other) == ["c"]


def test_an_answer_is_that_of_its_time_however_late_it_is_called_for(line: WriteConnection) -> None:
    db = line.begin()
    before = _names_soon(db, ["a", "b"])
    INSERT.execute_later(db, [a_row("a")])
    between = _names_soon(db, ["a", "b"])
    INSERT.execute_later(db, [a_row("b")])
    assert [name for (name,) in between()] == ["a"]
    assert before() == []
    after = _names_soon(db, ["a", "b"])
    assert sorted(names(db)) == ["a", "b"]  # through SQLAlchemy, which settles what is asked
    assert sorted(name for (name,) in after()) == ["a", "b"]
    line.commit()


def test_an_answer_that_a_failure_came_before_is_that_failure(postgres_url: str) -> None:
    engine = open_engine(postgres_url, pool_size=2)
    line = WriteConnection(engine)
    db = line.begin()
    INSERT.execute_later(db, [("default", None, "kling", "default", "why", NOW)])
    found, also = _names_soon(db, ["a"]), _names_soon(db, ["a"])
    with pytest.raises(IntegrityError):
        found()
    with pytest.raises(DBAPIError):
        also()
    INSERT.execute_later(db, [a_row("behind")])  # on its way when everything is taken back
    line.roll_back()
    db = line.begin()
    INSERT.execute_later(db, [a_row("a")])
    line.commit()
    with engine.connect() as other:
        assert names(other) == ["a"]
    line.close()
    engine.dispose()


def _names_soon(db: Connection, wanted: Sequence[str]) -> bulk.Found:
    return bulk.find_soon(
        db, "SELECT name FROM conditions WHERE name", wanted, encoding.encode_texts
    )


def test_a_rollback_leaves_everything_prepared(line: WriteConnection, engine: Engine) -> None:
    """Psycopg's own ROLLBACK deallocates all statements, also those it did not prepare."""
    for number in range(12):  # psycopg prepares what comes more than five times
        db = line.begin()
        names(db)
        INSERT.execute_later(db, [a_row(f"{number}")])
        line.commit()
    db = line.begin()
    names(db)
    INSERT.execute_later(db, [a_row("never")])
    line.roll_back()
    db = line.begin()
    INSERT.execute_later(db, [a_row("after")])
    line.commit()
    with engine.connect() as other:
        assert names(other) == [*map(str, range(12)), "after"]


def test_a_failure_that_is_passed_over_is_no_commit(postgres_url: str) -> None:
    """On SQLite a statement fails alone, and its transaction goes on."""
    engine = open_engine(postgres_url, pool_size=1)
    line = WriteConnection(engine)
    db = line.begin()
    INSERT.run(db, [a_row("a")])
    with pytest.raises(IntegrityError):
        INSERT.run(db, [a_row("a")])
    with pytest.raises(DBAPIError, match="it is rolled back"):
        line.commit()
    line.roll_back()
    assert names(line.begin()) == []
    line.close()
    engine.dispose()


def test_a_statement_that_could_not_be_prepared_is_prepared_again(
    line: WriteConnection, engine: Engine
) -> None:
    statement = "DELETE FROM not_there WHERE number"
    with pytest.raises((ProgrammingError, OperationalError)):  # noqa: PT012 - as above
        bulk.change_later(line.begin(), statement, [1], encoding.integers)
        line.commit()
    line.roll_back()
    with engine.begin() as other:
        other.execute(text("CREATE TABLE not_there (number bigint)"))
        other.execute(text("INSERT INTO not_there VALUES (1)"))
    bulk.change_later(line.begin(), statement, [1], encoding.integers)
    line.commit()
    with engine.connect() as other:
        assert other.scalar(text("SELECT count(*) FROM not_there")) == 0


def test_more_than_a_socket_holds_goes_both_ways_at_once(line: WriteConnection) -> None:
    columns = ("tenant", "provider", "source", "verdict", "received_at", "fingerprint", "body")
    insert = bulk.insert(receipts, (*columns, "size_bytes"))
    db, body = line.begin(), bytes(64 * KIBIBYTES)
    for half in range(2):
        insert.execute_later(
            db,
            [
                (
                    *("default", "kling", "callback", "forged", NOW),
                    *(bytes([half, number]), body, len(body)),
                )
                for number in range(128)
            ],
        )
        every = "SELECT body FROM receipts WHERE tenant"
        bulk.change_later(db, every, ["default"], encoding.encode_texts)
    line.commit()
    found = bulk.find(
        line.begin(), "SELECT body FROM receipts WHERE tenant", ["default"], encoding.encode_texts
    )
    assert len(found) == 256
    assert {bytes(row[0]) for row in found} == {body}
    line.roll_back()


@pytest.mark.anyio
async def test_a_connection_that_was_lost_before_the_commit_costs_nobody_anything(
    postgres_url: str,
) -> None:
    runs = 0

    def write(tx: Tx, rows: Sequence[tuple[object, ...]]) -> list[None]:
        nonlocal runs
        runs += 1
        INSERT.run(tx.db, rows)
        if runs == 1:
            _end_backend(postgres_url, _pid(tx, [None])[0])
        INSERT.run(tx.db, [a_row(f"more {row[1]}") for row in rows])
        return [None] * len(rows)

    async with Store(postgres_url, SystemClock()) as store:
        await store.write(write, a_row("a"))
        assert runs == 2
        _end_backend(postgres_url, await store.write(_pid, None))  # while nobody uses it
        await store.write(write, a_row("b"))
        assert await store.read(names) == ["a", "more a", "b", "more b"]


@pytest.mark.anyio
async def test_statements_that_somebody_deallocated_are_prepared_on_another_connection(
    postgres_url: str,
) -> None:
    def deallocate(tx: Tx, items: Sequence[None]) -> list[None]:
        tx.db.execute(text("DEALLOCATE ALL"))
        return [None] * len(items)

    def write(tx: Tx, rows: Sequence[tuple[object, ...]]) -> list[None]:
        INSERT.run(tx.db, rows)
        return [None] * len(rows)

    async with Store(postgres_url, SystemClock()) as store:
        await store.write(write, a_row("a"))
        with pytest.raises(DBAPIError):  # its own COMMIT was one of them
            await store.write(deallocate, None)
        await store.write(write, a_row("b"))
        assert await store.read(names) == ["a", "b"]


def _pid(tx: Tx, items: Sequence[None]) -> list[int]:
    return [tx.db.scalars(select(func.pg_backend_pid())).one()] * len(items)


def _end_backend(url: str, pid: int) -> None:
    """Returns once it is gone."""
    engine = open_engine(url, pool_size=1)
    with engine.connect() as db:
        assert db.scalar(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
    engine.dispose()


def test_replicas_are_looked_for_now_and_then_where_there_are_none(postgres_url: str) -> None:
    engine = open_engine(postgres_url, pool_size=1)
    line = WriteConnection(engine)
    for _ in range(COMMITS_OF_A_LOOK + 1):
        db = line.begin()
        line.commit()
    looks = (
        "SELECT generic_plans + custom_plans FROM pg_prepared_statements"
        " WHERE statement ~ 'flush_lsn'"
    )
    assert db.scalar(text(looks)) == 2
    assert line.position == ""
    line.close()
    engine.dispose()


def test_a_batch_of_one_is_not_planned_anew(postgres_url: str) -> None:
    engine = open_engine(postgres_url, pool_size=1)
    line = WriteConnection(engine)
    for _ in range(7):
        db = line.begin()
        db.execute(text("SET LOCAL enable_seqscan = off"))  # as for a table of many rows
        tasks.lock_by_key(db, [1])
        tasks.set_awaits(db, {1: None})
        line.commit()
    planned = "SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE '% tasks %'"
    assert db.scalars(text(planned)).all() == [2, 2]  # PostgreSQL tries five that see the values
    line.close()
    engine.dispose()
