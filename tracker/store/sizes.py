"""How much there is of what must not pile up, over all tenants. Each look ends at a bound."""

from collections import Counter

from sqlalchemy import Connection, func, select, text

from tracker.domain.delivery import DeliveryState
from tracker.domain.task import OPEN, TaskState
from tracker.store import stats
from tracker.store.schema import deliveries

_MOST_TENANTS = 1000
_TENANTS = text(
    """
    WITH RECURSIVE found (tenant) AS (
        SELECT min(tenant) FROM tasks
        UNION ALL
        SELECT (SELECT min(tenant) FROM tasks WHERE tenant > found.tenant)
        FROM found WHERE found.tenant IS NOT NULL
    )
    SELECT tenant FROM found WHERE tenant IS NOT NULL LIMIT :most
    """
)
"""One look into the index per tenant, and not per task."""


def open_tasks(db: Connection, *, most: int) -> dict[TaskState, int]:
    """Return how many tasks stand in each open state, of the first thousand tenants.

    most: of one state and tenant; beyond it is not counted.
    """
    found: Counter[TaskState] = Counter()
    for tenant in db.scalars(_TENANTS, {"most": _MOST_TENANTS}).all():
        found.update(stats.open_by_state(db, tenant, most=most))
    return dict.fromkeys(OPEN, 0) | found


def pending_deliveries(db: Connection, *, most: int) -> int:
    """Return how many deliveries are owed, those of paused endpoints among them.

    most: beyond it is not counted.
    """
    owed = select(deliveries.c.key).where(deliveries.c.state == DeliveryState.PENDING).limit(most)
    return db.scalar(select(func.count()).select_from(owed.subquery())) or 0
