"""Which create calls go wrong, how, and for how long. Counts tries; sends and creates nothing."""

from collections.abc import Mapping
from enum import StrEnum

from tracker.emulator.core.journal import Bounded
from tracker.emulator.core.scenario import Scenario, Tries
from tracker.emulator.providers.kling.wire import Refusal
from tracker.emulator.providers.kling.words import Name

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
    HTML_NOT_FOUND = "html 404"
    """HTTP 404 with a page, as a wrong host sends it."""
    HTML_OK = "html 200"
    """HTTP 200 with a page, as a captive portal sends it."""


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


_QUERIES: Mapping[Name, Refusal | Spoiled] = {
    Name.MUTE_QUERY: Refusal(5000, "Server internal error"),
    Name.HTML_QUERY: Spoiled.HTML_NOT_FOUND,
    Name.HTML_OK: Spoiled.HTML_OK,
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
        return self._first(_BEFORE, scenario, key, now=now)

    def of_query(
        self, scenario: Scenario, key: tuple[str, ...], *, now: float
    ) -> Refusal | Spoiled | None:
        """The trouble this query runs into; key and now as for `before_creation`."""
        return self._first(_QUERIES, scenario, ("query", *key), now=now)

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

    def _first(
        self,
        table: Mapping[Name, Refusal | Spoiled],
        scenario: Scenario,
        key: tuple[str, ...],
        *,
        now: float,
    ) -> Refusal | Spoiled | None:
        for name, trouble in table.items():
            if scenario.has(name) and self.persists((name, *key), scenario.tries(name), now=now):
                return trouble
        return None


def after_creation(scenario: Scenario) -> Refusal | Spoiled | None:
    """The trouble a create call runs into although its task was made."""
    return next((trouble for name, trouble in _AFTER.items() if scenario.has(name)), None)
