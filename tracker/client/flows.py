"""The steps of each method, shared by both clients: a flow yields calls and waits, and is sent
their results. No I/O.
"""

import json
import secrets
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from tracker.client.calls import Answer, Call, Lost, Outcome, Params, pause_before_retry
from tracker.client.costs import CostSum
from tracker.client.errors import (
    ClientError,
    NotKept,
    TimedOut,
    TooManyRequests,
    Unavailable,
    Unreachable,
)
from tracker.client.models import Asset, BulkOutcome, Change, Resubmitted, Task, Transition

T = TypeVar("T")
LONGEST_WAIT_S = 30.0
"""For which the service is asked to keep one answer back."""
AWAY_PAUSE_S = 2.0
"""Between two looks whether a service that was away is back, beyond the tries of one request."""
FETCHED_PAUSE_S = 1.0
"""Between two looks whether the service has fetched a file."""
SHORT_PAUSE_S = 0.1
"""Where less than a second is left to wait, which the service cannot be asked for."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; the flow is handed its outcome."""

    call: Call


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait. seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """Give this to whoever iterates."""

    value: T


Flow = Generator[Send | Pause, Outcome | None, T]
ItemFlow = Generator[Send | Pause | Item[T], Outcome | None, None]


def send(call: Call, *, tries: int) -> Flow[Answer]:
    """Send a request, again where that is safe. Raises ClientError."""
    for tried in count(1):
        outcome = yield Send(call)
        assert outcome is not None  # noqa: S101 - of a Send there is one
        if isinstance(outcome, Answer) and outcome.is_fine:
            return outcome
        yield pause_or_raise(call, outcome, tried=tried, tries=tries)
    raise AssertionError


def pause_or_raise(call: Call, outcome: Outcome, *, tried: int, tries: int) -> Pause:
    """Return the pause before a call that failed is sent again. Raises ClientError to give up.

    tried: how often it was sent, or its answers in a row that brought nothing new.
    """
    # The caller's clock, which a Retry-After that is a date is told by: a client has no other.
    now = datetime.now(UTC)
    pause = pause_before_retry(call, outcome, tried=tried, now=now)
    if pause is not None and tried < tries:
        return Pause(pause)
    if isinstance(outcome, Lost):
        raise Unreachable(outcome.reason, was_sent=outcome.was_sent)
    raise outcome.make_error(now=now)


def submit(  # noqa: PLR0913 - one parameter per field
    operation: str,
    input_: Mapping[str, Any],
    *,
    provider: str | None,
    account: str | None,
    external_task_id: str | None,
    metadata: Mapping[str, Any] | None,
    webhook_url: str | None,
    deadline_s: float | None,
    idempotency_key: str | None,
    tries: int,
) -> Flow[Task]:
    """`POST /v1/tasks`."""
    optional: dict[str, Any] = {
        "provider": provider,
        "account": account,
        "external_task_id": external_task_id,
        "metadata": metadata,
        "webhook_url": webhook_url,
        "deadline_s": deadline_s,
    }
    body: dict[str, Any] = {"operation": operation, "input": input_}
    body |= {name: value for name, value in optional.items() if value is not None}
    key = idempotency_key or secrets.token_hex(16)
    call = Call("POST", "/v1/tasks", headers={"idempotency-key": key}, body=body)
    answer = yield from send(call, tries=tries)
    return Task.parse(answer.read_json())


def get(task_id: str, *, tries: int) -> Flow[Task]:
    """`GET /v1/tasks/{id}`."""
    answer = yield from send(Call("GET", _build_task_path(task_id)), tries=tries)
    return Task.parse(answer.read_json())


def act(task_id: str, action: str, *, tries: int) -> Flow[Task]:
    """`POST /v1/tasks/{id}/{action}`; twice is as good as once."""
    answer = yield from send(Call("POST", f"{_build_task_path(task_id)}/{action}"), tries=tries)
    return Task.parse(answer.read_json())


def resubmit(task_id: str, *, idempotency_key: str | None, tries: int) -> Flow[Task]:
    """`POST /v1/tasks/{id}/resubmit`."""
    key = idempotency_key or secrets.token_hex(16)
    call = Call("POST", f"{_build_task_path(task_id)}/resubmit", headers={"idempotency-key": key})
    answer = yield from send(call, tries=tries)
    return Task.parse(answer.read_json())


def resubmit_many(body: Mapping[str, Any], *, tries: int) -> Flow[Resubmitted]:
    """`POST /v1/tasks/resubmit`; twice is as good as once, but for those taken once more."""
    again = not body.get("dry_run") and bool(body.get("include_resubmitted"))
    call = Call("POST", "/v1/tasks/resubmit", body=body, is_repeatable=not again)
    answer = yield from send(call, tries=tries)
    return Resubmitted.parse(answer.read_json())


def act_on_many(body: Mapping[str, Any], *, tries: int) -> Flow[BulkOutcome]:
    """`POST /v1/tasks/actions`; twice is as good as once."""
    answer = yield from send(Call("POST", "/v1/tasks/actions", body=body), tries=tries)
    return BulkOutcome.parse(answer.read_json())


def resolve(task_id: str, verb: str, provider_task_id: str | None, *, tries: int) -> Flow[Task]:
    """`POST /v1/tasks/{id}/resolve`; a second one finds nothing left to settle."""
    body = {"verb": verb} | (
        {} if provider_task_id is None else {"provider_task_id": provider_task_id}
    )
    call = Call("POST", f"{_build_task_path(task_id)}/resolve", body=body, is_repeatable=False)
    answer = yield from send(call, tries=tries)
    return Task.parse(answer.read_json())


def get_input(task_id: str, *, tries: int) -> Flow[dict[str, Any]]:
    """`GET /v1/tasks/{id}/input`."""
    return (
        yield from send(Call("GET", f"{_build_task_path(task_id)}/input"), tries=tries)
    ).read_json()


def get_stats(*, hours: int, by_hour: bool, tries: int) -> Flow[dict[str, Any]]:
    """`GET /v1/stats`."""
    params = [("hours", str(hours)), *([("by", "hour")] if by_hour else [])]
    return (yield from send(Call("GET", "/v1/stats", params=params), tries=tries)).read_json()


def list_transitions(task_id: str, *, tries: int) -> Flow[list[Transition]]:
    """`GET /v1/tasks/{id}/transitions`."""
    answer = yield from send(Call("GET", f"{_build_task_path(task_id)}/transitions"), tries=tries)
    return [Transition.parse(one) for one in answer.read_json()["transitions"]]


def get_costs(
    *, since: date | None, until: date | None, by: Sequence[str], tries: int
) -> Flow[list[CostSum]]:
    """`GET /v1/costs`."""
    days = (("since", since), ("until", until))
    params = [(name, day.isoformat()) for name, day in days if day is not None]
    params += [("by", one) for one in by]
    answer = yield from send(Call("GET", "/v1/costs", params=params), tries=tries)
    return [CostSum.parse(one) for one in answer.read_json()["costs"]]


def wait(task_id: str, *, timeout_s: float | None, tries: int) -> Flow[Task]:
    """Long-polls until the task is over. Raises TimedOut."""
    ends = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        seconds = _wait_s(ends)
        params = [("wait", str(seconds))]
        call = Call("GET", _build_task_path(task_id), params=params, wait_s=seconds)
        task = Task.parse((yield from send(call, tries=tries)).read_json())
        if task.is_over:
            return task
        if ends is not None and time.monotonic() >= ends:
            raise TimedOut(task)
        if seconds == 0:
            yield Pause(SHORT_PAUSE_S)


def wait_until_kept(
    task_id: str, artifact: int, *, timeout_s: float | None, tries: int
) -> Flow[Asset]:
    """Return the asset of a task's artifact once it is kept. Raises NotKept, TimedOut."""
    ends = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        task = yield from wait(task_id, timeout_s=timeout_s, tries=tries)
        if artifact >= len(task.artifacts):
            raise NotKept(None)
        asset = task.artifacts[artifact].asset
        if asset is None or asset.state not in ("wanted", "kept"):
            raise NotKept(asset)
        if asset.state == "kept":
            return asset
        if ends is not None and time.monotonic() >= ends:
            raise TimedOut(task)
        yield Pause(FETCHED_PAUSE_S)


def watch(task_id: str, *, timeout_s: float | None, tries: int) -> ItemFlow[Task]:
    """Return a task each time it has changed, until it is over. Raises TimedOut."""
    ends = None if timeout_s is None else time.monotonic() + timeout_s
    task: Task | None = None
    while task is None or not task.is_over:
        seconds = 0 if task is None else _wait_s(ends)
        headers = {} if task is None else {"if-none-match": f'"{task.version}"'}
        params = [("wait", str(seconds))]
        call = Call(
            "GET", _build_task_path(task_id), params=params, headers=headers, wait_s=seconds
        )
        answer = yield from send(call, tries=tries)
        if answer.status != 304:
            task = Task.parse(answer.read_json())
            yield Item(task)
        elif task is not None and ends is not None and time.monotonic() >= ends:
            raise TimedOut(task)
        elif seconds == 0:
            yield Pause(SHORT_PAUSE_S)


def iterate_tasks(filters: Params, *, page_size: int, tries: int) -> ItemFlow[Task]:
    """Return every task of a list, page by page."""
    return iterate_pages(
        "/v1/tasks", filters, "tasks", Task.parse, page_size=page_size, tries=tries, name="cursor"
    )


def iterate_pages(  # noqa: PLR0913 - what a list is called, and how much of it is wanted
    path: str,
    filters: Params,
    member: str,
    parse: Callable[[Mapping[str, Any]], T],
    *,
    page_size: int,
    tries: int,
    name: str = "after",
) -> ItemFlow[T]:
    """Return every entry of a list, page by page. name: the parameter that has the cursor."""
    cursor: str | None = None
    while True:
        params = [*filters, ("limit", str(page_size))]
        if cursor is not None:
            params.append((name, cursor))
        page = (yield from send(Call("GET", path, params=params), tries=tries)).read_json()
        for one in page[member]:
            yield Item(parse(one))
        cursor = page["next_cursor"]
        if cursor is None:
            return


def follow_changes(
    after: str | None, filters: Params, *, follow: bool, tries: int
) -> ItemFlow[Change]:
    """Return the feed behind a cursor, for ever or to its present end.

    One that is followed goes on by itself when the service was away.
    Raises CursorGone, and whatever time does not heal.
    """
    place = after
    while True:
        seconds = int(LONGEST_WAIT_S) if follow else 0
        params = [*filters, ("limit", "1000"), ("wait", str(seconds))]
        if place is not None:
            params.append(("after", place))
        call = Call("GET", "/v1/changes", params=params, wait_s=seconds)
        try:
            page = (yield from send(call, tries=tries)).read_json()
        except ClientError as error:
            if not follow or not _is_passing(error):
                raise
            yield Pause(AWAY_PAUSE_S)
            continue
        found = page["changes"]
        for number, one in enumerate(found, start=1):
            cursor = page["next_cursor"] if number == len(found) else place
            yield Item(Change.parse(one, cursor=cursor))
        place = page["next_cursor"]
        if not follow and not page["has_more"]:
            return


def build_task_filters(  # noqa: PLR0913 - one parameter per filter
    *,
    provider: str | None = None,
    account: str | None = None,
    operation: str | None = None,
    state: str | Iterable[str] | None = None,
    external_task_id: str | None = None,
    provider_task_id: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    overdue: bool | None = None,
    metadata: Mapping[str, Any] | None = None,
    order: str | None = None,
) -> Params:
    """Return filters as query parameters. Raises ValueError for a time that is naive."""
    states = [state] if isinstance(state, str) else list(state or ())
    texts = {
        "provider": provider,
        "account": account,
        "operation": operation,
        "external_task_id": external_task_id,
        "provider_task_id": provider_task_id,
        "created_after": _format_moment(created_after),
        "created_before": _format_moment(created_before),
        "updated_after": _format_moment(updated_after),
        "updated_before": _format_moment(updated_before),
        "overdue": None if overdue is None else str(overdue).lower(),
        "order": order,
    }
    return [
        *((name, text) for name, text in texts.items() if text is not None),
        *(("state", one) for one in states),
        *((f"metadata.{name}", _format_word(value)) for name, value in (metadata or {}).items()),
    ]


def build_many_tasks(  # noqa: PLR0913 - one parameter per filter
    *,
    state: str | Iterable[str] | None = None,
    provider: str | None = None,
    operation: str | None = None,
    account: str | None = None,
    error_code: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    metadata: Mapping[str, Any] | None = None,
    include_resubmitted: bool | None = None,
    ids: Iterable[str] | None = None,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Return filters as a body. Raises ValueError for a time that is naive."""
    body = {
        "state": [state] if isinstance(state, str) else list(state or ()) or None,
        "provider": provider,
        "operation": operation,
        "account": account,
        "error_code": error_code,
        "created_after": _format_moment(created_after),
        "created_before": _format_moment(created_before),
        "metadata": None if metadata is None else dict(metadata),
        "include_resubmitted": include_resubmitted,
        "ids": None if ids is None else list(ids),
        "cursor": cursor,
    }
    return {name: value for name, value in body.items() if value is not None}


def _is_passing(error: ClientError) -> bool:
    """Return true if the error may pass by itself."""
    return isinstance(error, Unreachable | Unavailable | TooManyRequests)


def _build_task_path(task_id: str) -> str:
    return f"/v1/tasks/{quote(task_id, safe='')}"


def _wait_s(ends: float | None) -> int:
    left = LONGEST_WAIT_S if ends is None else ends - time.monotonic()
    return int(max(0.0, min(LONGEST_WAIT_S, left)))


def _format_moment(when: datetime | None) -> str | None:
    if when is None:
        return None
    if when.tzinfo is None:
        raise ValueError("a naive datetime names no instant")
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _format_word(value: Any) -> str:
    """Return a metadata value as the service reads it."""
    return value if isinstance(value, str) else json.dumps(value)
