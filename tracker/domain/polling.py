"""When to look at a task again. Arithmetic only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.domain.expectation import Expectation
from tracker.domain.retry import RETRY_AFTER_CAP_S

_GROWTH = 0.25
"""A late task is looked at again after this share of its age: looks grow with the logarithm."""
_EARLY = 0.8
"""The first look comes at this share of the usual time."""
_LOOKS_BETWEEN = 5
"""Looks between the first one and the time by which nine in ten have ended."""
_COST_LOOK = timedelta(days=1)
"""The pause before the first look at what an ended task costs; each further one is twice as long.

With `COST_LOOKS_LAST` that makes looks after some 1, 2, 4, 8 and 16 days.
"""
COST_LOOKS_LAST = timedelta(days=30)
"""How long after its end it is looked at whether a task costs less."""
_SPREAD = 0.2
"""Jitter adds up to this share of a pause and never shortens it."""


@dataclass(frozen=True, slots=True)
class PollPlan:
    """How often an open task is asked for.

    first:   the shortest pause where no callbacks come.
    quiet:   the shortest pause where callbacks are expected: polling is the net below.
    ceiling: the longest pause between two looks at a task that is late.
    confirm: pause between two answers "never heard of it" before they are believed.
    """

    first: timedelta = timedelta(seconds=3)
    quiet: timedelta = timedelta(seconds=60)
    ceiling: timedelta = timedelta(minutes=10)
    confirm: timedelta = timedelta(seconds=15)

    def compute_next_look(  # noqa: PLR0913 - everything that the pause depends on
        self,
        *,
        now: datetime,
        since: datetime,
        usual: Expectation,
        callbacks: bool,
        jitter: float,
        asked_s: float = 0.0,
    ) -> datetime:
        """Return when to look at a task.

        since:     when the provider accepted it, or when we began to wonder whether it had.
        usual:     what tasks of its kind do.
        callbacks: whether the provider was told where to call.
        jitter:    fraction in [0, 1), drawn by the caller.
        asked_s:   seconds the provider asked us to stay away.
        """
        age = max(now - since, timedelta(0))
        relies_on_callbacks = callbacks and not usual.is_silent
        shortest = self.quiet if relies_on_callbacks else self.first
        pause = max(shortest, min(age * _GROWTH, self.ceiling))
        if usual.typical is not None and usual.slow is not None:
            pause = max(
                shortest, self._pause_from_expectation(age, usual, relies_on_callbacks, pause)
            )
        pause = max(pause, timedelta(seconds=min(asked_s, RETRY_AFTER_CAP_S)))
        return now + pause * (1 + _SPREAD * jitter)

    def _pause_from_expectation(
        self,
        age: timedelta,
        usual: Expectation,
        relies_on_callbacks: bool,  # noqa: FBT001 - a fact, not a switch
        late: timedelta,
    ) -> timedelta:
        typical, slow = usual.typical or timedelta(0), usual.slow or timedelta(0)
        if relies_on_callbacks:
            return max(slow - age, late)
        early = typical * _EARLY
        if age < early:
            return early - age
        return (slow - early) / _LOOKS_BETWEEN if age < slow else late

    def follow_up(
        self, *, now: datetime, ended_at: datetime, shortest: timedelta, jitter: float
    ) -> datetime:
        """Return when to ask again about a task that has ended: ever more seldom, without end.

        jitter: fraction in [0, 1), drawn by the caller.
        """
        pause = max(shortest, (now - ended_at) * _GROWTH)
        return now + pause * (1 + _SPREAD * jitter)

    def compute_cost_look(self, *, now: datetime, ended_at: datetime, jitter: float) -> datetime:
        """Return when to ask again what a task that has ended costs.

        jitter: fraction in [0, 1), drawn by the caller.
        """
        pause = max(_COST_LOOK, now - ended_at)
        return now + pause * (1 + _SPREAD * jitter)
