"""`POST /v1/tasks/resubmit`: the input of all tasks again that a filter matches."""

from collections.abc import Collection, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain import cursor
from tracker.domain.access import Principal, Scope
from tracker.domain.task import TaskState
from tracker.services.submit.bulk import MOST, BulkAction, BulkOrder
from tracker.services.submit.selection import Selection
from tracker.store.filters import TaskFilter
from tracker.store.labels import format_value
from tracker.store.listing import Position
from tracker.web.api import examples, views
from tracker.web.api.endpoint_schemas import Moment
from tracker.web.api.schemas import MetadataKey, Name, Scalar
from tracker.web.edge.operation import ResponseSpec, describe_operation, read_body
from tracker.web.edge.paging import build_list_scope, decode_instant, encode_instant
from tracker.web.edge.query import MAX_METADATA
from tracker.web.edge.state import Services, get_principal, get_services

_MOST_COUNTED = 10_000


class ManyTasksBody(BaseModel):
    """The tasks that something is to be done to. Every field narrows."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    provider: Name | None = None
    operation: Name | None = None
    account: Name | None = None
    error_code: Name | None = None
    """The code of the error that they ended with."""
    created_after: Moment | None = None
    created_before: Moment | None = None
    metadata: Annotated[dict[MetadataKey, Scalar], Field(max_length=MAX_METADATA)] = {}
    """Only tasks whose metadata has each of these values."""
    dry_run: bool = True
    """True, the default: say what would be done, and change nothing."""
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    """`next_cursor` of the call before, with the same filters."""

    def build_filter(self, owner: str, states: Collection[TaskState]) -> TaskFilter:
        """Return what narrows one tenant's tasks, but for the error."""
        return TaskFilter(
            tenant=owner,
            provider=self.provider,
            account=self.account,
            operation=self.operation,
            states=sorted(states),
            created_after=self.created_after,
            created_before=self.created_before,
            metadata=[(name, format_value(value)) for name, value in sorted(self.metadata.items())],
        )


class ResubmitManyBody(ManyTasksBody):
    """`POST /v1/tasks/resubmit`: which ones. Every field narrows."""

    state: Annotated[
        list[Literal["failed", "cancelled", "expired"]], Field(min_length=1, max_length=10)
    ] = ["failed", "cancelled", "expired"]
    include_resubmitted: bool = False
    """True: also those that were submitted again before."""

    def build_order(self, reader: Principal) -> BulkOrder:
        """Return the order that it is, for the tasks of whom asks."""
        wanted = self.build_filter(reader.tenant, {TaskState(word) for word in self.state})
        return BulkOrder(
            BulkAction.RESUBMIT,
            Selection(wanted, self.error_code),
            reader.actor,
            self.dry_run,
            most=_MOST_COUNTED if self.dry_run else MOST,
            skips_refused=True,
            is_again=self.include_resubmitted,
        )


@describe_operation(
    action="tasks.resubmit_many",
    counts=attrgetter("done"),
    scope=Scope.TASKS_WRITE,
    tag="tasks",
    body=ResubmitManyBody,
    examples=examples.RESUBMIT,
    answers={200: ResponseSpec(views.ResubmittedView)},
)
async def resubmit_many(request: Request) -> Response:
    """Submit the input of all that match again; unless told otherwise, only say what that would be.

    Each task once: those that were submitted again before are left out. One call submits at most
    1,000 and counts at most 10,000; `next_cursor` says where to go on.
    """
    body = await read_body(request, ResubmitManyBody)
    order, our = body.build_order(get_principal(request)), get_services(request)
    narrowed = {"include_resubmitted": order.is_again}
    scope = build_run_scope(order.action, order.selection, narrowed)
    after, until = decode_place(body, our, scope)
    result = await our.bulk.run(order, after=after, until=until)
    told: views.ResubmittedView = {
        "dry_run": body.dry_run,
        "matching": result.matching,
        "by_state": dict(result.by_state),
        "by_code": dict(result.by_code),
        "sample": [str(task.id) for task in result.sample],
        "resubmitted": len(result.made),
        "tasks": [
            {"id": str(task.id), "resubmit_of": str(task.resubmit_of)} for task in result.made
        ],
        "refused": views.list_refusals(result.refused),
        "next_cursor": encode_place(our.cursor_secrets[0], scope, result.place, until),
    }
    return JSONResponse(told, headers={"cache-control": "no-store"})


def build_run_scope(action: BulkAction, selection: Selection, more: Mapping[str, object]) -> str:
    """Return what cursors of an action on many tasks are bound to. more: that narrows them."""
    tenant, narrowed = selection.tasks.tenant, selection.build_fields()
    return build_list_scope(f"{action} many", tenant, {**narrowed, **more})


def decode_place(
    body: ManyTasksBody, our: Services, scope: str
) -> tuple[Position | None, datetime]:
    """Return where a run goes on, and the time from which on new tasks are left alone.

    Raises InvalidRequest for the cursor of another run.
    """
    if body.cursor is None:
        return None, our.clock.now()
    at, key, end = map(int, cursor.decode(our.cursor_secrets, scope, body.cursor))
    return (Position(decode_instant(at), key) if key else None), decode_instant(end)


def encode_place(secret: bytes, scope: str, place: Position | None, until: datetime) -> str | None:
    """Return the cursor with which the next run goes on; None where nothing is left."""
    if place is None:
        return None
    return cursor.encode(
        secret, scope, [encode_instant(place.at), place.key, encode_instant(until)]
    )
