"""Add and remove holds, which retention steps over."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tracker.domain.errors import NO_SUCH_TASK, NotFound
from tracker.store import holds
from tracker.store.driver.transaction import Tx
from tracker.store.holds import Hold

NO_SUCH_HOLD = "there is no such hold"
MOST_REASON = 1000
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold to be added. task_id: None for all tasks of the tenant."""

    tenant: str
    task_id: UUID | None
    reason: str


def add(tx: Tx, new: Sequence[NewHold]) -> list[Hold | Exception]:
    """Set-based: add holds. Raises NotFound where the tenant has no such task."""
    made = [holds.add(tx.db, one.tenant, one.task_id, one.reason, now=tx.now) for one in new]
    return [NotFound(NO_SUCH_TASK) if one is None else one for one in made]


def remove(tx: Tx, asked: Sequence[tuple[str, int]]) -> list[bool]:
    """Set-based: remove holds by tenant and number; False where there is none."""
    return [holds.remove(tx.db, tenant, key) for tenant, key in asked]
