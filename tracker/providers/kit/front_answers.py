"""Parts of answers that fronts share: HTTP statuses of refusals, times, reasons."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from tracker.domain.task import Artifact, ArtifactState, Task, TaskState
from tracker.providers.ports.front_call import Fault

STATUSES: Mapping[Fault, int] = MappingProxyType(
    {
        Fault.UNREADABLE: 400,
        Fault.MEDIA_TYPE: 415,
        Fault.ENCODING: 415,
        Fault.TOO_LARGE: 413,
        Fault.TOO_SLOW: 408,
        Fault.INVALID: 422,
        Fault.NO_ROUTE: 404,
        Fault.WRONG_METHOD: 405,
        Fault.NOT_SERVED: 404,
        Fault.NOT_FOUND: 404,
        Fault.CONFLICT: 400,
        Fault.BUSY: 409,
        Fault.NO_KEY: 401,
        Fault.BAD_KEY: 401,
        Fault.EXPIRED_KEY: 401,
        Fault.EARLY_KEY: 401,
        Fault.FORBIDDEN: 403,
        Fault.NO_MONEY: 402,
        Fault.RATE_LIMITED: 429,
        Fault.UNAVAILABLE: 503,
        Fault.PROVIDER_UNKNOWN: 502,
        Fault.INTERNAL: 500,
    }
)
"""Of a provider that has no other ones."""
GATEWAY_CODES: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.INVALID: "invalid_request",
        Fault.UNREADABLE: "invalid_request",
        Fault.NOT_FOUND: "task_not_exist",
        Fault.NO_MONEY: "insufficient_user_quota",
    }
)
"""Codes of gateways of new-api's kind, which their clients know
(https://github.com/QuantumNous/new-api, types/error.go, read 2026-11-30)."""
_FAILURES = frozenset({TaskState.FAILED, TaskState.CANCELLED, TaskState.EXPIRED})


def find_gateway_code(fault: Fault) -> str:
    """Return the gateway's code of a fault; our own word where gateways have none."""
    return GATEWAY_CODES.get(fault, fault.value)


def format_time(at: datetime, digits: str = "milliseconds") -> str:
    """Write a time in UTC as ISO 8601 with `Z`. digits: a `timespec` of `isoformat`."""
    return at.astimezone(UTC).isoformat(timespec=digits).replace("+00:00", "Z")


def find_reason(task: Task) -> str | None:
    """Return why a task came to nothing, for people; None while it has not."""
    if task.state not in _FAILURES:
        return None
    return (task.error.message if task.error else task.message) or task.state.value


def list_ready_pieces(task: Task) -> list[Artifact]:
    """Return the pieces of a success; none where it came to nothing, or is not over."""
    if task.state is not TaskState.SUCCEEDED:
        return []
    return [one for one in task.artifacts if one.state is ArtifactState.READY and one.url]


def link_of(task: Task, *kinds: str) -> str | None:
    """Return the link to the first finished piece of one of these kinds; of any kind for none."""
    from_kinds = [one for one in task.artifacts if not kinds or one.kind in kinds]
    return next((one.url for one in from_kinds if one.url and one.state == "ready"), None)
