"""`POST /v1/tasks/actions`: one action on all tasks that a filter matches, or that are named."""

from dataclasses import replace
from operator import attrgetter
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator, with_config
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest
from tracker.domain.rendering import format_instant
from tracker.domain.task import TaskState
from tracker.domain.validation import FieldFlaw
from tracker.services.submit.bulk import ACTED_ON, MOST, BulkAction, BulkOrder, BulkResult
from tracker.services.submit.selection import Selection
from tracker.store.driver import acting
from tracker.store.listing import Position
from tracker.web.api import examples, service_views, views
from tracker.web.api.endpoint_schemas import Moment
from tracker.web.api.resubmitting import (
    ManyTasksBody,
    build_run_scope,
    decode_place,
    encode_place,
)
from tracker.web.api.schemas import Name
from tracker.web.api.stats import build_sums
from tracker.web.api.views import EXACT, Instant, Uuid
from tracker.web.edge import query
from tracker.web.edge.operation import describe_operation, read_body
from tracker.web.edge.paging import decode_instant
from tracker.web.edge.state import get_principal, get_services, get_tenant


def _check_ids(ids: list[str]) -> list[str]:
    if len(ids) > MOST:
        raise ValueError(f"at most {MOST} at once")
    return ids


class BulkBody(ManyTasksBody):
    """`POST /v1/tasks/actions`: what to do, and to which tasks. Every field narrows."""

    action: BulkAction = Field(strict=False)
    ids: Annotated[list[Name], Field(min_length=1), AfterValidator(_check_ids)] | None = None
    """The tasks that are meant, 1,000 at most; null: all that the other fields match."""
    state: (
        Annotated[
            list[Annotated[TaskState, Field(strict=False)]], Field(min_length=1, max_length=10)
        ]
        | None
    ) = None
    """Null: the states that the action is for."""
    overdue: bool | None = None
    updated_after: Moment | None = None
    updated_before: Moment | None = None

    @model_validator(mode="after")
    def _check_cursor(self) -> Self:
        if self.ids is not None and self.cursor is not None:
            raise FieldFlaw("cursor", "ids are done in one call: leave cursor out")
        return self


@with_config(EXACT)
class BulkRun(TypedDict):
    """The result of one action on many tasks, or its preview."""

    dry_run: bool
    action: BulkAction
    matching: int
    """How many tasks this call is about."""
    by_state: dict[str, int]
    by_account: dict[str, int]
    """By provider and account, as `provider/account`."""
    by_operation: dict[str, int]
    sample: list[Uuid]
    """Some of them, the oldest first."""
    done: int
    """How many were acted on; in a dry run, how many would be."""
    refused: list[views.Refusals]
    """Why the others are left as they are, the most frequent reason first."""
    tasks: list[views.MadeAgain]
    """The new tasks of a resubmission."""
    expected_costs: list[service_views.CostSumView]
    """Of a resubmission: what those tasks cost, or were expected to cost; they are billed again."""
    token: str | None
    """Of a dry run: `POST /v1/runs` takes it, and workers do this to the same tasks."""
    token_expires_at: Instant | None
    confirm_cursor: str | None
    """Of a dry run on a filter: sent as `cursor`, it does this to the same tasks; those that are
    made after the dry run are left alone."""
    next_cursor: str | None
    """Where the next call goes on; null where there is nothing left."""


@describe_operation(
    action="tasks.act_on_many",
    counts=attrgetter("done"),
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    body=BulkBody,
    examples=examples.BULK,
    answers={200: BulkRun},
)
async def act_on_many(request: Request) -> Response:
    """Refresh, cancel or resubmit many tasks; unless told otherwise, only say what that would do.

    A call is about at most 1,000 tasks, the oldest first. A dry run takes the same way as the run
    itself, and writes nothing.
    """
    body = await read_body(request, BulkBody)
    our, act = get_services(request), acting.get_action()
    states = frozenset(body.state or (() if body.ids is not None else ACTED_ON[body.action]))
    wanted = replace(
        body.build_filter(get_tenant(request), states),
        overdue=body.overdue,
        updated_after=body.updated_after,
        updated_before=body.updated_before,
    )
    selection = Selection(wanted, body.error_code)
    if act is not None:
        act.action = f"tasks.{body.action}_many"
    if body.dry_run:
        acting.drop()
    scope = build_run_scope(body.action, selection, {})
    after, until = decode_place(body, our, scope)
    order = BulkOrder(
        body.action, selection, get_principal(request).actor, body.dry_run, read_ids(body.ids)
    )
    result = await our.bulk.run(order, after=after, until=until)
    told = _render(body, result)
    if body.dry_run:
        told["token"], expires_at = our.runs.sign_token(
            order, result.matching, after=after, until=until
        )
        told["token_expires_at"] = format_instant(expires_at)
    if body.ids is None:
        secret = our.cursor_secrets[0]
        told["next_cursor"] = encode_place(secret, scope, result.place, until)
        if body.dry_run:
            start = after or _BEGINNING
            told["confirm_cursor"] = encode_place(secret, scope, start, until)
    return JSONResponse(told, headers={"cache-control": "no-store"})


_BEGINNING = Position(decode_instant(0), 0)


def read_ids(named: list[str] | None) -> list[UUID] | None:
    """Read the ids that are named. Raises InvalidRequest for what can be none."""
    if named is None:
        return None
    found = [query.parse_uuid(one) for one in named]
    wrong = [number for number, one in enumerate(found) if one is None]
    if wrong:
        raise InvalidRequest(FieldError(f"ids[{wrong[0]}]", NO_SUCH_TASK))
    return [one for one in found if one is not None]


def _render(body: BulkBody, result: BulkResult) -> BulkRun:
    return {
        "dry_run": body.dry_run,
        "action": body.action,
        "matching": result.matching,
        "by_state": dict(result.by_state),
        "by_account": dict(result.by_account),
        "by_operation": dict(result.by_operation),
        "sample": [str(task.id) for task in result.sample],
        "done": result.done,
        "refused": views.list_refusals(result.refused),
        "tasks": [
            {"id": str(task.id), "resubmit_of": str(task.resubmit_of)} for task in result.made
        ],
        "expected_costs": build_sums(result.costs),
        "token": None,
        "token_expires_at": None,
        "confirm_cursor": None,
        "next_cursor": None,
    }
