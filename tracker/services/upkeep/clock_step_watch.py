"""Notice that the clock was set by which work is due: the machine's, or the database server's."""

import logging
from datetime import timedelta

from tracker.clock import ServerClock
from tracker.domain.clock_steps import FAR_S
from tracker.domain.errors import Unavailable
from tracker.services.conditions import ConditionReport, end_after, report
from tracker.services.context import Context
from tracker.services.upkeep.due_time_repair import DueTimeRepair
from tracker.store.conditions import CLOCK_STEPPED

log = logging.getLogger(__name__)

STEP_S = 2.0
"""Seconds that a wall clock may gain or lose between two looks."""
SAID = timedelta(hours=1)
"""How long it stands in `/v1/attention`."""


class ClockStepWatch:
    """Of one clock, the machine's or the database server's, as one process sees it."""

    def __init__(self, context: Context) -> None:
        """The first look is now."""
        self._context = context
        self._known = self._measure_step()

    async def look(self) -> None:
        """Say that the clock was set since the last look, and end what was said long ago.

        Of a server's clock, smaller steps are told by `clock_skew`.
        """
        clock, store = self._context.clock, self._context.store
        found = self._measure_step()
        is_servers, offset_s = found
        # The first time that is heard of a server is no step of the machine's.
        step_s = offset_s - self._known[1] if is_servers == self._known[0] else 0.0
        try:
            if self._context.clock_steps.note(step_s, clock.monotonic()):
                await DueTimeRepair(self._context).pull_after_step(step_s)
            await end_after(store, CLOCK_STEPPED, before=clock.now() - SAID)
            if abs(step_s) > (FAR_S if is_servers else STEP_S):
                reason = step_reason(step_s, is_servers=is_servers)
                await store.write(report, ConditionReport(CLOCK_STEPPED, "", "", reason))
            self._known = found  # or else the next look finds the same step
        except Unavailable as error:
            log.warning(
                "the clock was set by %(seconds).1f s, which was not written down: %(reason)s",
                {"seconds": step_s, "reason": error},
            )

    def _measure_step(self) -> tuple[bool, float]:
        """Return whether it is a server's time, and by how much it is ahead of the steady clock."""
        clock = self._context.clock
        is_servers = isinstance(clock, ServerClock) and clock.is_servers
        return is_servers, clock.now().timestamp() - clock.monotonic()


def step_reason(step_s: float, *, is_servers: bool = False) -> str:
    """Return what to say of a clock that was set.

    step_s: by how many seconds, ahead positive. is_servers: whether it is the database server's.
    """
    way = "forward" if step_s > 0 else "back"
    if is_servers:
        return (
            f"the clock of the database server went {way} by {abs(step_s):.1f} s at once, or "
            "another server with another clock took over: let a time server keep them"
        )
    return (
        f"the clock of the machine went {way} by {abs(step_s):.1f} s at once: let a time server "
        "keep it, which shifts it little by little"
    )
