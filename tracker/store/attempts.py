"""Statements on `attempts`: the submit ledger."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, exists, func, select, text, update

from tracker.domain.exchange import Certainty
from tracker.domain.task import Awaits, Task
from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import get_dialect
from tracker.store.jobs import Job
from tracker.store.schema import ASKED_ABOUT, attempts, jobs, tasks
from tracker.store.tolerant import read_optional_member


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to hand a task to its provider.

    number:    counted from 1 within the task.
    ended_at:  None while the request may be on its way.
    outcome:   `accepted`, `refused`, `deferred`, `not_sent`, `unknown`, `exists` (the provider
               says that an earlier one made it) or `lost` (the process that made it vanished
               before it could say).
    """

    key: int
    number: int
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    certainty: Certainty | None = None
    http_status: int | None = None
    code: str | None = None
    message: str | None = None
    latency_ms: int | None = None
    provider_task_id: str | None = None
    provider_request_id: str | None = None


_NEW = ("tenant", "task_key", "number", "started_at")
_INSERT = bulk.insert(attempts, _NEW, returning="task_key, key")
_INSERT_NUMBERED = bulk.insert(attempts, (*_NEW, "key"))
_OUTCOME = (
    *("ended_at", "outcome", "certainty", "http_status", "code", "message", "latency_ms"),
    *("provider_task_id", "provider_request_id"),
)
_END = bulk.update(attempts, _OUTCOME)
_LAST_NUMBERS = (
    "SELECT key, (SELECT max(number) FROM attempts WHERE task_key = tasks.key) FROM tasks WHERE key"
)
_OPEN = "SELECT task_key, key FROM attempts WHERE ended_at IS NULL AND task_key"
_LOCK_OPEN = "SELECT key FROM attempts WHERE ended_at IS NULL AND key"


def open_many(db: Connection, tasks: Sequence[Task], *, now: datetime) -> dict[int, Attempt]:
    """Write down, before any socket opens, that these tasks are about to be sent.

    Returns the attempts by task key.
    """
    last = dict(bulk.find(db, _LAST_NUMBERS, [task.key for task in tasks], encoding.integers))
    numbers = {task.key: (last.get(task.key) or 0) + 1 for task in tasks}
    keys = _insert_and_number(
        db, [(task.tenant, task.key, numbers[task.key], now) for task in tasks]
    )
    return {
        task_key: Attempt(key=keys[task_key], number=number, started_at=now)
        for task_key, number in numbers.items()
    }


def _insert_and_number(db: Connection, rows: Sequence[tuple[Any, ...]]) -> dict[int, int]:
    """Insert values of _NEW. Returns {task key: attempt key}."""
    if not get_dialect(db).has_one_writer:
        return dict(_INSERT.fetch(db, rows)())
    last = bulk.find_last_number(db, "attempts")
    numbered = [(*row, last + place) for place, row in enumerate(rows, start=1)]
    _INSERT_NUMBERED.run(db, numbered)
    return {task_key: key for _, task_key, _, _, key in numbered}


def open_of(db: Connection, task_keys: Collection[int]) -> dict[int, int]:
    """Return attempts that nobody has ended, by task key: {task key: attempt key}."""
    return dict(bulk.find(db, _OPEN, list(task_keys), encoding.integers))


def find_unattended(db: Connection, *, limit: int) -> dict[int, int]:
    """Return the last attempts of tasks that wait for an answer to none: {task key: attempt key}.

    Reads the tasks that are open at their provider.
    """
    of_task = attempts.c.task_key == tasks.c.key
    last = select(func.max(attempts.c.key)).where(of_task).scalar_subquery()
    found = (
        select(tasks.c.key, last)
        .where(text(ASKED_ABOUT), tasks.c.awaits == Awaits.ANSWER.value)
        .where(~exists().where(of_task, attempts.c.ended_at.is_(None)), exists().where(of_task))
        .limit(limit)
    )
    return {row[0]: row[1] for row in db.execute(found)}


def find_first_since_queued(db: Connection, job: Job) -> datetime | None:
    """Return when the first try of a submit's job began; None where the clock was set back."""
    queued_at = select(jobs.c.created_at).where(jobs.c.key == job.key).scalar_subquery()
    found = select(attempts.c.started_at).where(
        attempts.c.task_key == job.task_key, attempts.c.started_at >= queued_at
    )
    return db.execute(found.order_by(attempts.c.number).limit(1)).scalar()


def end_many(db: Connection, ended: Sequence[Attempt]) -> list[bool]:
    """Write outcomes, each once. False for each that somebody has ended already."""
    keys = sorted({one.key for one in ended})
    lock = " ORDER BY key FOR UPDATE"
    still_open = {key for (key,) in bulk.find(db, _LOCK_OPEN, keys, encoding.integers, tail=lock)}
    firsts: dict[int, Attempt] = {}
    is_first = [one.key in still_open and firsts.setdefault(one.key, one) is one for one in ended]
    _END.execute_later(db, [_list_outcome(one) for one in firsts.values()])
    return is_first


def _list_outcome(one: Attempt) -> tuple[Any, ...]:
    """Return the values of _OUTCOME, and the key."""
    return (
        one.ended_at,
        one.outcome,
        one.certainty and one.certainty.value,
        one.http_status,
        one.code,
        one.message,
        one.latency_ms,
        one.provider_task_id,
        one.provider_request_id,
        one.key,
    )


def end_lost(db: Connection, keys: Iterable[int], *, now: datetime) -> None:
    """End the attempts of processes that vanished: what came of them is unknown."""
    db.execute(
        update(attempts)
        .where(attempts.c.key.in_(list(keys)), attempts.c.ended_at.is_(None))
        .values(ended_at=now, outcome="lost", certainty=Certainty.UNKNOWN.value)
    )


@dataclass(frozen=True, slots=True)
class EndedSubmit:
    """How one submit of an account ended."""

    provider: str
    account: str
    ended_at: datetime
    outcome: str
    http_status: int | None
    code: str | None
    message: str | None


def find_latest_ended(db: Connection, *, limit: int) -> list[EndedSubmit]:
    """Return how the latest submits ended, newest first. Reads no more than `limit` of them."""
    latest = select(attempts).order_by(attempts.c.key.desc()).limit(limit).subquery()
    found = (
        select(
            tasks.c.provider,
            tasks.c.account,
            latest.c.ended_at,
            latest.c.outcome,
            latest.c.http_status,
            latest.c.code,
            latest.c.message,
        )
        .join(tasks, tasks.c.key == latest.c.task_key)
        .where(latest.c.ended_at.is_not(None), latest.c.outcome.is_not(None))
        .order_by(latest.c.key.desc())
    )
    return [EndedSubmit(*row) for row in db.execute(found)]


def find_last(db: Connection, task_key: int) -> Attempt | None:
    """Return a task's latest attempt."""
    found = select(attempts).where(attempts.c.task_key == task_key)
    row = db.execute(found.order_by(attempts.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else _parse_attempt(row)


def find_last_messages(db: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what the latest attempt of each of some tasks was told, by the task's id."""
    if not ids:
        return {}
    found = select(tasks.c.id, attempts.c.message).join(tasks, tasks.c.key == attempts.c.task_key)
    found = found.where(tasks.c.id.in_(ids), attempts.c.message.is_not(None))
    return {one.id: one.message for one in db.execute(found.order_by(attempts.c.number))}


def list_of_task(db: Connection, task_key: int) -> list[Attempt]:
    """Return one task's attempts, oldest first."""
    found = select(attempts).where(attempts.c.task_key == task_key).order_by(attempts.c.number)
    return [_parse_attempt(row) for row in db.execute(found)]


def _parse_attempt(row: Any) -> Attempt:
    return Attempt(
        key=row.key,
        number=row.number,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        certainty=read_optional_member(Certainty, row.certainty or None),
        http_status=row.http_status,
        code=row.code,
        message=row.message,
        latency_ms=row.latency_ms,
        provider_task_id=row.provider_task_id,
        provider_request_id=row.provider_request_id,
    )
