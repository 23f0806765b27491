"""Faults of creates and queries: how, and for how long. Counts tries; sends nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from tracker.emulator.core.journal import BoundedDict
from tracker.emulator.core.refusals import BrokenAnswer, BrokenAnswerSignal, Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario, Tries
from tracker.emulator.core.words import CoreWord

__all__ = ["FaultTables", "Faults", "Trouble", "find_fault_after_creation", "raise_trouble"]

Trouble = Callable[[], Refusal] | BrokenAnswer
"""Makes a refusal (a fresh one each time, so that no traceback is kept), or a broken answer."""


def _make_refusal(kind: RefusalKind, text: str, retry_after: int | None = None) -> Trouble:
    return lambda: Refusal(kind, text, retry_after=retry_after)


_INTERNAL = _make_refusal(RefusalKind.INTERNAL, "internal error")
_TOO_FAST = _make_refusal(RefusalKind.RATE_LIMITED, "too many requests", 1)

_BEFORE: Mapping[str, Trouble] = {
    CoreWord.BUSY: _make_refusal(RefusalKind.BUSY, "too many tasks at once"),
    CoreWord.RATE_LIMITED: _TOO_FAST,
    CoreWord.UNAVAILABLE: _make_refusal(RefusalKind.UNAVAILABLE, "temporarily unavailable"),
    CoreWord.ERROR_LOST: _INTERNAL,
    CoreWord.HTML_ERROR: BrokenAnswer.HTML,
    CoreWord.CUT_BEFORE_ACCEPT: BrokenAnswer.CUT,
}
_AFTER: Mapping[str, Trouble] = {
    CoreWord.ERROR_CREATED: _INTERNAL,
    CoreWord.HTML_ERROR_CREATED: BrokenAnswer.HTML,
    CoreWord.CUT_AFTER_ACCEPT: BrokenAnswer.CUT,
    CoreWord.TIMEOUT: BrokenAnswer.SILENCE,
}
_QUERIES: Mapping[str, Trouble] = {
    CoreWord.MUTE_QUERY: _INTERNAL,
    CoreWord.RATE_LIMITED_QUERY: _TOO_FAST,
    CoreWord.HTML_QUERY: BrokenAnswer.HTML_NOT_FOUND,
    CoreWord.HTML_OK: BrokenAnswer.HTML_OK,
    CoreWord.CUT_QUERY: BrokenAnswer.CUT,
    CoreWord.DENIED: _make_refusal(RefusalKind.NOT_FOUND, "not found"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTables:
    """A provider's own faults by scenario word; they stand beside those of the core."""

    before: Mapping[str, Trouble] = field(default_factory=dict)
    """Of creates that make nothing."""
    after: Mapping[str, Trouble] = field(default_factory=dict)
    """Of creates that made their task."""
    queries: Mapping[str, Trouble] = field(default_factory=dict)


class Faults:
    """Remembers how often each trouble has already been made."""

    def __init__(self, most: int, tables: FaultTables) -> None:
        """Keep at most this many counters."""
        self._made: BoundedDict[tuple[str, ...], tuple[int, float]] = BoundedDict(most)
        self._before = {**_BEFORE, **tables.before}
        self._queries = {**_QUERIES, **tables.queries}

    def find_creation_trouble(
        self, scenario: Scenario, key: tuple[str, ...], *, now: float
    ) -> Trouble | None:
        """Return the trouble this create call runs into instead of being accepted.

        key: makes two calls tries of the same thing.
        now: Unix seconds.
        """
        return self._find_first(self._before, scenario, key, now=now)

    def find_query_trouble(
        self, scenario: Scenario, key: tuple[str, ...], *, now: float
    ) -> Trouble | None:
        """Return the trouble this query runs into; key and now as for `before_creation`."""
        return self._find_first(self._queries, scenario, ("query", *key), now=now)

    def count_try(self, key: tuple[str, ...], tries: Tries, *, now: float) -> bool:
        """Count one try, and return whether the trouble is still on."""
        count, since = self._made.get(key, (0, now))
        self._made[key] = (count + 1, since)
        if tries.seconds is not None:
            return now - since < tries.seconds
        return count < (tries.count or 0)

    def clear(self) -> None:
        """Forget all tries."""
        self._made.clear()

    def _find_first(
        self,
        table: Mapping[str, Trouble],
        scenario: Scenario,
        key: tuple[str, ...],
        *,
        now: float,
    ) -> Trouble | None:
        for name, trouble in table.items():
            if scenario.has(name) and self.count_try(
                (name, *key), scenario.read_tries(name), now=now
            ):
                return trouble
        return None


def find_fault_after_creation(scenario: Scenario, tables: FaultTables) -> Trouble | None:
    """Return the trouble a create call runs into although its task was made."""
    table = {**_AFTER, **tables.after}
    return next((trouble for name, trouble in table.items() if scenario.has(name)), None)


def raise_trouble(trouble: Trouble) -> NoReturn:
    """Raise the Refusal or the BrokenAnswerSignal of a trouble."""
    if isinstance(trouble, BrokenAnswer):
        raise BrokenAnswerSignal(trouble)
    raise trouble()
