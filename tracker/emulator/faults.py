"""Which create calls go wrong, how, and for how long. Counts tries; sends and creates nothing."""

from collections.abc import Mapping
from enum import StrEnum

from tracker.emulator.journal import Bounded
from tracker.emulator.scenario import Name, Scenario, Tries
from tracker.emulator.wire import Refusal

__all__ = ["BUSY_TEXT", "Faults", "Spoiled", "after_creation"]

BUSY_TEXT = "parallel task over resource pack limit"


class Spoiled(StrEnum):
    """Answers that are no answer of the protocol."""

    CUT = "cut"
    """The connection is aborted."""
    SILENCE = "silence"
    """Nothing is ever answered."""
    HTML = "html"
    """HTTP 502 with a page, as a proxy in between sends it."""


_BEFORE: Mapping[Name, Refusal | Spoiled] = {
    Name.BUSY: Refusal(1303, BUSY_TEXT),
    Name.RATE_LIMITED: Refusal(1302, "The API request is too fast", retry_after=1),
    Name.UNAVAILABLE: Refusal(5001, "Server temporarily unavailable, usually for maintenance"),
    Name.ERROR_5000_LOST: Refusal(5000, "Server internal error"),
    Name.ERROR_5002_LOST: Refusal(5002, "Server internal timeout"),
    Name.HTML_ERROR: Spoiled.HTML,
    Name.CUT_BEFORE_ACCEPT: Spoiled.CUT,
}
_AFTER: Mapping[Name, Refusal | Spoiled] = {
    Name.ERROR_5000_CREATED: Refusal(5000, "Server internal error"),
    Name.ERROR_5002_CREATED: Refusal(5002, "Server internal timeout"),
    Name.HTML_ERROR_CREATED: Spoiled.HTML,
    Name.CUT_AFTER_ACCEPT: Spoiled.CUT,
    Name.TIMEOUT: Spoiled.SILENCE,
}


class Faults:
    """Remembers how often each trouble has already been made."""

    def __init__(self, most: int) -> None:
        """Keep at most this many counters."""
        self._made: Bounded[tuple[str, ...], tuple[int, float]] = Bounded(most)

    def before_creation(
        self, scenario: Scenario, key: tuple[str, ...], *, now: float
    ) -> Refusal | Spoiled | None:
        """The trouble this create call runs into instead of being accepted.

        key: what makes two calls tries of the same thing.
        now: Unix seconds.
        """
        for name, trouble in _BEFORE.items():
            if scenario.has(name) and self.persists((name, *key), scenario.tries(name), now=now):
                return trouble
        return None

    def persists(self, key: tuple[str, ...], tries: Tries, *, now: float) -> bool:
        """Count one try, and say whether the trouble is still on."""
        count, since = self._made.get(key, (0, now))
        self._made[key] = (count + 1, since)
        if tries.seconds is not None:
            return now - since < tries.seconds
        return count < (tries.count or 0)

    def clear(self) -> None:
        """Forget all tries."""
        self._made.clear()


def after_creation(scenario: Scenario) -> Refusal | Spoiled | None:
    """The trouble a create call runs into although its task was made."""
    return next((trouble for name, trouble in _AFTER.items() if scenario.has(name)), None)
