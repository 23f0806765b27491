"""The slots that accounts with a cap of their own have free."""

from collections.abc import Iterable

from tracker.domain.task import Task
from tracker.services.context import Context
from tracker.store import held_slots
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import FreeSlots


def count_free_slots(
    context: Context, tx: Tx, wanted: Iterable[Task]
) -> dict[tuple[str, str], FreeSlots]:
    """Return the free slots of each capped account of some tasks, counted under its lock."""
    caps = {
        (task.provider, task.account): cap
        for task in wanted
        if context.has_account(task)
        and (cap := context.get_account(task).max_in_flight) is not None
    }
    if not caps:
        return {}
    for provider, account in sorted(caps):
        tx.lock_account(provider, account)
    held = held_slots.count(tx.db, caps)
    return {name: FreeSlots(cap - held.get(name, 0), cap) for name, cap in caps.items()}
