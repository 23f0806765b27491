"""When to look at a task again. Arithmetic only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.domain.task import TaskState


@dataclass(frozen=True, slots=True)
class PollPlan:
    """How often an open task is asked for.

    first:   pause before the first look where polling is the main road.
    factor:  each pause is this much longer than the last.
    ceiling: the longest pause.
    quiet:   pause before the first look where callbacks are expected: polling is the net below.
    confirm: pause between two answers "never heard of it" before they are believed.
    """

    first: timedelta = timedelta(seconds=3)
    factor: float = 1.3
    ceiling: timedelta = timedelta(seconds=60)
    quiet: timedelta = timedelta(seconds=60)
    confirm: timedelta = timedelta(seconds=15)

    def first_look(self, *, now: datetime, callbacks: bool, jitter: float) -> datetime:
        """The first look after the provider accepted the task."""
        pause = self.quiet if callbacks else self.first
        return now + pause + pause * 0.2 * jitter

    def next_look(
        self, looks: int, *, now: datetime, callbacks: bool, jitter: float, asked_s: float = 0.0
    ) -> datetime:
        """The look after `looks` looks.

        callbacks: whether the provider is expected to call back.
        asked_s:   seconds the provider asked us to stay away.
        """
        base = self.quiet if callbacks else self.first
        pause = min(base * self.factor ** min(looks, 60), max(self.ceiling, base))
        pause = max(pause, timedelta(seconds=min(asked_s, 3600.0)))
        return now + pause + pause * 0.2 * jitter


def confirmations(state: TaskState) -> int:
    """How often in a row the provider must deny a task before it is believed.

    Two for one that may never have been created (design §3 rule 7): being wrong is made good by
    the provider's own refusal of a second task with the same external id. Three, over a longer
    time, for one that it had accepted.
    """
    return 2 if state is TaskState.UNCERTAIN else 3
