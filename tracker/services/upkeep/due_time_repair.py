"""Pull back work that a wrong clock has put further ahead than any pause is."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from tracker.domain.clock_steps import LONGEST_LOOK_S
from tracker.domain.longest_pauses import LongestPauses, compute_longest_pauses
from tracker.services.context import Context
from tracker.store import far_ahead
from tracker.store.driver.transaction import Tx

log = logging.getLogger(__name__)

BATCH = 500
"""Rows of one queue and one transaction."""


class DueTimeRepair:
    """Any number of processes may do it at once."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def pull_back(self) -> None:
        """Make due whatever lies too far ahead. Raises Unavailable."""
        await self._repair_all(self._compute_longest_pauses())

    async def pull_after_step(self, step_s: float) -> None:
        """Make due what a step of the clock may have put off: at worst it is a little early.

        Looks at open tasks, whose pauses follow from ages; and after a step back whatever nobody
        holds, as what was due lies ahead now, though by less than the longest pause there is.

        step_s: how far it went, back negative. Raises Unavailable.
        """
        far = timedelta(seconds=2 * LONGEST_LOOK_S)
        longest = replace(self._compute_longest_pauses(), look=far)
        if step_s < 0:
            longest = replace(longest, submit=far, deliver=far, fetch=far)
        await self._repair_all(longest)

    def _compute_longest_pauses(self) -> LongestPauses:
        return compute_longest_pauses(
            self._context.policy, slowest=self._context.expectations.find_slowest()
        )

    async def _repair_all(self, longest: LongestPauses) -> None:
        while await self._context.store.write(self._pull, longest) >= BATCH:
            pass

    def _pull(self, tx: Tx, orders: Sequence[LongestPauses]) -> list[int]:
        most = []
        for longest in orders:
            pulled = far_ahead.pull_back(tx.db, longest, now=tx.lease_now, limit=BATCH)
            for kind, count in pulled.items():
                if count:
                    tx.woken.add(kind)
                    log.warning(
                        "work lay too far ahead and is due now: %(count)d of %(kind)s",
                        {"count": count, "kind": kind.value},
                    )
            most.append(max(pulled.values()))
        return most
