"""Every error that tracker raises on purpose. One tree; the web maps classes to answers.

TrackerError
├── InvalidRequest        the caller's input is wrong; names each field
├── NotFound              no such thing, or not for this caller
├── CursorTooOld          the feed does not hold what comes behind a cursor
├── NoLongerKept          it was there, and retention has dropped it
│   └── TaskGone            a task; says how it had ended
├── Conflict              it clashes with what is already there
│   ├── InputGone           retention has dropped the input that is to be submitted again
│   ├── BeingSent           a request is on its way; ask again in a moment
│   ├── IdempotencyReuse    same key, other body
│   └── IdempotencyInFlight same key, first call not finished
├── Unauthenticated       nobody we know is asking; says what is wrong with the credentials
├── Forbidden             the key's scopes do not cover it
├── ForeignPage           a page of another site asks, where no keys are asked for
├── BudgetExceeded        a budget of the tenant or the key has no room for the task
├── RateLimited           the key has used up what it may ask for now
├── CallbackRejected      an inbound callback that cannot be used; carries the receipt's verdict
├── CallbackUnproven      an inbound callback whose signature is missing or wrong
├── Unavailable           our own storage cannot take it now; try again
│   └── Recovering          the database was restored, and new submits wait
├── BrokenTransfer        an answer that was being passed on broke off
│   └── TrailingBytes       an answer went on behind the length that it announced
├── StorageError          the store of assets does not do what is asked
├── UnkeepableFile        a file of an origin may not be kept
│   └── MisplacedPage     a page or a text stands in its place
└── Misuse                our own bug: a caller inside tracker broke a rule
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field.

    path:   where, from the body's root: `input.image_list[2].image`; empty for the body itself.
    reason: what is wrong and what would be right, as a sentence part.
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class TrackerError(Exception):
    """The root of the tree."""


MOST_NAMED = 100
"""Wrong fields that a refusal names; of the others it says how many."""
_PATH_CHARS, _REASON_CHARS = 200, 500


class InvalidRequest(TrackerError):
    """The request cannot be accepted as it is; nothing was recorded.

    fields:  the first wrong ones, at most MOST_NAMED; long paths and reasons are cut, so that a
             refusal is small however large the request was.
    omitted: how many more are wrong.
    """

    def __init__(self, *fields: FieldError, malformed: bool = False, omitted: int = 0) -> None:
        """malformed: the request could not even be read (as opposed to read and found wrong).

        omitted: wrong fields beyond those given.
        """
        self.fields: Sequence[FieldError] = tuple(
            _shorten_field_error(one) for one in fields[:MOST_NAMED]
        )
        self.omitted = omitted + len(fields) - len(self.fields)
        self.malformed = malformed
        super().__init__("; ".join(str(one) for one in (*self.fields, *self.rest)))

    @property
    def rest(self) -> Sequence[FieldError]:
        """Return the entry that counts the fields left out; empty when every field is named."""
        return (FieldError("", f"{self.omitted} more fields are wrong"),) if self.omitted else ()

    def add_prefix(self, prefix: str) -> "InvalidRequest":
        """Return a copy with `prefix` before each path, for an input nested in the body."""
        if not prefix:
            return self
        moved = (
            replace(field, path=f"{prefix}.{field.path}" if field.path else prefix)
            for field in self.fields
        )
        return InvalidRequest(*moved, malformed=self.malformed, omitted=self.omitted)


def _shorten_field_error(field: FieldError) -> FieldError:
    path, reason = _cut_text(field.path, _PATH_CHARS), _cut_text(field.reason, _REASON_CHARS)
    return field if (path, reason) == (field.path, field.reason) else FieldError(path, reason)


def _cut_text(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


NO_SUCH_TASK = "there is no such task"


class NotFound(TrackerError):
    """There is no such thing, or it belongs to somebody else."""


class CursorTooOld(TrackerError):
    """The feed does not hold everything behind this cursor: whoever goes on would miss changes."""


class NoLongerKept(TrackerError):
    """It was there, and retention has dropped it."""


class TaskGone(NoLongerKept):
    """A task was there, and retention has dropped it.

    state, finished_at: its last ones.
    """

    def __init__(self, state: str, finished_at: datetime) -> None:
        super().__init__("this task is not kept any more")
        self.state = state
        self.finished_at = finished_at


class Conflict(TrackerError):
    """The request clashes with something recorded before."""


class InputGone(Conflict):
    """A task's input cannot be submitted again: retention has dropped it."""

    def __init__(self) -> None:
        super().__init__("its input is not kept any more: submit it as a new task")


class BeingSent(Conflict):
    """A task cannot be cancelled while its submit may be on its way."""


class IdempotencyReuse(Conflict):
    """An idempotency key came again with another body."""


class IdempotencyInFlight(Conflict):
    """An idempotency key came again while its first request is being accepted."""


class CredentialFault(StrEnum):
    """The reason why a request's credentials are rejected."""

    MISSING = "missing"
    INVALID = "invalid"
    """Unknown, revoked, malformed, or not signed by its secret."""
    NOT_YET = "not_yet"
    EXPIRED = "expired"


class Unauthenticated(TrackerError):
    """The request must say who is asking.

    fault: what is wrong.
    """

    def __init__(self, fault: CredentialFault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault


class Forbidden(TrackerError):
    """The principal may not do this.

    scope: what the key lacks.
    """

    def __init__(self, scope: str) -> None:
        super().__init__(f"this key lacks the scope {scope}")
        self.scope = scope


class ForeignPage(TrackerError):
    """A browser asks for a page of another site, and nothing shows that somebody means it."""


class RateLimited(TrackerError):
    """Too many requests with this key.

    retry_after_s: when the next one will be taken, in whole seconds.
    """

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__("too many requests with this key")
        self.retry_after_s = retry_after_s


class BudgetExceeded(TrackerError):
    """A task would exceed a budget. Nothing was recorded, and nothing was sent."""


class CallbackRejected(TrackerError):
    """A callback that cannot be applied to a task."""


class CallbackUnproven(TrackerError):
    """A callback to a genuine URL that does not prove who sent it, where a secret is set."""


class Unavailable(TrackerError):
    """The database takes no writes now, or a sender's keys cannot be had: come back.

    retry_after_s: when, in seconds.
    """

    def __init__(self, reason: str, *, retry_after_s: int = 5) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Recovering(Unavailable):
    """The service was restored from a backup; new tasks are taken once that is completed."""


class BrokenTransfer(TrackerError):
    """An answer that was being passed on broke off, was too slow or too large."""


class TrailingBytes(BrokenTransfer):
    """An answer is over by the length that it announced, and more came behind that."""


class StorageError(TrackerError):
    """The store of assets does not do what is asked: its disk is full, an object is not there."""


class UnkeepableFile(TrackerError):
    """A file of an origin may not be kept: it is too large, a bomb, or nothing of its kind."""


class MisplacedPage(UnkeepableFile):
    """A page, a text or a playlist stands in the place of a file, and may be gone in a minute."""


class Misuse(TrackerError):
    """A rule of tracker's own inside was broken. Always a bug of ours."""
