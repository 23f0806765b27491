"""Statements on the tables `stat_…`: what has been counted so far."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update

from tracker.domain.cost import Cost, Price
from tracker.domain.events import EventKind, Source
from tracker.domain.tally import EVER, CostChange, Tally, TallyKey, TaskVerdict, count_by_hour
from tracker.domain.task import OPEN, TERMINAL, VERDICTS, TaskState
from tracker.store import feed, task_rows
from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import (
    stat_charged,
    stat_costs,
    stat_counts,
    stat_progress,
    tasks,
    transitions,
)
from tracker.store.task_rows import TaskBill
from tracker.store.tolerant import read_member

COUNTING_LOCK = 0x7472616B7374
NOBODY = ""
"""The tenant of what belongs to all."""


@dataclass(frozen=True, slots=True)
class FeedSpan:
    """A piece of the feed.

    after: the number before its first entry.
    last:  the number of its last entry.
    count: its entries.
    ends:  the ends in it.
    changes: costs that changed after they were counted.
    bills: of the tasks whose costs are counted with it.
    """

    after: int
    last: int
    count: int
    ends: Sequence[TaskVerdict] = ()
    changes: Sequence[CostChange] = ()
    bills: Sequence[TaskBill] = ()


_COUNTED = "SELECT seq FROM stat_progress WHERE tenant"
_COUNTED_TO = select(stat_progress.c.seq).where(stat_progress.c.tenant == NOBODY)


def read_counted_place(db: Connection) -> int:
    """Return the feed number up to which everything has been counted."""
    return db.scalar(_COUNTED_TO) or 0


def prepare_counted_place(db: Connection) -> Callable[[], int]:
    """Look up to which feed number everything has been counted; call what is returned for it."""
    found = bulk.find_soon(db, _COUNTED, [NOBODY], encoding.encode_texts, is_sent=False)
    return lambda: next((seq for (seq,) in found()), 0)


def read(db: Connection, after: int, *, limit: int) -> FeedSpan:
    """Return the feed behind a place. Whoever has seen a number never misses one below it."""
    last, count = feed.measure_span(db, after, limit=limit)
    if last is None:
        return FeedSpan(after, after, 0)
    found = db.execute(_ENDS, {"after": after, "last": last}).all()
    # By their keys alone: joined, a database without statistics walks all tasks.
    keys = list({row.task_key for row in found})
    rows = bulk.find(db, _BILLED, keys, encoding.integers)
    bills = {bill.key: bill for bill in task_rows.read_bills(rows, get_dialect(db))}
    ends = [row for row in found if row.from_state != row.to_state]
    fresh = {row.task_key for row in ends if _has_counted_costs(row)}
    later = {
        row.task_key: row for row in found if row.to_state in VERDICTS and row.task_key not in fresh
    }
    counted = _load_counted_costs(db, later)
    changes = [
        CostChange(bill.tenant, bill.provider, bill.account, row.at, before, bill.costs)
        for key, row in later.items()
        if (before := counted.get(key, ())) != (bill := bills[key]).costs
    ]
    return FeedSpan(
        after,
        last,
        count,
        [_end(row, bills[row.task_key]) for row in ends],
        changes,
        [bills[key] for key in sorted({*later, *fresh}) if bills[key].costs or key in counted],
    )


def _has_counted_costs(row: Any) -> bool:
    """Tell whether the costs of a task are counted with this end of it: with its first verdict."""
    return row.to_state in VERDICTS and row.from_state not in VERDICTS


def _load_counted_costs(db: Connection, keys: Iterable[int]) -> dict[int, tuple[Cost, ...]]:
    """Return the costs of tasks as they were counted last."""
    wanted = sorted(keys)
    if not wanted:
        return {}
    table = stat_charged.c
    found = select(table.task_key, table.costs).where(table.task_key.in_(wanted))
    return {key: task_rows.read_costs(costs) for key, costs in db.execute(found)}


def _end(row: Any, bill: TaskBill) -> TaskVerdict:
    return TaskVerdict(
        tenant=bill.tenant,
        provider=bill.provider,
        account=bill.account,
        was=read_member(TaskState, row.from_state),
        state=read_member(TaskState, row.to_state),
        source=read_member(Source, row.source),
        at=row.at,
        submitted_at=bill.submitted_at,
        costs=bill.costs,
    )


_BILLED = f"SELECT {', '.join(task_rows.BILLED)} FROM tasks WHERE key"  # noqa: S608 - our own names
_ENDS = (
    select(
        transitions.c.task_key,
        transitions.c.from_state,
        transitions.c.to_state,
        transitions.c.source,
        transitions.c.at,
    )
    .where(
        transitions.c.seq > bindparam("after"),
        transitions.c.seq <= bindparam("last"),
        transitions.c.to_state.in_([state.value for state in TERMINAL]),
        or_(
            transitions.c.from_state != transitions.c.to_state,
            transitions.c.kind.in_([EventKind.COSTS_CHANGED.value, EventKind.REREAD.value]),
        ),
    )
    .order_by(transitions.c.seq)
)


def fold(db: Connection, span: FeedSpan) -> bool:
    """Count what was read; False when somebody else has counted it or is counting."""
    if not _may_count(db) or not _advance(db, before=span.after, to=span.last):
        return False
    _add(db, count_by_hour(span.ends, span.changes))
    _keep_counted(db, span.bills)
    return True


def _keep_counted(db: Connection, bills: Sequence[TaskBill]) -> None:
    """Remember which costs were counted, so that a later change is counted as one."""
    if not bills:
        return
    statement = get_dialect(db).insert(stat_charged)
    newer = {"costs": statement.excluded.costs}
    db.execute(
        statement.on_conflict_do_update(index_elements=["task_key"], set_=newer),
        [
            {
                "task_key": bill.key,
                "tenant": bill.tenant,
                "costs": [task_rows.build_cost_document(one) for one in bill.costs],
            }
            for bill in bills
        ],
    )


def _may_count(db: Connection) -> bool:
    """Return true if nobody else is counting. Never waits: the caller may hold the feed's lock."""
    return get_dialect(db).try_lock(db, COUNTING_LOCK)


def _advance(db: Connection, *, before: int, to: int) -> bool:
    """Claim a piece of the feed. False when another process has counted it."""
    if before == 0:
        dialect = get_dialect(db)
        first = dialect.insert(stat_progress).on_conflict_do_nothing()
        db.execute(first, {"tenant": NOBODY, "seq": 0})
    moved = update(stat_progress).where(
        stat_progress.c.tenant == NOBODY, stat_progress.c.seq == before
    )
    return db.execute(moved.values(seq=to)).rowcount == 1


def _add(db: Connection, counted: Mapping[TallyKey, Tally]) -> None:
    """Add to what was counted. Only whoever has claimed the piece by `_advance` may."""
    dialect = get_dialect(db)
    counts = [
        _name_columns(key) | {"what": what, "label": label, "number": number}
        for key, one in counted.items()
        for (what, label), number in one.counts.items()
    ]
    if counts:
        statement = dialect.insert(stat_counts)
        grown = {"number": stat_counts.c.number + statement.excluded.number}
        keys = [column.name for column in stat_counts.primary_key]
        db.execute(statement.on_conflict_do_update(index_elements=keys, set_=grown), counts)
    sums = {
        (key, price): amount for key, one in counted.items() for price, amount in one.costs.items()
    }
    if sums:
        _add_costs(db, sums)


def _add_costs(db: Connection, sums: Mapping[tuple[TallyKey, Price], Decimal]) -> None:
    # Sums are exact decimal text, which no database adds up: read, add, write; nobody else does.
    dialect = get_dialect(db)
    hours = {key.hour for key, _ in sums}
    tenants = {key.tenant for key, _ in sums}
    there: dict[tuple[object, ...], Decimal] = {
        (row.tenant, row.provider, row.account, row.hour, row.kind, row.unit, row.currency): (
            Decimal(row.amount)
        )
        for row in db.execute(
            select(stat_costs).where(stat_costs.c.tenant.in_(tenants), stat_costs.c.hour.in_(hours))
        )
    }
    rows = []
    for (key, price), amount in sums.items():
        named = _name_columns(key) | {
            "kind": price.kind,
            "unit": price.unit or "",
            "currency": price.currency or "",
        }
        before = there.get(tuple(named.values()), Decimal(0))
        rows.append(named | {"amount": f"{before + amount:f}"})
    statement = dialect.insert(stat_costs)
    keys = [column.name for column in stat_costs.primary_key]
    grown = {"amount": statement.excluded.amount}
    db.execute(statement.on_conflict_do_update(index_elements=keys, set_=grown), rows)


def list_counters(db: Connection, tenant: str, *, since: datetime) -> dict[TallyKey, Tally]:
    """Return a tenant's counters from an hour on, and those of all time."""
    found: dict[TallyKey, Tally] = {}
    for table in (stat_counts, stat_costs):
        wanted = select(table).where(
            table.c.tenant == tenant, (table.c.hour >= since) | (table.c.hour == EVER)
        )
        for row in db.execute(wanted):
            key = TallyKey(row.tenant, row.provider, row.account, row.hour)
            one = found.setdefault(key, Tally())
            if table is stat_counts:
                one.counts[row.what, row.label] = row.number
            else:
                price = Price(row.kind, row.unit or None, row.currency or None)
                one.costs[price] = Decimal(row.amount)
    return found


def open_by_state(db: Connection, tenant: str, *, most: int | None) -> dict[TaskState, int]:
    """Return how many tasks are open, by state. Reads the index entries of open tasks only.

    most: of one state; beyond it is not counted. None to count all.
    """
    states = sorted(state.value for state in OPEN)
    if most is not None:
        return {TaskState(state): _count_up_to(db, tenant, state, most) for state in states}
    wanted = (
        select(tasks.c.state, func.count())
        .where(tasks.c.tenant == tenant, tasks.c.state.in_(states))
        .group_by(tasks.c.state)
    )
    return {read_member(TaskState, state): count for state, count in db.execute(wanted)}


def _count_up_to(db: Connection, tenant: str, state: str, most: int) -> int:
    of_state = select(tasks.c.key).where(tasks.c.tenant == tenant, tasks.c.state == state)
    counted = select(func.count()).select_from(of_state.limit(most).subquery())
    return db.scalar(counted) or 0


def forget(db: Connection, *, before: datetime, but: Collection[datetime]) -> None:
    """Drop hours that nobody will ask for any more."""
    for table in (stat_counts, stat_costs):
        db.execute(table.delete().where(table.c.hour < before, table.c.hour.not_in(but)))


def _name_columns(key: TallyKey) -> dict[str, object]:
    return {
        "tenant": key.tenant,
        "provider": key.provider,
        "account": key.account,
        "hour": key.hour,
    }
