"""Statements on `stat_counts`, `stat_costs` and `stat_progress`: what has been counted so far."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from tracker.domain.events import Source
from tracker.domain.tally import End, Price, Tally, TallyKey, tally
from tracker.domain.task import OPEN, TERMINAL, TaskState
from tracker.store import task_rows
from tracker.store.driver import bulk, encoding
from tracker.store.driver.dialect import dialect_of
from tracker.store.schema import stat_costs, stat_counts, stat_progress, tasks, transitions
from tracker.store.task_rows import Bill
from tracker.store.tolerant import member

COUNTING_LOCK = 0x7472616B7374
NOBODY = ""
"""The tenant of what belongs to all."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the feed.

    after: the number before its first entry.
    ends:  the ends in it.
    last:  the number of its last entry.
    count: its entries.
    """

    after: int
    ends: list[End]
    last: int
    count: int


def counted_to(db: Connection) -> int:
    """The feed number up to which everything has been counted."""
    return db.scalar(select(stat_progress.c.seq).where(stat_progress.c.tenant == NOBODY)) or 0


def read(db: Connection, after: int, *, limit: int) -> Stretch:
    """The feed behind a place. Whoever has seen a number never misses one below it."""
    stretch = (
        select(transitions.c.seq)
        .where(transitions.c.seq > after)
        .order_by(transitions.c.seq)
        .limit(limit)
        .subquery()
    )
    edge = select(func.max(stretch.c.seq), func.count()).select_from(stretch)
    last, count = db.execute(edge).one()
    if not count:
        return Stretch(after, [], after, 0)
    found = db.execute(_ENDS, {"after": after, "last": last}).all()
    # By their keys alone: joined, a database without statistics walks all tasks.
    keys = list({row.task_key for row in found})
    rows = bulk.find(db, _BILLED, keys, encoding.integers)
    bills = {bill.key: bill for bill in task_rows.bills(rows, dialect_of(db))}
    return Stretch(after, [_end(row, bills[row.task_key]) for row in found], last, count)


def _end(row: Any, bill: Bill) -> End:
    return End(
        tenant=bill.tenant,
        provider=bill.provider,
        account=bill.account,
        was=member(TaskState, row.from_state),
        state=TaskState(row.to_state),
        source=member(Source, row.source),
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
        transitions.c.from_state != transitions.c.to_state,
    )
    .order_by(transitions.c.seq)
)


def fold(db: Connection, stretch: Stretch) -> bool:
    """Count what was read; False when somebody else has counted it or is counting."""
    if not _may_count(db) or not _advance(db, before=stretch.after, to=stretch.last):
        return False
    _add(db, tally(stretch.ends))
    return True


def _may_count(db: Connection) -> bool:
    """Return true if nobody else is counting. Never waits: the caller may hold the feed's lock."""
    return dialect_of(db).try_lock(db, COUNTING_LOCK)


def _advance(db: Connection, *, before: int, to: int) -> bool:
    """Claim a piece of the feed. False when another process has counted it."""
    if before == 0:
        dialect = dialect_of(db)
        first = dialect.insert(stat_progress).on_conflict_do_nothing()
        db.execute(first, {"tenant": NOBODY, "seq": 0})
    moved = update(stat_progress).where(
        stat_progress.c.tenant == NOBODY, stat_progress.c.seq == before
    )
    return db.execute(moved.values(seq=to)).rowcount == 1


def _add(db: Connection, counted: Mapping[TallyKey, Tally]) -> None:
    """Add to what was counted. Only whoever has claimed the piece by `_advance` may."""
    dialect = dialect_of(db)
    counts = [
        _named(place) | {"what": what, "label": label, "number": number}
        for place, one in counted.items()
        for (what, label), number in one.counts.items()
    ]
    if counts:
        statement = dialect.insert(stat_counts)
        grown = {"number": stat_counts.c.number + statement.excluded.number}
        keys = [column.name for column in stat_counts.primary_key]
        db.execute(statement.on_conflict_do_update(index_elements=keys, set_=grown), counts)
    sums = {
        (place, price): amount
        for place, one in counted.items()
        for price, amount in one.costs.items()
    }
    if sums:
        _add_costs(db, sums)


def _add_costs(db: Connection, sums: Mapping[tuple[TallyKey, Price], Decimal]) -> None:
    # Sums are exact decimal text, which no database adds up: read, add, write; nobody else does.
    dialect = dialect_of(db)
    hours = {place.hour for place, _ in sums}
    tenants = {place.tenant for place, _ in sums}
    there: dict[tuple[object, ...], Decimal] = {
        (row.tenant, row.provider, row.account, row.hour, row.kind, row.unit, row.currency): (
            Decimal(row.amount)
        )
        for row in db.execute(
            select(stat_costs).where(stat_costs.c.tenant.in_(tenants), stat_costs.c.hour.in_(hours))
        )
    }
    rows = []
    for (place, price), amount in sums.items():
        named = _named(place) | {
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


def counted(
    db: Connection, tenant: str, *, since: datetime, or_at: datetime
) -> dict[TallyKey, Tally]:
    """Return a tenant's counters from an hour on, and of one hour besides."""
    found: dict[TallyKey, Tally] = {}
    for table in (stat_counts, stat_costs):
        wanted = select(table).where(
            table.c.tenant == tenant, (table.c.hour >= since) | (table.c.hour == or_at)
        )
        for row in db.execute(wanted):
            place = TallyKey(row.tenant, row.provider, row.account, row.hour)
            one = found.setdefault(place, Tally())
            if table is stat_counts:
                one.counts[row.what, row.label] = row.number
            else:
                price = Price(row.kind, row.unit or None, row.currency or None)
                one.costs[price] = Decimal(row.amount)
    return found


def open_by_state(db: Connection, tenant: str) -> dict[TaskState, int]:
    """How many tasks are open, by state. Reads the index entries of open tasks only."""
    wanted = (
        select(tasks.c.state, func.count())
        .where(tasks.c.tenant == tenant, tasks.c.state.in_([state.value for state in OPEN]))
        .group_by(tasks.c.state)
    )
    return {TaskState(state): count for state, count in db.execute(wanted)}


def forget(db: Connection, *, before: datetime, but: Collection[datetime]) -> None:
    """Drop hours that nobody will ask for any more."""
    for table in (stat_counts, stat_costs):
        db.execute(table.delete().where(table.c.hour < before, table.c.hour.not_in(but)))


def _named(place: TallyKey) -> dict[str, object]:
    return {
        "tenant": place.tenant,
        "provider": place.provider,
        "account": place.account,
        "hour": place.hour,
    }
