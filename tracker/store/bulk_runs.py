"""Statements on `bulk_runs` and their tasks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, update

from tracker.domain.runs import RunOutcome, RunState, RunTaskOutcome
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import bulk_run_tasks, bulk_runs, tasks

_TASK = bulk_run_tasks.c


@dataclass(frozen=True, slots=True)
class KeptRun:
    """An action on many tasks that workers carry out.

    filter:   what narrows it, by the API's names.
    until:    tasks made from then on are left alone.
    matching: how many tasks it is about.
    actor:    who confirmed it.
    stopped_by: who stopped it.
    """

    key: int
    id: UUID
    tenant: str
    action: str
    filter: Mapping[str, Any]
    until: datetime
    matching: int
    actor: str
    state: RunState
    done: int
    refused: int
    failed: int
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    stopped_by: str | None = None


@dataclass(frozen=True, slots=True)
class RunTask:
    """One task of a run. outcome: None where it was not acted on."""

    key: int
    task_id: UUID
    external_task_id: str
    outcome: RunOutcome | None
    reason: str | None
    made_id: UUID | None


def insert_run(db: Connection, run: KeptRun, task_keys: Sequence[int]) -> KeptRun | None:
    """Keep a new run and its tasks; return it with its row key, or None where it is there."""
    values = {column.name: getattr(run, column.name) for column in bulk_runs.c}
    del values["key"]
    new = get_dialect(db).insert(bulk_runs).on_conflict_do_nothing(index_elements=["id"])
    key = db.execute(new.returning(bulk_runs.c.key), values).scalar_one_or_none()
    if key is None:
        return None
    rows = [{"run_key": key, "task_key": one, "tenant": run.tenant} for one in task_keys]
    if rows:
        db.execute(insert(bulk_run_tasks), rows)
    return KeptRun(**{**values, "key": key})


def find(db: Connection, tenant: str, id_: UUID, *, is_locked: bool = False) -> KeptRun | None:
    """Return a tenant's run, its row locked if asked; None where it has none of this id."""
    wanted = select(bulk_runs).where(bulk_runs.c.id == id_, bulk_runs.c.tenant == tenant)
    return _find_first(db, wanted.with_for_update() if is_locked else wanted)


def lock(db: Connection, key: int) -> KeptRun | None:
    """Return a run, its row locked: one piece of it is carried out at a time."""
    return _find_first(db, select(bulk_runs).where(bulk_runs.c.key == key).with_for_update())


def list_page(db: Connection, tenant: str, *, before: int | None, limit: int) -> list[KeptRun]:
    """Return runs, newest first. before: the key of the last one of the page before."""
    found = select(bulk_runs).where(bulk_runs.c.tenant == tenant)
    if before is not None:
        found = found.where(bulk_runs.c.key < before)
    rows = db.execute(found.order_by(bulk_runs.c.key.desc()).limit(limit))
    return [_run(row) for row in rows]


def find_next_key(db: Connection) -> int | None:
    """Return the run that has waited longest for its next piece; None where none is running."""
    running = select(bulk_runs.c.key).where(text("state = 'running'"))  # as its index has it
    key: int | None = db.scalar(running.order_by(bulk_runs.c.updated_at).limit(1))
    return key


def find_action(db: Connection, key: int) -> str | None:
    """Return what a run does to its tasks; None where there is no such run."""
    action: str | None = db.scalar(select(bulk_runs.c.action).where(bulk_runs.c.key == key))
    return action


def list_undone(db: Connection, key: int, *, limit: int) -> list[int]:
    """Return the rows of the next tasks of a run, the oldest first."""
    found = select(_TASK.task_key).where(_TASK.run_key == key, _TASK.outcome.is_(None))
    return list(db.scalars(found.order_by(_TASK.task_key).limit(limit)))


def record(
    db: Connection, run: KeptRun, outcomes: Sequence[RunTaskOutcome], *, now: datetime
) -> None:
    """Keep what became of tasks of a locked run; it is done where none is left."""
    if outcomes:
        told = (
            update(bulk_run_tasks)
            .where(_TASK.run_key == run.key, _TASK.task_key == bindparam("of"))
            .values(outcome=bindparam("became"), reason=bindparam("why"), made_id=bindparam("made"))
        )
        db.execute(
            told,
            [
                {
                    "of": one.task_key,
                    "became": one.outcome.value,
                    "why": one.reason,
                    "made": one.made_id,
                }
                for one in outcomes
            ],
        )
    counts = Counter(one.outcome for one in outcomes)
    values: dict[str, Any] = {
        "done": run.done + counts[RunOutcome.DONE],
        "refused": run.refused + counts[RunOutcome.REFUSED],
        "failed": run.failed + counts[RunOutcome.FAILED],
        "updated_at": now,
    }
    if not list_undone(db, run.key, limit=1):
        values |= {"state": RunState.DONE.value, "ended_at": now}
    db.execute(update(bulk_runs).where(bulk_runs.c.key == run.key).values(values))


def stop(db: Connection, run: KeptRun, actor: str, *, now: datetime) -> None:
    """Have no further piece of a locked run carried out."""
    values = {
        "state": RunState.STOPPED.value,
        "stopped_by": actor,
        "ended_at": now,
        "updated_at": now,
    }
    db.execute(update(bulk_runs).where(bulk_runs.c.key == run.key).values(values))


def list_tasks(
    db: Connection, key: int, *, outcome: RunOutcome | None, after: int, limit: int
) -> list[RunTask]:
    """Return tasks of a run, the oldest first. outcome: only those of which this became."""
    found = (
        select(
            *(_TASK.task_key, tasks.c.id, tasks.c.external_task_id),
            *(_TASK.outcome, _TASK.reason, _TASK.made_id),
        )
        .join(tasks, tasks.c.key == _TASK.task_key)
        .where(_TASK.run_key == key, _TASK.task_key > after)
    )
    if outcome is not None:
        found = found.where(_TASK.outcome == outcome.value)
    return [
        RunTask(row[0], row[1], row[2], row[3] and RunOutcome(row[3]), row[4], row[5])
        for row in db.execute(found.order_by(_TASK.task_key).limit(limit))
    ]


def count_reasons(db: Connection, key: int) -> dict[str, int]:
    """Return why tasks of a run were not done, with how many each is about."""
    found = (
        select(_TASK.reason, func.count())
        .where(_TASK.run_key == key, _TASK.reason.is_not(None))
        .group_by(_TASK.reason)
    )
    told = {str(reason): count for reason, count in db.execute(found)}
    return dict(sorted(told.items(), key=lambda one: -one[1]))


def _find_first(db: Connection, found: Any) -> KeptRun | None:
    row = db.execute(found).one_or_none()
    return None if row is None else _run(row)


def _run(row: Row[Any]) -> KeptRun:
    columns = row._asdict()
    return KeptRun(**{**columns, "state": RunState(columns["state"])})
