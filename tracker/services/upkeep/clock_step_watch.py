"""Notice that the clock of a machine was set, where no database server keeps the time."""

import logging
from datetime import timedelta

from tracker.clock import ServerClock
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
    """Of one machine's clock, as one process sees them."""

    def __init__(self, context: Context) -> None:
        """The first look is now."""
        self._context = context
        self._offset_s = self._measured()

    async def look(self) -> None:
        """Say that the clock was set since the last look, and end what was said long ago."""
        clock, store = self._context.clock, self._context.store
        if isinstance(clock, ServerClock) and clock.is_servers:
            return
        offset_s = self._measured()
        step_s, self._offset_s = offset_s - self._offset_s, offset_s
        try:
            if self._context.clock_steps.note(step_s, clock.monotonic()):
                await DueTimeRepair(self._context).pull_looks()
            await end_after(store, CLOCK_STEPPED, before=clock.now() - SAID)
            if abs(step_s) > STEP_S:
                await store.write(
                    report, ConditionReport(CLOCK_STEPPED, "", "", step_reason(step_s))
                )
        except Unavailable as error:
            log.warning(
                "the clock was set by %(seconds).1f s, which was not written down: %(reason)s",
                {"seconds": step_s, "reason": error},
            )

    def _measured(self) -> float:
        clock = self._context.clock
        return clock.now().timestamp() - clock.monotonic()


def step_reason(step_s: float) -> str:
    """Return what to say of a clock that was set. step_s: by how many seconds, ahead positive."""
    way = "forward" if step_s > 0 else "back"
    return (
        f"the clock of the machine went {way} by {abs(step_s):.1f} s at once: let a time server "
        "keep it, which shifts it little by little"
    )
