"""Statements on `cost_entries` and `cost_days`: the ledger of costs, and its sums by day."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, func, select, text, union_all, update

from tracker.domain.cost import Price
from tracker.domain.ledger import CostEntry, join_amounts, split
from tracker.domain.records import record
from tracker.domain.task import Task
from tracker.store.driver import bulk
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import UNCOUNTED, cost_days, cost_entries

_NAMES = tuple(column.name for column in cost_days.primary_key)
_APPEND = bulk.insert(
    cost_entries,
    (*_NAMES, "task_key", "version", "at", "amount", "whole", "nano", "is_counted"),
)
COUNTING_LOCK = 0x747261636F73


@record
class LedgerSum:
    """A sum of entries that have the same value in each column they are grouped by.

    group: those values by column. amount: exact to a billionth.
    """

    group: Mapping[str, Any]
    amount: Decimal


def get_day(task: Task) -> str:
    """Return the UTC day that all entries of a task count for: that of its creation."""
    return task.created_at.astimezone(UTC).date().isoformat()


def append(
    db: Connection, found: Iterable[tuple[Task, Sequence[CostEntry]]], *, now: datetime
) -> None:
    """Append the entries of steps; task: as it is after its step."""
    _APPEND.execute_later(db, [_make_row(task, one, now) for task, some in found for one in some])


def _make_row(task: Task, entry: CostEntry, now: datetime) -> tuple[Any, ...]:
    name, price = entry.name, entry.name.price
    values = {
        "tenant": task.tenant,
        "day": get_day(task),
        "provider": task.provider,
        "account": task.account,
        "operation": task.operation,
        "phase": name.phase.value,
        "origin": name.origin.value,
        "kind": price.kind,
        "unit": price.unit or "",
        "currency": price.currency or "",
        "submitter": task.submitter or 0,
    }
    return (
        *(values[column] for column in _NAMES),
        *(task.key, task.version, now, f"{entry.amount:f}"),
        *(*split(entry.amount), False),
    )


def read_group_price(group: Mapping[str, Any]) -> Price:
    """Return the price that a row of the ledger or of its sums is about."""
    return Price(group["kind"], group["unit"] or None, group["currency"] or None)


def is_any_uncounted(db: Connection) -> bool:
    """Tell whether entries wait to be counted."""
    wanted = select(cost_entries.c.key).where(text(UNCOUNTED)).limit(1)
    return db.scalar(wanted) is not None


def sum_up(
    db: Connection,
    tenant: str,
    *,
    since: str,
    until: str | None = None,
    by: Collection[str],
) -> list[LedgerSum]:
    """Add up a tenant's ledger, what is not counted yet included, in one statement.

    since, until: days, both inclusive. by: columns of `cost_days`.
    """
    both = union_all(
        *(_select_wanted(tenant, table, since, until, by) for table in (cost_days, cost_entries))
    ).subquery()
    columns = [both.c[name] for name in by]
    whole, nano = func.sum(both.c.whole), func.sum(both.c.nano)
    found = select(*columns, whole, nano).group_by(*columns).order_by(*columns)
    return [
        LedgerSum(dict(zip(by, row, strict=False)), join_amounts(int(row[-2]), int(row[-1])))
        for row in db.execute(found)
    ]


def _select_wanted(
    tenant: str, table: Any, since: str, until: str | None, by: Collection[str]
) -> Select[Any]:
    found = select(*(table.c[name] for name in by), table.c.whole, table.c.nano).where(
        table.c.tenant == tenant, table.c.day >= since
    )
    if until is not None:
        found = found.where(table.c.day <= until)
    return found.where(text(UNCOUNTED)) if table is cost_entries else found


def count_some(db: Connection, *, limit: int) -> int:
    """Move entries into the sums by day; returns how many. None while somebody else does it."""
    dialect = get_dialect(db)
    if not dialect.try_lock(db, COUNTING_LOCK):
        return 0
    its = cost_entries.c
    wanted = (
        select(its.key, *(its[name] for name in _NAMES), its.whole, its.nano)
        .where(text(UNCOUNTED))
        .limit(limit)
    )
    found = db.execute(wanted).all()
    if not found:
        return 0
    added: dict[tuple[Any, ...], list[int]] = {}
    for _, *name, whole, nano in found:
        one = added.setdefault(tuple(name), [0, 0])
        one[0] += whole
        one[1] += nano
    rows = [
        dict(zip(_NAMES, name, strict=True)) | {"whole": whole, "nano": nano}
        for name, (whole, nano) in added.items()
    ]
    statement = dialect.insert(cost_days)
    grown = {
        "whole": cost_days.c.whole + statement.excluded.whole,
        "nano": cost_days.c.nano + statement.excluded.nano,
    }
    db.execute(statement.on_conflict_do_update(index_elements=_NAMES, set_=grown), rows)
    counted = update(cost_entries).where(its.key.in_([row.key for row in found]))
    db.execute(counted.values(is_counted=True))
    return len(found)
