"""The exceptions of the client, as a tree.

ClientError
├── Unreachable          no answer came: nobody there, the connection broke, or it took too long
├── NotKept              a file of a result is not kept; `asset` says why
├── TimedOut             a task that was waited for is still open; `task` is how it stands
└── Refused              the service answered no
    ├── Unauthenticated    401: no key, or none that it knows
    ├── Forbidden          403: the key lacks a scope
    ├── NotFound           404: no such thing, or not for this key
    ├── Conflict           409: it clashes with what is there
    ├── Dropped            410: it was there, and is not kept any more
    │   └── CursorGone       the cursor is too old; begin anew
    ├── Invalid            400, 413, 415, 422: the request is wrong; `fields` says where
    ├── TooManyRequests    429
    └── Unavailable        408 and 5xx: later it may work
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.client.models import Asset, Task, read_instant

_CURSOR_TOO_OLD = "urn:tracker:problem:cursor-too-old"
_TASK_GONE = "urn:tracker:problem:task-gone"


class ClientError(Exception):
    """The root of the tree."""


class Unreachable(ClientError):
    """No answer came.

    was_sent: whether the request may have arrived. A submit may be repeated all the same, as it
    carries an Idempotency-Key.
    """

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


class TimedOut(ClientError):
    """The time to wait is over and the task is still open."""

    def __init__(self, task: Task) -> None:
        super().__init__(f"task {task.id} is still {task.state}")
        self.task = task


class NotKept(ClientError):
    """A file of a result is not kept by the service.

    asset: as it stands; None where the service keeps nothing of the artifact.
    """

    def __init__(self, asset: Asset | None) -> None:
        if asset is None:
            why = "the file cannot be downloaded: the service keeps nothing of it"
        elif asset.reason:
            why = f"the file cannot be downloaded: it is {asset.state}: {asset.reason}"
        else:
            why = f"the file cannot be downloaded: it is {asset.state}"
        super().__init__(why)
        self.asset = asset


class Refused(ClientError):
    """The service answered no (RFC 9457).

    status:        of HTTP.
    type:          the problem's stable name, e.g. `urn:tracker:problem:conflict`.
    fields:        (path, reason) of each wrong field.
    request_id:    by which the service's log knows it.
    retry_after_s: when to come back, where it said so.
    """

    def __init__(
        self, status: int, problem: Mapping[str, Any], *, retry_after_s: float | None
    ) -> None:
        self.status = status
        self.type = str(problem.get("type", "about:blank"))
        self.title = str(problem.get("title", f"HTTP {status}"))
        self.detail = str(problem.get("detail", ""))
        self.request_id = str(problem.get("request_id", ""))
        self.fields: Sequence[tuple[str, str]] = [
            (str(one.get("path", "")), str(one.get("reason", "")))
            for one in problem.get("errors") or ()
        ]
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {self.title}: {self.detail}".rstrip(": "))


class Unauthenticated(Refused):
    """No key, or none that it knows."""


class Forbidden(Refused):
    """The key lacks a scope."""


class NotFound(Refused):
    """There is no such thing, or not for this key."""


class Conflict(Refused):
    """It clashes with what is there."""


class Dropped(Refused):
    """It was there, and is not kept any more.

    state, finished_at: how a task had ended; None where it is no task that is gone.
    """

    def __init__(
        self, status: int, problem: Mapping[str, Any], *, retry_after_s: float | None
    ) -> None:
        super().__init__(status, problem, retry_after_s=retry_after_s)
        is_task = self.type == _TASK_GONE
        self.state: str | None = problem["state"] if is_task else None
        self.finished_at = read_instant(problem["finished_at"]) if is_task else None


class CursorGone(Dropped):
    """The cursor points to what is no longer kept; begin anew."""


class Invalid(Refused):
    """The request is wrong."""


class TooManyRequests(Refused):
    """The key has used up its rate."""


class Unavailable(Refused):
    """The service cannot do it now."""


_BY_STATUS: Mapping[int, type[Refused]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    410: Dropped,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: TooManyRequests,
}


def build_refusal(
    status: int, problem: Mapping[str, Any], *, retry_after_s: float | None
) -> Refused:
    """Return the exception for an answer that is none of 2xx and 3xx."""
    kind = _BY_STATUS.get(status, Unavailable if status >= 500 else Refused)
    if kind is Dropped and problem.get("type") == _CURSOR_TOO_OLD:
        kind = CursorGone
    return kind(status, problem, retry_after_s=retry_after_s)
