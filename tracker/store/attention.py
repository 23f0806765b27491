"""Statements for what needs a human. Each reads a small index, however long the history is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, TextClause, func, literal_column, select, text
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.ignored import find_unknown_word
from tracker.domain.lifecycle import Verdict
from tracker.domain.task import FollowUp, TaskState
from tracker.domain.work import JobKind
from tracker.store.dismissals import DismissalKind, build_not_dismissed
from tracker.store.jobs import MAY_BE_IT
from tracker.store.schema import BLOCKED, LATE, ODD, OVERDUE, assets, jobs, receipts, tasks
from tracker.store.tolerant import read_member

ASKING = (
    Verdict.CONFLICT,
    Verdict.UNKNOWN_STATUS,
    Verdict.MISMATCH,
    Verdict.UNKNOWN_TASK,
    Verdict.MALFORMED,
    Verdict.FORGED,
)
"""Receipts with these verdicts ask for a human."""
LOST = "assets.state = 'lost' AND assets.task_key IS NOT NULL"
_LATEST_WORDS = 5000
"""How many receipts of unknown words are counted."""


@dataclass(frozen=True, slots=True)
class StuckTaskRow:
    """A task that may need a human.

    since: of an uncertain or blocked one when it became so, of one that is overdue its deadline,
           else when it ended.
    """

    id: UUID
    provider: str
    account: str
    operation: str
    external_task_id: str
    state: TaskState
    message: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class OddReceiptRow:
    """A receipt that may need a human. task_id: None where it belongs to no task."""

    key: int
    task_id: UUID | None
    provider: str
    verdict: Verdict
    reason: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A status word that no table knows. count: its receipts; task_id: one of its tasks."""

    provider: str
    word: str
    count: int
    task_id: UUID | None
    last_at: datetime


def list_overdue(db: Connection, tenant: str, *, now: datetime, limit: int) -> list[StuckTaskRow]:
    """Return open tasks past their deadline: those not flagged yet first, else newest first.

    Where no process does the background work, nobody flags them.
    """
    unflagged = _select_tasks(tenant, tasks.c.deadline_at).where(
        text(LATE), tasks.c.deadline_at <= now
    )
    flagged = _select_tasks(tenant, tasks.c.deadline_at).where(text(OVERDUE))
    late = _read_stuck(db, unflagged.order_by(tasks.c.deadline_at.desc()), limit)
    late += _read_stuck(db, flagged.order_by(tasks.c.key.desc()), limit)
    return late[:limit]


def list_uncertain(db: Connection, tenant: str, *, limit: int) -> list[StuckTaskRow]:
    """Return tasks of which nobody knows whether they exist, newest first."""
    found = _select_tasks(tenant, tasks.c.updated_at)
    found = found.where(tasks.c.state == TaskState.UNCERTAIN.value)
    return _read_stuck(db, found.order_by(tasks.c.created_at.desc(), tasks.c.key.desc()), limit)


def list_candidates(db: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return, by task, what the latest look told a person to choose from."""
    if not ids:
        return {}
    found = select(tasks.c.id, jobs.c.last_error).join(tasks, tasks.c.key == jobs.c.task_key)
    found = found.where(tasks.c.id.in_(ids), jobs.c.kind == JobKind.RECONCILE.value)
    found = found.where(jobs.c.last_error.startswith(MAY_BE_IT))
    return {one.id: one.last_error for one in db.execute(found)}


def list_blocked(db: Connection, tenant: str, *, limit: int) -> list[StuckTaskRow]:
    """Return tasks that wait for a call of their caller's, newest first."""
    found = _select_tasks(tenant, tasks.c.blocked_at).where(text(BLOCKED))
    return _read_stuck(db, found.order_by(tasks.c.key.desc()), limit)


def list_followed_up(
    db: Connection, tenant: str, why: FollowUp, *, limit: int
) -> list[StuckTaskRow]:
    """Return tasks that have ended and are asked about all the same, newest first."""
    found = _select_tasks(tenant, tasks.c.finished_at)
    # Spelt out, or the partial index would not be used.
    found = found.where(tasks.c.follow_up == why.value, tasks.c.follow_up.is_not(None))
    found = found.where(build_not_dismissed(DismissalKind.FOLLOW_UP, tasks.c.key))
    return _read_stuck(db, found.order_by(tasks.c.key.desc()), limit)


def list_lost_files(
    db: Connection, tenant: str, *, since: datetime, limit: int
) -> list[StuckTaskRow]:
    """Return tasks of which a file was lost since then, the latest first, each once.

    message: why the file is lost.
    """
    found = _select_tasks(tenant, assets.c.ended_at, said=assets.c.reason)
    found = found.join(assets, assets.c.task_key == tasks.c.key)
    # Spelt out, or the partial index would not be used.
    found = found.where(assets.c.tenant == tenant, text(LOST), assets.c.ended_at >= since)
    found = found.where(build_not_dismissed(DismissalKind.FOLLOW_UP, tasks.c.key))
    rows = _read_stuck(db, found.order_by(assets.c.ended_at.desc()), limit)
    return list({one.id: one for one in reversed(rows)}.values())[::-1]


def has_lost_file(db: Connection, key: int) -> bool:
    """Return whether a task, by its row key, has a file that is lost."""
    found = select(assets.c.key).where(assets.c.task_key == key, text(LOST)).limit(1)
    return db.execute(found).first() is not None


def list_unknown_words(db: Connection, tenant: str, *, limit: int) -> list[UnknownWord]:
    """Return the unknown status words of the latest receipts that have one, the most frequent
    first.
    """
    latest = _select_latest_with_word(tenant).subquery()
    count = func.count()
    grouped = (
        select(
            latest.c.provider,
            latest.c.reason,
            count.label("receipts"),
            func.max(latest.c.task_key).label("task_key"),
            func.max(latest.c.key).label("last"),
        )
        .where(latest.c.reason.is_not(None))
        .group_by(latest.c.provider, latest.c.reason)
        .order_by(count.desc())
        .limit(limit)
        .subquery()
    )
    found = (
        select(
            grouped.c.provider,
            grouped.c.reason,
            grouped.c.receipts,
            tasks.c.id,
            receipts.c.received_at,
        )
        .join(receipts, receipts.c.key == grouped.c.last)
        .outerjoin(tasks, tasks.c.key == grouped.c.task_key)
        .order_by(grouped.c.receipts.desc(), grouped.c.last.desc())
    )
    return [
        UnknownWord(provider, find_unknown_word(reason), number, task_id, at)
        for provider, reason, number, task_id, at in db.execute(found)
    ]


def list_receipts_of_word(
    db: Connection, tenant: str, provider: str, word: str, *, limit: int
) -> list[int]:
    """Return the row keys of the latest receipts of an unknown word that nobody dismissed."""
    latest = _select_latest_with_word(tenant).subquery()
    found = select(latest.c.key, latest.c.reason).where(latest.c.provider == provider)
    rows = db.execute(found.order_by(latest.c.key.desc())).all()
    return [key for key, reason in rows if reason and find_unknown_word(reason) == word][:limit]


def _select_latest_with_word(tenant: str) -> Select[Any]:
    return (
        select(receipts.c.key, receipts.c.provider, receipts.c.reason, receipts.c.task_key)
        .where(*_match_asking(tenant, Verdict.UNKNOWN_STATUS))
        .order_by(receipts.c.key.desc())
        .limit(_LATEST_WORDS)
    )


def list_odd(
    db: Connection, tenant: str, verdict: Verdict, *, since: datetime | None = None, limit: int
) -> list[OddReceiptRow]:
    """Return receipts with one verdict that came since then, newest first, but dismissed ones."""
    found = (
        select(
            receipts.c.key,
            tasks.c.id,
            receipts.c.provider,
            receipts.c.reason,
            receipts.c.received_at,
        )
        .outerjoin(tasks, tasks.c.key == receipts.c.task_key)
        .where(*_match_asking(tenant, verdict))
        .order_by(receipts.c.key.desc())
        .limit(limit)
    )
    if since is not None:
        found = found.where(receipts.c.received_at >= since)
    return [
        OddReceiptRow(key, task_id, provider, verdict, reason, at)
        for key, task_id, provider, reason, at in db.execute(found)
    ]


def _match_asking(tenant: str, verdict: Verdict) -> Sequence[ColumnElement[bool] | TextClause]:
    """Return the conditions of receipts with a verdict that nobody has dismissed."""
    return (
        receipts.c.tenant == tenant,
        # Spelt out, or the partial index would not be used.
        receipts.c.verdict == literal_column(f"'{verdict.value}'"),
        text(ODD),
        build_not_dismissed(DismissalKind.RECEIPT, receipts.c.key),
    )


def _select_tasks(tenant: str, since: Any, *, said: Any = tasks.c.message) -> Select[Any]:
    whose = (tasks.c.id, tasks.c.provider, tasks.c.account, tasks.c.operation)
    found = select(*whose, tasks.c.external_task_id, tasks.c.state, said, since)
    return found.where(tasks.c.tenant == tenant)


def _read_stuck(db: Connection, found: Select[Any], limit: int) -> list[StuckTaskRow]:
    rows: Sequence[Any] = db.execute(found.limit(limit)).all()
    return [
        StuckTaskRow(
            id_,
            provider,
            account,
            operation,
            external,
            read_member(TaskState, state),
            message,
            since,
        )
        for id_, provider, account, operation, external, state, message, since in rows
    ]
