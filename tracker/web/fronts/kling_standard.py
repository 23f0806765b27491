"""The front's `/tasks` and `/solutions`: up to 20 by either id, or a page by cursor."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request

from tracker.domain import cursor
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import Task, TaskState
from tracker.domain.validation import field_errors
from tracker.providers.kling import front as shapes
from tracker.store import front
from tracker.store.front import TaskGroup
from tracker.web.edge.body import read_json
from tracker.web.edge.operation import SMALL_BODY
from tracker.web.edge.state import services, tenant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHELVES = frozenset({"tasks", "solutions"})
"""Paths; the second shows the solutions, the first all other tasks of either dialect."""
MOST_IDS = 20
_PARAMETERS = ("task_ids", "external_task_ids")
_WINDOW = timedelta(days=30)
"""What is listed without a start (Kling's task pages, 2026-09)."""
_STATES: Mapping[str, Collection[TaskState]] = {
    word: [state for state, said in shapes.NEW_WORDS.items() if said == word]
    for word in set(shapes.NEW_WORDS.values())
}


class Filter(BaseModel):
    """One of `filters`; all must hold."""

    key: Literal["status", "product_type"]
    values: list[str] = Field(max_length=50)


class Listing(BaseModel):
    """`POST /tasks`. Times are Unix milliseconds, as numbers or digits: the samples have both."""

    start_time: int | None = Field(None, ge=0, lt=10**14)
    end_time: int | None = Field(None, ge=0, lt=10**14)
    cursor: str | None = None
    limit: int = Field(30, ge=1, le=500)
    filters: list[Filter] = Field(default_factory=list, max_length=10)


async def named(request: Request, group: str) -> list[dict[str, Any]]:
    """Those of the named tasks that there are, in the order of their names."""
    parameter, names = _names(request)
    by_id = parameter == "task_ids"
    ids = [id_ for id_ in map(_as_uuid, names) if id_ is not None] if by_id else []
    owner = tenant(request)
    found = await services(request).store.read(
        lambda db: front.named(db, owner, "kling", ids=ids, external_ids=() if by_id else names)
    )
    tasks = {
        str(task.id) if by_id else task.external_task_id: task
        for task in reversed(found)  # of one name on several accounts the newest stays
        if task.operation.startswith("solutions/") == (group == "solutions")
    }
    wanted = dict.fromkeys(str(_as_uuid(name)) if by_id else name for name in names)
    return [shapes.render_new_task(tasks[name]) for name in wanted if name in tasks]


async def page(request: Request, group: str) -> dict[str, Any]:
    """`result[]`, `count` of it, `next_cursor` (empty at the end) and `has_more`."""
    our = services(request)
    limit = min(SMALL_BODY, our.limits.body_bytes)
    body = await read_json(request, limit=limit, timeout_s=our.limits.body_timeout_s)
    try:
        asked = Listing.model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(*field_errors(error)) from None
    owner = tenant(request)
    # A cursor goes on with the same filters; where the window ends may have moved since.
    scope = f"kling {group} {owner} {asked.start_time} {asked.end_time} {asked.filters}"
    before = None
    if asked.cursor:
        at, key = cursor.decode(our.cursor_secrets, scope, asked.cursor)
        before = (_at(int(at)), int(key))
    now = our.clock.now()
    wanted = TaskGroup(
        tenant=owner,
        provider="kling",
        solutions=group == "solutions",
        created_from=now - _WINDOW if asked.start_time is None else _at(asked.start_time * 1000),
        created_until=now if asked.end_time is None else _at(asked.end_time * 1000 + 999),
        states=_chosen(asked, "status", _STATES),
        products=_products(asked),
    )
    found = await our.store.read(
        lambda db: front.page(db, wanted, before=before, limit=asked.limit + 1)
    )
    shown = found[: asked.limit]
    has_more = len(found) > asked.limit
    return {
        "result": [shapes.render_new_task(task) for task in shown],
        "count": len(shown),
        "next_cursor": _cursor(our.cursor_secrets[0], scope, shown[-1]) if has_more else "",
        "has_more": has_more,
    }


def _names(request: Request) -> tuple[str, list[str]]:
    """Which parameter names tasks, and the names. Raises InvalidRequest."""
    given = [name for name in _PARAMETERS if request.query_params.get(name)]
    if len(given) != 1:
        raise InvalidRequest(
            FieldError("task_ids", "exactly one of task_ids and external_task_ids is required")
        )
    names = [name for name in request.query_params[given[0]].split(",") if name]
    if not 1 <= len(names) <= MOST_IDS or not all(name.isprintable() for name in names):
        reason = f"must be 1 to {MOST_IDS} ids, separated by commas"
        raise InvalidRequest(FieldError(given[0], reason))
    return given[0], names


def _as_uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _chosen(
    asked: Listing, key: str, table: Mapping[str, Collection[TaskState]]
) -> Collection[TaskState] | None:
    """The states that all filters of a key leave; None without one. Unknown words match nothing."""
    left: set[TaskState] | None = None
    for each in asked.filters:
        if each.key == key:
            these = {state for word in each.values for state in table.get(word, ())}
            left = these if left is None else left & these
    return left


def _products(asked: Listing) -> Collection[str] | None:
    left: set[str] | None = None
    for each in asked.filters:
        if each.key == "product_type":
            left = set(each.values) if left is None else left & set(each.values)
    return left


def _cursor(secret: bytes, scope: str, last: Task) -> str:
    microseconds = (last.created_at - _EPOCH) // timedelta(microseconds=1)
    return cursor.encode(secret, scope, [microseconds, last.key])


def _at(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
