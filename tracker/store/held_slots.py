"""Statements on the slots that tasks take of their account's concurrency."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, func, literal_column, select, tuple_

from tracker.store.driver import bulk, encoding
from tracker.store.schema import tasks

NO_SLOTS: ColumnElement[int] = literal_column("0")
"""Written out, as the index on `slots_held` has it: see `assets.IS_KEPT`."""
_HOLD = "UPDATE tasks SET slots_held = slots WHERE key"
_FREE = "UPDATE tasks SET slots_held = 0 WHERE key"


def hold(db: Connection, keys: Collection[int]) -> None:
    """Count these tasks in their account's concurrency from now on."""
    bulk.change_later(db, _HOLD, list(keys), encoding.integers)


def free(db: Connection, keys: Collection[int]) -> None:
    """Give back the concurrency that these tasks took."""
    bulk.change_later(db, _FREE, list(keys), encoding.integers)


def count(db: Connection, accounts: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Count the slots that are taken per (provider, account), from rows that hold some."""
    account = (tasks.c.provider, tasks.c.account)
    found = select(*account, func.sum(tasks.c.slots_held)).group_by(*account)
    found = found.where(tuple_(*account).in_(list(accounts)), tasks.c.slots_held > NO_SLOTS)
    rows = db.execute(found) if accounts else ()
    return {(provider, account): int(n) for provider, account, n in rows}
