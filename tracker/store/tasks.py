"""Insert whole tasks, find them, lock them and save them."""

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    or_,
    select,
    text,
    update,
)

from tracker.domain import decimal_names
from tracker.domain.records import build_copier
from tracker.domain.task import AT_PROVIDER, Awaits, Task
from tracker.store import task_rows
from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import ASKED_ABOUT, LATE, tasks
from tracker.store.task_rows import TaskStanding

_IS_NEWER = "tasks.version < n.version"
_FEWER = "n.slots_held < tasks.slots_held"
_SAVE_MOVED = bulk.update(tasks, task_rows.MOVING, where=_IS_NEWER)
_SAVE_NAMED = bulk.update(tasks, (*task_rows.MOVING, *task_rows.NAMING), where=_IS_NEWER)
_SLOTS_FREED = {"slots_held": f"CASE WHEN {_FEWER} THEN n.slots_held ELSE tasks.slots_held END"}
_SAVE_ENDED = bulk.update(
    tasks, (*task_rows.MOVING, *task_rows.ENDING), where=_IS_NEWER, computed=_SLOTS_FREED
)
_SAVE_USUAL = bulk.update(tasks, task_rows.USUAL, where=_IS_NEWER, computed=_SLOTS_FREED)
_SAVE = bulk.update(tasks, task_rows.CHANGING, where=_IS_NEWER, computed=_SLOTS_FREED)
_SET_AWAITS = bulk.update(tasks, ("awaits",))
_ANY_SLOTS = 2**31 - 1
"""Of a task that keeps what it holds."""
_INSERT = bulk.insert(tasks, task_rows.NEW, conflict="ON CONFLICT DO NOTHING", returning="id, key")
_INSERT_NUMBERED = bulk.insert(tasks, (*task_rows.NEW, "key"), conflict="ON CONFLICT DO NOTHING")
_keyed = build_copier(Task, "key")
_LOAD = f"SELECT {', '.join(task_rows.COLUMNS)} FROM tasks WHERE"  # noqa: S608
_STAND = f"SELECT {', '.join(task_rows.STANDING)} FROM tasks WHERE id"  # noqa: S608
_LOCK = " ORDER BY key FOR NO KEY UPDATE"


def insert_many(db: Connection, new: Sequence[Task]) -> list[Task | None]:
    """Insert new tasks; None in the place of each whose external id is taken.

    A clash is settled by the unique constraint alone, within the batch too.
    """
    keys = _insert_and_number(db, new) if new else {}
    return [_add_key(task, keys.get(task.id)) for task in new]


def _insert_and_number(db: Connection, new: Sequence[Task]) -> dict[UUID, int]:
    # The first of a batch wins a clash inside it: ON CONFLICT sees the statement's own rows too.
    if not get_dialect(db).has_one_writer:
        return dict(_INSERT.fetch(db, [task_rows.build_new(task) for task in new])())
    last = bulk.find_last_number(db, "tasks")
    keys = {task.id: last + place for place, task in enumerate(new, start=1)}
    rows = [(*task_rows.build_new(task), keys[task.id]) for task in new]
    if _INSERT_NUMBERED.run(db, rows) == len(new):
        return keys
    there = bulk.run(db, "SELECT key FROM tasks WHERE key > ?", (last,))
    inserted = {key for (key,) in there}
    return {id_: key for id_, key in keys.items() if key in inserted}


def load_by_id(db: Connection, ids: Sequence[UUID]) -> dict[UUID, Task]:
    """Return tasks by public id, of any tenant."""
    rows = bulk.find(db, f"{_LOAD} id", ids, encoding.uuids)
    return {task.id: task for task in task_rows.read_tasks(rows, get_dialect(db))}


def get_own(db: Connection, tenant: str, id_: UUID) -> Task | None:
    """Return a tenant's task by public id."""
    task = load_by_id(db, [id_]).get(id_)
    return task if task is not None and task.tenant == tenant else None


def get_by_keys(db: Connection, keys: Collection[int]) -> dict[int, Task]:
    """Return tasks by row key, for the service's own work."""
    rows = bulk.find(db, f"{_LOAD} key", list(keys), encoding.integers)
    return {task.key: task for task in task_rows.read_tasks(rows, get_dialect(db))}


def load_by_external_id(db: Connection, ids: Sequence[str]) -> dict[str, list[Task]]:
    """Return tasks by external id, of any tenant; several accounts may have one of the same."""
    rows = bulk.find(db, f"{_LOAD} external_task_id", ids, encoding.encode_texts)
    found: dict[str, list[Task]] = {}
    for task in task_rows.read_tasks(rows, get_dialect(db)):
        found.setdefault(task.external_task_id, []).append(task)
    return found


def load_standings(db: Connection, ids: Sequence[UUID]) -> dict[UUID, TaskStanding]:
    """Return where tasks stand, by public id, of any tenant; a few narrow columns are read."""
    rows = bulk.find(db, _STAND, ids, encoding.uuids)
    found = [task_rows.read_standing(row, get_dialect(db)) for row in rows]
    return {standing.id: standing for standing in found}


def get_by_name(db: Connection, tenant: str, provider: str, name: str) -> Task | None:
    """Return a tenant's task by our public id, its external id or its decimal name.

    Of several accounts' the newest; a decimal name comes after an external id that looks like one.
    """
    named = tasks.c.external_task_id == name
    with contextlib.suppress(ValueError):  # else it can only be an external id
        named = or_(named, tasks.c.id == UUID(name))
    key = decimal_names.decode_decimal_name(name)
    if key is not None:
        named = or_(named, tasks.c.key == key)
    found = (
        select(tasks)
        .where(tasks.c.provider == provider, tasks.c.tenant == tenant, named)
        .order_by(*(() if key is None else (tasks.c.key == key,)), tasks.c.key.desc())
        .limit(1)
    )
    row = db.execute(found).one_or_none()
    return None if row is None else task_rows.read_task(row)


def lock_by_key(db: Connection, keys: Collection[int]) -> dict[int, Task]:
    """Lock tasks to be changed, in key order so that two writers cannot wait in a circle."""
    rows = bulk.find(db, f"{_LOAD} key", list(keys), encoding.integers, tail=_LOCK)
    return {task.key: task for task in task_rows.read_tasks(rows, get_dialect(db))}


def lock_by_id(db: Connection, ids: Collection[UUID]) -> dict[UUID, Task]:
    """Lock tasks to be changed, by public id."""
    rows = bulk.find(db, f"{_LOAD} id", list(ids), encoding.uuids, tail=_LOCK)
    return {task.id: task for task in task_rows.read_tasks(rows, get_dialect(db))}


def lock_by_names(
    db: Connection,
    provider: str,
    accounts: Collection[str],
    external_ids: Collection[str],
    provider_ids: Collection[str],
) -> list[Task]:
    """Lock tasks of these accounts, to be changed, that answer to any of these names."""
    # Two looks, each with an index of its own that begins with provider and account.
    ours = and_(tasks.c.provider == provider, tasks.c.account.in_(accounts))
    names = (
        tasks.c.external_task_id.in_(external_ids),
        and_(tasks.c.provider_task_id.is_not(None), tasks.c.provider_task_id.in_(provider_ids)),
    )
    looks = [select(tasks.c.key).where(ours, name) for name in names]
    return list(lock_by_key(db, {key for look in looks for key in db.scalars(look)}).values())


def is_any_due(db: Connection, *, now: datetime) -> bool:
    """Return true if `lock_due` would find anything; costs two looks at small indexes."""
    return any(
        db.execute(select(tasks.c.key).where(due).limit(1)).first() is not None
        for due in _match_due(now)
    )


def lock_due(db: Connection, *, now: datetime, limit: int) -> list[Task]:
    """Open tasks past their deadline or past the time after which nobody asks any more."""
    keys = [
        key
        for due in _match_due(now)
        for key in db.scalars(select(tasks.c.key).where(due).limit(limit))
    ]
    found = select(tasks).where(tasks.c.key.in_(keys)) if keys else None
    return [] if found is None else _lock_found(db, found)


def _match_due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    late = and_(tasks.c.deadline_at <= now, text(LATE))
    over = and_(
        tasks.c.give_up_at <= now,
        text(ASKED_ABOUT),
        tasks.c.state.in_(AT_PROVIDER),
        tasks.c.blocked_at.is_(None),  # its caller may still come
    )
    return late, over


def save(
    db: Connection,
    changed: Iterable[Task],
    *,
    before: Mapping[int, Task] = MappingProxyType({}),
    freeing: Collection[int] = (),
) -> None:
    """Write what transitions changed.

    before:  by key, what the rows hold now, as far as that is known.
    freeing: keys of those among them that give their account's slots back.
    """
    moved: list[Task] = []
    named: list[Task] = []
    ended: list[Task] = []
    usual: list[Task] = []
    rest: list[Task] = []
    for task in changed:
        old = before.get(task.key)
        if old is None or not task_rows.is_rest_kept(old, task):
            rest.append(task)
            continue
        is_moved = task.key not in freeing and task_rows.is_ending_kept(old, task)
        if task_rows.is_naming_kept(old, task):
            (moved if is_moved else ended).append(task)
        else:
            (named if is_moved else usual).append(task)
    # On SQLite a column that is set costs its indexes even where it stays the same, so that as few
    # are set as will do. On PostgreSQL a column costs little, and each statement much: it makes
    # ready every index and every CHECK of the table.
    kinds = (moved, named, ended, usual, rest)
    if get_dialect(db).has_server and sum(map(bool, kinds)) > 1:
        every = [task for kind in kinds for task in kind]
        usual, rest = ([], every) if rest else (every, [])
        moved, named, ended = [], [], []
    _SAVE_MOVED.execute_later(db, [(*task_rows.build_moving(task), task.key) for task in moved])
    _SAVE_NAMED.execute_later(
        db,
        [
            (*task_rows.build_moving(task), *task_rows.build_naming(task), task.key)
            for task in named
        ],
    )
    _SAVE_ENDED.execute_later(
        db,
        [
            (
                *task_rows.build_moving(task),
                *task_rows.build_ending(task),
                task.key,
                _count_slots(task, freeing),
            )
            for task in ended
        ],
    )
    _SAVE_USUAL.execute_later(
        db,
        [(*task_rows.build_usual(task), task.key, _count_slots(task, freeing)) for task in usual],
    )
    _SAVE.execute_later(
        db,
        [(*task_rows.build_changing(task), task.key, _count_slots(task, freeing)) for task in rest],
    )
    bulk.start(db)


def _count_slots(task: Task, freeing: Collection[int]) -> int:
    """Return the most slots that a task may hold from now on."""
    return 0 if task.key in freeing else _ANY_SLOTS


def set_absences(db: Connection, counted: Mapping[int, int], *, now: datetime) -> None:
    """Remember how often in a row the provider has now denied these tasks."""
    rows = [{"k": key, "n": n, "now": now} for key, n in counted.items()]
    if rows:
        statement = update(tasks).where(tasks.c.key == bindparam("k"))
        db.execute(statement.values(absences=bindparam("n"), denied_at=bindparam("now")), rows)


def set_awaits(db: Connection, awaiting: Mapping[int, Awaits | None]) -> None:
    """Remember what the verdicts of these tasks wait for, whose rows are not saved besides."""
    _SET_AWAITS.execute_later(
        db, [(awaits and awaits.value, key) for key, awaits in awaiting.items()]
    )


def set_cancel_sent(db: Connection, key: int, *, now: datetime) -> None:
    """Remember that the provider took the request to cancel a task."""
    db.execute(update(tasks).where(tasks.c.key == key).values(cancel_sent_at=now))


def free_names(db: Connection, keys: Collection[int]) -> None:
    """Let the external ids of these tasks be used again: the provider never had them."""
    if keys:
        db.execute(update(tasks).where(tasks.c.key.in_(keys)).values(never_created=True))


def _lock_found(db: Connection, found: Select[Any]) -> list[Task]:
    ordered = found.order_by(tasks.c.key).with_for_update()  # left out on SQLite: one writer
    return [task_rows.read_task(row) for row in db.execute(ordered)]


def _add_key(task: Task, key: int | None) -> Task | None:
    return None if key is None else _keyed(task, key)
