"""`/tasks` and `/solutions` of the new standard: up to 20 by either id, or a page by cursor.

Source: Kling's task pages (app.klingai.com/global/dev), 2026-09.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import TaskState
from tracker.domain.validation import list_field_errors
from tracker.providers.kit.set_fields import set_fields
from tracker.providers.kling.front import shapes
from tracker.providers.kling.standard import SOLUTIONS, is_solution
from tracker.providers.ports.commands import Get, Page
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontCall

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GROUPS = frozenset({"tasks", "solutions"})
"""Paths; the second shows the solutions, the first all other tasks of either dialect."""
MOST_IDS = 20
_PARAMETERS = ("task_ids", "external_task_ids")
_WINDOW = timedelta(days=30)
"""How far back a list goes without a start."""
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


def read_names(call: FrontCall) -> Get:
    """Read which tasks a query names. Raises InvalidRequest."""
    given = [name for name in _PARAMETERS if call.get_parameter(name)]
    if len(given) != 1:
        raise InvalidRequest(
            FieldError("task_ids", "exactly one of task_ids and external_task_ids is required")
        )
    names = [name for name in (call.get_parameter(given[0]) or "").split(",") if name]
    if not 1 <= len(names) <= MOST_IDS or not all(name.isprintable() for name in names):
        reason = f"must be 1 to {MOST_IDS} ids, separated by commas"
        raise InvalidRequest(FieldError(given[0], reason))
    return Get(names, by="id" if given[0] == "task_ids" else "external", must_exist=False)


def read_page(call: FrontCall) -> Page:
    """Read which page is asked for. Raises InvalidRequest."""
    try:
        asked = Listing.model_validate(set_fields(Listing, call.body or {}))
    except ValidationError as error:
        raise InvalidRequest(*list_field_errors(error)) from None
    solutions = call.path == "solutions"
    start, end = asked.start_time, asked.end_time
    return Page(
        limit=asked.limit,
        after=asked.cursor or None,
        # A cursor goes on with the same filters; where the window ends may have moved since.
        binds=f"{call.path} {start} {end} {[(one.key, one.values) for one in asked.filters]}",
        created_from=call.at - _WINDOW if start is None else _convert_instant(start * 1000),
        created_until=call.at if end is None else _convert_instant(end * 1000 + 999),
        states=_choose_states(asked),
        below=SOLUTIONS if solutions else None,
        not_below=None if solutions else SOLUTIONS,
        named=_choose_products(asked),
    )


def show_named(call: FrontCall, shown: Shown) -> list[dict[str, Any]]:
    """Show those of the named tasks that stand in the group."""
    solutions = call.path == "solutions"
    return [
        shapes.render_new_task(task)
        for task in shown.tasks
        if is_solution(task.operation) == solutions
    ]


def show_page(shown: Shown) -> dict[str, Any]:
    """Return `result[]`, `count` of it, `next_cursor` (empty at the end) and `has_more`."""
    return {
        "result": [shapes.render_new_task(task) for task in shown.tasks],
        "count": len(shown.tasks),
        "next_cursor": shown.next or "",
        "has_more": shown.has_more,
    }


def _choose_states(asked: Listing) -> Collection[TaskState] | None:
    """Return the states that all filters leave; None without one. Unknown words match nothing."""
    left: set[TaskState] | None = None
    for each in asked.filters:
        if each.key == "status":
            these = {state for word in each.values for state in _STATES.get(word, ())}
            left = these if left is None else left & these
    return left


def _choose_products(asked: Listing) -> Collection[str] | None:
    left: set[str] | None = None
    for each in asked.filters:
        if each.key == "product_type":
            left = set(each.values) if left is None else left & set(each.values)
    return left


def _convert_instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
