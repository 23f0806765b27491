"""Pull back work that a wrong clock has put further ahead than any pause is."""

import logging
from collections.abc import Sequence

from tracker.domain.farthest import farthest
from tracker.services.context import Context
from tracker.store import far_ahead
from tracker.store.driver.transaction import Tx

log = logging.getLogger(__name__)

BATCH = 500
"""Rows of one queue and one transaction."""


class Pulling:
    """Any number of processes may do it at once."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def pull_back(self) -> None:
        """Make due whatever lies too far ahead. Raises Unavailable."""
        while await self._context.store.write(self._pull, BATCH) >= BATCH:
            pass

    def _pull(self, tx: Tx, limits: Sequence[int]) -> list[int]:
        longest = farthest(self._context.policy, slowest=self._context.expectations.slowest())
        most = []
        for limit in limits:
            pulled = far_ahead.pull_back(tx.db, longest, now=tx.lease_now, limit=limit)
            for kind, count in pulled.items():
                if count:
                    tx.woken.add(kind)
                    log.warning(
                        "work lay too far ahead and is due now: %(count)d of %(kind)s",
                        {"count": count, "kind": kind.value},
                    )
            most.append(max(pulled.values()))
        return most
