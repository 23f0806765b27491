"""Requests and answers as plain data, and when a request that failed is sent again. No I/O."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tracker.client.errors import ClientError, Unreachable, build_refusal

TRIES = 6
"""How often a request is sent at most, unless told otherwise."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 8.0
LONGEST_RETRY_AFTER_S = 60.0
"""A service that asks for more patience than this gets none: the caller is told."""

Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request.

    is_repeatable: whether it may be sent again although it may have arrived.
    wait_s:        for how long the service may keep the answer back.
    """

    method: str
    path: str
    params: Params = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    is_repeatable: bool = True
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. headers: lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_fine(self) -> bool:
        """Neither of 4xx and 5xx."""
        return self.status < 400

    def read_json(self) -> dict[str, Any]:
        """Return the body. Raises Unreachable for one that is not the service's."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            reason = f"HTTP {self.status} without a JSON object: is this a tracker service?"
            raise Unreachable(reason, was_sent=True)
        return found

    def retry_after_s(self, *, now: datetime) -> float | None:
        """Return Retry-After (seconds or a date) in seconds; None when absent or malformed."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return max(0.0, (at - now).total_seconds())

    def make_error(self, *, now: datetime) -> ClientError:
        """Return the exception that this answer is."""
        try:
            problem = json.loads(self.body)
        except ValueError:
            problem = None
        known = problem if isinstance(problem, dict) else {}
        return build_refusal(self.status, known, retry_after_s=self.retry_after_s(now=now))


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer. was_sent: whether the request may have arrived."""

    reason: str
    was_sent: bool


Outcome = Answer | Lost


def pause_before_retry(call: Call, outcome: Outcome, *, tried: int, now: datetime) -> float | None:
    """Return seconds until the call may be sent again; None when it may not.

    tried: how often it was sent.
    """
    match outcome:
        case Lost(was_sent=was_sent):
            return _draw_backoff(tried) if call.is_repeatable or not was_sent else None
        case Answer(status=429 | 503):  # it says that nothing was done
            pass
        case Answer(status=409) if "retry-after" in outcome.headers:
            pass  # the first request with this Idempotency-Key is not done yet
        case Answer(status=408 | 500 | 502 | 504) if call.is_repeatable:
            pass
        case _:
            return None
    asked = outcome.retry_after_s(now=now)
    if asked is None:
        return _draw_backoff(tried)
    return asked if asked <= LONGEST_RETRY_AFTER_S else None


def _draw_backoff(tried: int) -> float:
    """Doubles; the upper half is drawn, so that clients do not come back together."""
    longest: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(tried, 16))
    return longest * (0.5 + secrets.randbelow(1000) / 2000)
