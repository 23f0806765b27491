"""Add and remove holds, which retention steps over."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tracker.store import holds
from tracker.store.driver.transaction import Tx


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold to be added. task_id: None for all tasks of the tenant."""

    tenant: str
    task_id: UUID | None
    reason: str


def add(tx: Tx, new: Sequence[NewHold]) -> list[int | None]:
    """Set-based: add holds; their numbers, or None where the tenant has no such task."""
    return [holds.add(tx.db, one.tenant, one.task_id, one.reason, now=tx.now) for one in new]


def remove(tx: Tx, keys: Sequence[int]) -> list[bool]:
    """Set-based: remove holds by their numbers; False where there is none."""
    return [holds.remove(tx.db, key) for key in keys]
