"""How much there is of what must not pile up, over all tenants. Each look ends at a bound."""

from sqlalchemy import Connection, func, select, text

from tracker.domain.delivery import DeliveryState
from tracker.domain.task import OPEN, TaskState
from tracker.store import chore_leases, feed_head, owned_results, stats
from tracker.store.schema import deliveries, transitions

FAR_BEHIND = 100_000
"""Entries that a chore may have yet to come by before somebody is told."""
_MOST_TENANTS = 1000
_OPEN_TASKS = text(
    f"""
    WITH RECURSIVE tenants (tenant) AS (
        SELECT min(tenant) FROM tasks
        UNION ALL
        SELECT (SELECT min(tenant) FROM tasks WHERE tenant > tenants.tenant)
        FROM tenants WHERE tenants.tenant IS NOT NULL
    ),
    states (state) AS (VALUES {", ".join(f"('{state.value}')" for state in sorted(OPEN))})
    SELECT states.state, sum((
        SELECT count(*) FROM (
            SELECT 1 FROM tasks
            WHERE tasks.tenant = known.tenant AND tasks.state = states.state
            LIMIT :most
        ) AS bounded
    ))
    FROM states
    CROSS JOIN (SELECT tenant FROM tenants WHERE tenant IS NOT NULL LIMIT :tenants) AS known
    GROUP BY states.state
    """  # noqa: S608 - made of constants
)
"""One look into the index per tenant and state, and index entries of open tasks up to a bound."""


def open_tasks(db: Connection, *, most: int) -> dict[TaskState, int]:
    """Return how many tasks stand in each open state, of the first thousand tenants.

    most: of one state and tenant; beyond it is not counted.
    """
    found = db.execute(_OPEN_TASKS, {"most": most, "tenants": _MOST_TENANTS})
    return dict.fromkeys(OPEN, 0) | {TaskState(state): int(count) for state, count in found}


def count_behind(db: Connection) -> dict[str, int]:
    """Return how many entries each chore has yet to come by."""
    newest = db.scalar(select(func.max(transitions.c.seq))) or 0
    found = {one.name: one.behind for one in chore_leases.list_chores(db)}
    found["counting"] = _count_entries_behind(db, stats.read_counted_place(db), newest)
    recorded_to = owned_results.read_standing(db).recorded_to
    if recorded_to is not None:
        found["results of tenants"] = _count_entries_behind(db, recorded_to, newest)
    return found


def _count_entries_behind(db: Connection, place: int, newest: int) -> int:
    """Return how many entries stand behind a place; where numbers have leapt between, no more
    than are far behind.
    """
    if newest - place < feed_head.LEAP:
        return max(0, newest - place)
    there = select(transitions.c.seq).where(transitions.c.seq > place).limit(FAR_BEHIND + 1)
    return db.scalar(select(func.count()).select_from(there.subquery())) or 0


def count_pending_deliveries(db: Connection, *, most: int) -> int:
    """Return how many deliveries are owed, those of paused endpoints among them.

    most: beyond it is not counted.
    """
    owed = select(deliveries.c.key).where(deliveries.c.state == DeliveryState.PENDING).limit(most)
    return db.scalar(select(func.count()).select_from(owed.subquery())) or 0
