"""Put aside what a person has looked at: odd receipts, and tasks that are followed up."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tracker.domain.errors import Conflict, NotFound
from tracker.services.context import Context
from tracker.services.own_tasks import find_own_task
from tracker.store import attention, dismissals
from tracker.store.dismissals import Dismissal, DismissalKind
from tracker.store.driver.transaction import Tx


@dataclass(frozen=True, slots=True)
class _Dismissed:
    tenant: str
    kind: DismissalKind
    keys: Sequence[int]
    actor: str


class ReceiptDismisser:
    """Takes entries out of what needs a human; their history stays as it is."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def dismiss_receipts(
        self, tenant: str, keys: Sequence[int], *, actor: str
    ) -> list[Dismissal]:
        """Dismiss all of these receipts, or none; return their first dismissals, in that order.

        A second time changes nothing. Raises NotFound where one is not there; Unavailable.
        """
        if not await self._context.store.read(lambda db: dismissals.has_receipts(db, tenant, keys)):
            raise NotFound("there is no such receipt")
        return await self._keep(_Dismissed(tenant, DismissalKind.RECEIPT, keys, actor))

    async def dismiss_follow_up(self, tenant: str, id_: UUID, *, actor: str) -> Dismissal:
        """Dismiss a task that has ended and is asked about all the same, or that lost a file.

        It is asked about on. Raises NotFound; Conflict for any other; Unavailable.
        """
        task = await find_own_task(self._context.store, tenant, id_)
        if task.follow_up is None and not await self._has_lost_file(task.key):
            raise Conflict(
                "only a task that has ended and is still asked about, or lost a file, is dismissed"
            )
        followed_up = _Dismissed(tenant, DismissalKind.FOLLOW_UP, [task.key], actor)
        return (await self._keep(followed_up))[0]

    async def _has_lost_file(self, key: int) -> bool:
        return await self._context.store.read(lambda db: attention.has_lost_file(db, key))

    async def _keep(self, dismissed: _Dismissed) -> list[Dismissal]:
        kept: list[Dismissal] = await self._context.store.write(_keep, dismissed)
        return kept


def _keep(tx: Tx, batch: Sequence[_Dismissed]) -> list[list[Dismissal]]:
    return [
        dismissals.keep(tx.db, one.tenant, one.kind, one.keys, Dismissal(tx.now, one.actor))
        for one in batch
    ]
