"""Expected durations and callback behaviour, as this process knows them now."""

from collections.abc import Mapping
from datetime import timedelta

from tracker.domain.expectation import NOTHING_KNOWN, Expectation
from tracker.domain.task import Task


class Expectations:
    """Expectations by provider and operation. Starts empty; `DurationLearner` fills it."""

    def __init__(self) -> None:
        self._known: Mapping[tuple[str, str], Expectation] = {}

    def find_expectation(self, task: Task) -> Expectation:
        """Return the expectation for tasks of this one's kind."""
        return self.find_of_kind(task.provider, task.operation)

    def find_of_kind(self, provider: str, operation: str) -> Expectation:
        """Return the expectation for tasks of this kind."""
        return self._known.get((provider, operation), NOTHING_KNOWN)

    def find_slowest(self) -> timedelta:
        """Return the longest time that tasks of any kind are expected to take."""
        return max((one.slow for one in self._known.values() if one.slow), default=timedelta(0))

    def replace(self, known: Mapping[tuple[str, str], Expectation]) -> None:
        """Take over what was learned anew."""
        self._known = known
