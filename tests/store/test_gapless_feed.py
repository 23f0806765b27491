"""The feed skips nothing: whoever has seen a number never later finds a smaller one.

Proved against writers that pause, roll back and commit in another order than they began; the same
reader over numbers that are taken without the lock does miss changes.
"""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, insert
from sqlalchemy import Sequence as Numbers

from tests.support.waiting import wait_until
from tracker.clock import make_id
from tracker.domain.events import EventKind, Source
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task, TaskState
from tracker.store import feed, tasks, transitions
from tracker.store.driver.engine import open_engine
from tracker.store.schema import transitions as table

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TASK = Task(
    key=0,
    id=make_id(),
    tenant="default",
    provider="kling",
    account="default",
    operation="videos/text2video",
    external_task_id="",
    state=TaskState.QUEUED,
    version=1,
    created_at=NOW,
    updated_at=NOW,
)
STEP = Transition(
    1, None, TaskState.QUEUED, EventKind.CREATED, Source.CLIENT, None, None, None, NOW, None, None
)
NUMBERS = Numbers("transitions_seq_seq")
"""Where the feed's numbers came from at first."""
WRITERS = 4
ROUNDS = 12


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url, pool_size=WRITERS + 2)
    try:
        yield engine
    finally:
        engine.dispose()


def make_tasks(engine: Engine, count: int) -> list[Task]:
    """Tasks to write transitions of."""
    new = []
    for _ in range(count):
        id_ = make_id()
        new.append(replace(TASK, id=id_, external_task_id=str(id_)))
    with engine.begin() as db:
        return [task for task in tasks.insert_many(db, new) if task is not None]


class Reader:
    """Follows the feed, and may forget where it stood between two reads but for the number."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(sqlite_begin="DEFERRED")
        self.seen: list[UUID] = []
        self._place = 0

    def read(self, *, limit: int = 3) -> bool:
        """One page; whether there was anything."""
        with self._engine.connect() as db, db.begin():
            page = feed.list_tail(db, self._place, limit=limit)
        for change in page:
            assert change.seq > self._place
            self._place = change.seq
            self.seen.append(change.task_id)
        return bool(page)


def append_naively(db: Connection, new: Sequence[tuple[Task, Transition]]) -> None:
    """Append the naive way: the number comes from the sequence, in insert order."""
    for task, step in new:
        db.execute(
            insert(table).values(
                seq=NUMBERS.next_value(),
                tenant=task.tenant,
                task_key=task.key,
                version=step.version,
                to_state=step.to_state.value,
                kind=step.kind.value,
                source=step.source.value,
                at=step.at,
            )
        )


def test_a_slow_writer_is_not_stepped_over(postgres_url: str) -> None:
    with opened(postgres_url) as engine:
        slow, quick = make_tasks(engine, 2)
        reader = Reader(engine)
        second = threading.Thread(target=_write, args=(engine, quick))
        with engine.connect() as db, db.begin():
            transitions.append(db, [(slow, STEP)])
            second.start()
            wait_until(lambda: _waits_for_lock(engine))
            assert not reader.read()
        second.join(60)
        while reader.read():
            pass
        assert reader.seen == [slow.id, quick.id]


def test_a_naive_reader_steps_over_a_slow_writer(postgres_url: str) -> None:
    with opened(postgres_url) as engine:
        slow, quick = make_tasks(engine, 2)
        reader = Reader(engine)
        with engine.connect() as db, db.begin():
            append_naively(db, [(slow, STEP)])
            with engine.begin() as other:
                append_naively(other, [(quick, STEP)])
            reader.read()
        while reader.read():
            pass
        assert reader.seen == [quick.id]  # the slow writer's change is lost to it for ever


@pytest.mark.parametrize("seed", range(2))
def test_writers_that_pause_roll_back_and_race_lose_no_change(database_url: str, seed: int) -> None:
    with opened(database_url) as engine:
        todo = [make_tasks(engine, ROUNDS) for _ in range(WRITERS)]
        reads = threading.Semaphore(0)
        committed: list[list[UUID]] = [[] for _ in range(WRITERS)]
        writers = [
            threading.Thread(
                target=_race, args=(engine, todo[n], committed[n], reads, random.Random(seed + n))
            )
            for n in range(WRITERS)
        ]
        readers = [Reader(engine) for _ in range(2)]
        for writer in writers:
            writer.start()
        chance = random.Random(seed)
        while any(writer.is_alive() for writer in writers):
            chance.choice(readers).read(limit=chance.randint(1, 5))
            reads.release()
        for reader in readers:
            while reader.read():
                pass
            assert sorted(reader.seen) == sorted(id_ for ids in committed for id_ in ids)
            assert len(set(reader.seen)) == len(reader.seen)
        assert readers[0].seen == readers[1].seen


def _race(
    engine: Engine,
    todo: Sequence[Task],
    committed: list[UUID],
    reads: threading.Semaphore,
    chance: random.Random,
) -> None:
    for task in todo:
        with engine.connect() as db, db.begin() as transaction:
            transitions.append(db, [(task, STEP)])
            if chance.random() < 0.3:
                reads.acquire(timeout=1)  # dawdle until a reader has looked
            if chance.random() < 0.25:
                transaction.rollback()
                continue
        committed.append(task.id)


def _write(engine: Engine, task: Task) -> None:
    with engine.begin() as db:
        transitions.append(db, [(task, STEP)])


def _waits_for_lock(engine: Engine) -> bool:
    with engine.connect() as db:
        waiting = db.exec_driver_sql(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
        )
        return bool(waiting.scalar_one())
