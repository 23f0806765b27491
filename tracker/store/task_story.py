"""Everything about one task, read in one transaction: for people who look at it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, literal, null, select

from tracker.domain.lifecycle import Transition
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.store import attempts, deliveries, held_slots, holds, kept_tasks, keys, transitions
from tracker.store.attempts import Attempt
from tracker.store.deliveries import Delivery
from tracker.store.holds import Hold
from tracker.store.kept_tasks import KeptTask
from tracker.store.receipts import Receipt, build_receipt
from tracker.store.schema import jobs, receipts, stream_texts, task_inputs, tasks

MOST = 200
"""The newest steps, receipts and deliveries of a task that are shown at once, of each."""
MOST_RELATED = 50
MOST_HOLDS = 5
"""The newest that keep a task, of those that are shown with it."""


@dataclass(frozen=True, slots=True)
class RelatedTask:
    """Another task that belongs to this one."""

    id: UUID
    external_task_id: str
    state: str


@dataclass(frozen=True, slots=True)
class StreamBeginning:
    """The beginning of a text that came as a stream. size: of all of it, in characters."""

    text: str
    size: int


@dataclass(frozen=True, slots=True)
class TaskHistory:
    """A task with all that happened to it.

    steps:     the newest MOST, and all older ones that led to another state.
    receipts:  the newest MOST, oldest first, without headers and bodies.
    deliveries: the newest MOST, oldest first.
    is_cut:    whether there are older ones of these three.
    whole:     receipts with headers and body, by key; see `load_bodies`.
    submitter: the name of the key that it was submitted with; None where that is not known.
    due:       when it is next worked on, by kind of work; taken: kinds that a worker is at.
    put_off:   why its submit was put off the last time; empty where it never was.
    slots_held: of a queued task, the slots that its account's tasks take at the provider.
    input:     the first bytes of the stored request body; input_size: of all of it.
    stream:    the text of an answer that came as a stream.
    holds:     the newest MOST_HOLDS that keep it from being dropped.
    """

    kept: KeptTask
    steps: Sequence[tuple[int, Transition]]
    attempts: Sequence[Attempt]
    receipts: Sequence[Receipt]
    is_cut: bool
    whole: Mapping[int, Receipt]
    deliveries: Sequence[Delivery]
    submitter: str | None
    due: Mapping[JobKind, datetime]
    taken: Collection[JobKind]
    resubmitted_as: Sequence[RelatedTask]
    children: Sequence[RelatedTask]
    related: Mapping[UUID, RelatedTask]
    input: bytes | None
    input_size: int
    stream: StreamBeginning | None
    holds: Sequence[Hold]
    put_off: str = ""
    slots_held: int = 0


def read(
    db: Connection, tenant: str, id_: UUID, *, most_bytes: int, most: int = MOST
) -> TaskHistory | None:
    """Return the story of a tenant's task; None where there is no such task.

    most_bytes: of the input and of a stream. most: steps, receipts and deliveries, of each.
    """
    kept = kept_tasks.load_by_id(db, [id_]).get(id_)
    if kept is None or kept.task.tenant != tenant:
        return None
    task = kept.task
    listed = _list_receipts(db, task.key, most + 1)
    owed = deliveries.list_of_task(db, task.key, limit=most + 1)
    named = None if task.submitter is None else keys.list_by_key(db, [task.submitter])
    body, size = _read_input(db, task.key, most_bytes)
    work = _load_work(db, task.key)
    account = (task.provider, task.account)
    linked = [one for one in (task.parent_id, task.resubmit_of) if one is not None]
    return TaskHistory(
        kept=kept,
        steps=transitions.list_of_task(db, task.key, after=task.version - most),
        attempts=attempts.list_of_task(db, task.key),
        receipts=listed[-most:],
        is_cut=max(task.version, len(listed), len(owed)) > most,
        whole={},
        deliveries=owed[-most:],
        submitter=named[task.submitter].name if named and task.submitter in named else None,
        due={one.kind: one.at for one in work},
        taken={one.kind for one in work if one.is_taken},
        put_off=next((one.put_off for one in work if one.kind is JobKind.SUBMIT), ""),
        slots_held=(
            held_slots.count(db, [account]).get(account, 0) if task.state is TaskState.QUEUED else 0
        ),
        resubmitted_as=_list_made_of(db, tenant, id_, tasks.c.resubmit_of),
        children=_list_made_of(db, tenant, id_, tasks.c.parent_id),
        related=_load_related(db, tenant, linked),
        input=body,
        input_size=size,
        stream=_load_stream(db, task.key, most_bytes),
        holds=holds.list_of_task(db, tenant, id_, limit=MOST_HOLDS),
    )


def load_bodies(db: Connection, story: TaskHistory, wanted: Collection[int]) -> TaskHistory:
    """Return a story with the headers and bodies of some of its receipts."""
    return replace(story, whole=list_receipts(db, story.kept.task.key, wanted))


def _list_receipts(db: Connection, task_key: int, limit: int) -> list[Receipt]:
    columns = [column for column in receipts.c if column.name not in ("body", "headers")]
    found: Select[Any] = (
        select(*columns, null().label("headers"))
        .where(receipts.c.task_key == task_key)
        .order_by(receipts.c.key.desc())
        .limit(limit)
    )
    return [build_receipt(row, None) for row in db.execute(found)][::-1]


def list_receipts(db: Connection, task_key: int, wanted: Collection[int]) -> dict[int, Receipt]:
    """Return whole receipts of a task by key; a repeat comes with the body it shares."""
    if not wanted:
        return {}
    shared = receipts.alias("shared")
    found = (
        select(receipts, shared.c.body.label("shared_body"))
        .outerjoin(shared, shared.c.key == receipts.c.duplicate_of)
        .where(receipts.c.key.in_(wanted), receipts.c.task_key == task_key)
    )
    return {
        row.key: build_receipt(row, row.body if row.body is not None else row.shared_body)
        for row in db.execute(found)
    }


def _read_input(db: Connection, task_key: int, most: int) -> tuple[bytes | None, int]:
    body = task_inputs.c.body
    found = db.execute(
        select(func.substr(body, 1, most, type_=body.type), func.length(body)).where(
            task_inputs.c.task_key == task_key
        )
    ).one_or_none()
    return (None, 0) if found is None else (bytes(found[0]), found[1])


def _load_stream(db: Connection, task_key: int, most: int) -> StreamBeginning | None:
    text = stream_texts.c.text
    found = db.execute(
        select(func.substr(text, 1, most), func.length(text)).where(
            stream_texts.c.task_key == task_key
        )
    ).one_or_none()
    return None if found is None else StreamBeginning(*found)


@dataclass(frozen=True, slots=True)
class _Work:
    """Work on a task. at: when it is due; is_taken: by a worker; put_off: why, the last time."""

    kind: JobKind
    at: datetime
    is_taken: bool
    put_off: str


def _load_work(db: Connection, task_key: int) -> list[_Work]:
    row = jobs.c
    found = select(row.kind, row.run_at, row.lease_until, row.last_error)
    rows = db.execute(found.where(row.task_key == task_key))
    return [_Work(JobKind(kind), at, until is not None, why or "") for kind, at, until, why in rows]


_RELATED = (tasks.c.id, tasks.c.external_task_id, tasks.c.state)


def _list_made_of(
    db: Connection, tenant: str, id_: UUID, source: ColumnElement[UUID | None]
) -> list[RelatedTask]:
    """Return the tasks that were made of one. source: the column that names it in theirs."""
    # Both conditions: planners take the partial index only where its own is spelt out.
    found = select(*_RELATED).where(
        source == id_, source.is_not(None), tasks.c.tenant == literal(tenant)
    )
    return [
        RelatedTask(*row) for row in db.execute(found.order_by(tasks.c.key).limit(MOST_RELATED))
    ]


def _load_related(db: Connection, tenant: str, ids: Collection[UUID]) -> dict[UUID, RelatedTask]:
    if not ids:
        return {}
    found = select(*_RELATED).where(tasks.c.id.in_(ids), tasks.c.tenant == literal(tenant))
    return {row[0]: RelatedTask(*row) for row in db.execute(found)}
