"""When to try again. Arithmetic only: the caller draws the jitter and knows the time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling pauses with a ceiling.

    first:    the pause after the first failed try.
    ceiling:  the longest pause, jitter not counted.
    attempts: how many tries there are; None for no limit.
    spread:   jitter adds up to this fraction of the pause and never shortens it.
    """

    first: timedelta
    ceiling: timedelta
    attempts: int | None = None
    spread: float = 0.5

    def compute_next_try(
        self,
        attempt: int,
        *,
        now: datetime,
        jitter: float,
        retry_after_s: float | None = None,
    ) -> datetime | None:
        """Return when to try again; None once the tries are spent.

        attempt: the try that just failed, counted from 1.
        now:     aware UTC.
        jitter:  fraction in [0, 1), drawn by the caller so that tests can fix it.
        retry_after_s: what the other side asked for; respected up to an hour, never shortened
            below our own pause.
        """
        if self.attempts is not None and attempt >= self.attempts:
            return None
        doubled = self.first * float(2 ** min(max(attempt, 1) - 1, 30))
        pause = max(min(doubled, self.ceiling), _read_asked_pause(retry_after_s))
        return now + pause + pause * self.spread * jitter


class PauseList:
    """Written-out pauses: the first after the first failed try, nothing after the last.

    Jitter adds up to a fifth of a pause and never shortens it.
    """

    SPREAD = 0.2

    def __init__(self, *pauses: timedelta) -> None:
        """One pause per retry."""
        self.pauses = pauses

    def compute_next_try(
        self,
        attempt: int,
        *,
        now: datetime,
        jitter: float,
        retry_after_s: float | None = None,
    ) -> datetime | None:
        """Return when to try again; None once the tries are spent. See Backoff.compute_next_try."""
        if attempt > len(self.pauses):
            return None
        pause = max(self.pauses[max(attempt, 1) - 1], _read_asked_pause(retry_after_s))
        return now + pause + pause * self.SPREAD * jitter


def retry_after_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the seconds that an answer asks to wait; None for none (RFC 9110 section 10.2.3).

    headers: of the answer, lower-case names. now: what a date is compared with; None: with the
    answer's own.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    try:
        since = now or parsedate_to_datetime(headers["date"])
        return max((parsedate_to_datetime(text) - since).total_seconds(), 0.0)
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def _read_asked_pause(retry_after_s: float | None) -> timedelta:
    return timedelta(seconds=min(max(retry_after_s or 0.0, 0.0), RETRY_AFTER_CAP_S))


RETRY_AFTER_CAP_S = 3600.0
"""The longest Retry-After that is believed, in seconds."""

SUBMIT = Backoff(timedelta(seconds=1), timedelta(minutes=5), attempts=12)
"""Submits that certainly created nothing: about half an hour of trying."""
BUSY = Backoff(timedelta(seconds=1), timedelta(seconds=30))
"""The provider takes nothing now (a rate, its concurrency): spends no attempt. The time to wait is
bounded elsewhere, by how long a task is asked about (`Policy.give_up`)."""
DELIVER = PauseList(
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Deliveries: ten attempts over some three days, as Standard Webhooks recommends."""
RECORD = Backoff(timedelta(seconds=1), timedelta(minutes=10))
"""A job that raised: our own bug or a database away. It must block nobody, and is never lost."""


def build_busy_backoff(waited: timedelta) -> Backoff:
    """Return BUSY with pauses of a tenth of the time waited, from 5 minutes of it to 50.

    For a task that waits by itself: of many, each tries on, and all together would keep a rate used
    up for ever.
    """
    return replace(BUSY, ceiling=min(max(BUSY.ceiling, waited / 10), SUBMIT.ceiling))
