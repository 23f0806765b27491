"""How often the open tasks of an account can be looked at, by the rate that its provider sets."""

from datetime import timedelta

from tracker.domain.call_rate import look_spacing_s
from tracker.domain.work import JobKind, split_lane
from tracker.services.context import Context
from tracker.store import due_jobs

EVERY_S = 15.0
"""Seconds between two counts of an account's open tasks."""
_SOON = timedelta(days=1)
"""Looks that are due later are at what ended tasks cost, and take no part of the rate now."""


class LookPace:
    """Keeps `Context.look_spacing_s` up to date. One per process."""

    def __init__(self, context: Context) -> None:
        """Nothing was counted yet."""
        self._context = context
        self._next_at: dict[str, float] = {}

    async def measure(self, lane: str) -> None:
        """Count what is to be looked at in a lane, where its calls are limited. May raise
        Unavailable.
        """
        context, name = self._context, split_lane(lane)
        account = context.accounts.get(name)
        if account is None:
            return
        provider = context.providers[name[0]]
        rate, polls = provider.get_limits(account).calls, provider.polls
        now_s = context.clock.monotonic()
        if rate is None or polls is None or now_s < self._next_at.get(lane, 0.0):
            return
        self._next_at[lane] = now_s + EVERY_S
        before = context.clock.now() + _SOON
        count = await context.store.read(
            lambda db: due_jobs.count(db, JobKind.RECONCILE, lane, before=before)
        )
        context.look_spacing_s[name] = look_spacing_s(
            rate, open_tasks=count, together=polls.together
        )
