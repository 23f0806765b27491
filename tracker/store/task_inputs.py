"""Statements on `task_inputs`: the bodies that tasks were made of, and tasks of the same body."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, func, select

from tracker.domain.long_texts import WrittenJson
from tracker.domain.task import Task
from tracker.store import task_rows
from tracker.store.driver import bulk
from tracker.store.driver.large_values import (
    insert_in_pieces,
    is_written_in_pieces,
    read_in_place,
    select_if_not_large,
)
from tracker.store.held_slots import NO_SLOTS
from tracker.store.lost_answers import TimeSpan
from tracker.store.schema import task_inputs, tasks

_INSERT = bulk.insert(task_inputs, ("task_key", "tenant", "body"))


def insert_many(db: Connection, inputs: Sequence[tuple[Task, bytes | WrittenJson]]) -> None:
    """Keep what was asked for, apart from the narrow row."""
    small: list[tuple[int, str, bytes]] = []
    for task, body in inputs:
        if is_written_in_pieces(body):
            insert_in_pieces(db, task_inputs, (task.key, task.tenant), body)
        else:
            small.append((task.key, task.tenant, bytes(body)))
    _INSERT.execute_later(db, small)


def get_by_keys(
    db: Connection, keys: Collection[int], *, most: int | None = None
) -> dict[int, bytes]:
    """Return bodies by the tasks' keys. most: leaves out those of more bytes; None for none."""
    body = select_if_not_large(task_inputs.c.body)
    found = select(task_inputs.c.task_key, body).where(task_inputs.c.task_key.in_(keys))
    if most is not None:
        found = found.where(func.length(task_inputs.c.body) <= most)
    bodies = {
        key: read_in_place(db, task_inputs, key) if body is None else body
        for key, body in db.execute(found).all()
    }
    return {key: body for key, body in bodies.items() if body is not None}


def find_newest_like(db: Connection, task: Task, body: bytes, *, within: TimeSpan) -> Task | None:
    """Return the newest task of a time that asks the provider for the same as a new one does.

    body: the new task's input. Its callback URL and a name that its caller gave it count too.
    """
    found = (
        select(tasks)
        .join(task_inputs, task_inputs.c.task_key == tasks.c.key)
        .where(
            tasks.c.tenant == task.tenant,
            tasks.c.provider == task.provider,
            tasks.c.operation == task.operation,
            tasks.c.created_at.between(within.since, within.until),
            task_inputs.c.body == body,
        )
        .order_by(tasks.c.key.desc())
    )
    is_named = task.external_task_id != str(task.id)
    for row in db.execute(found):
        one = task_rows.read_task(row)
        name = task.external_task_id if is_named else str(one.id)
        if one.callback_url == task.callback_url and one.external_task_id == name:
            return one
    return None


def has_unnamed_twin(db: Connection, task: Task) -> bool:
    """Tell whether another task of the account asks for the same and may be at the provider.

    One without the provider's id, of whichever tenant: its create is under way, or was lost too.
    """
    twin, own = tasks.alias(), task_inputs.alias()
    found = (
        select(twin.c.key)
        .join(task_inputs, task_inputs.c.task_key == twin.c.key)
        .join(own, own.c.task_key == task.key)
        .where(
            twin.c.provider == task.provider,
            twin.c.account == task.account,
            twin.c.slots_held > NO_SLOTS,
            twin.c.provider_task_id.is_(None),
            twin.c.key != task.key,
            twin.c.operation == task.operation,
            task_inputs.c.body == own.c.body,
        )
    )
    return db.execute(found.limit(1)).first() is not None
