"""/v1/deliveries: what is and was owed to subscribers, every attempt, and once more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.domain.delivery import UNENDED, DeliveryState
from tracker.domain.errors import FieldError, InvalidRequest, NotFound
from tracker.services.deliver.redelivery import explain_missing_delivery
from tracker.store import deliveries
from tracker.store.deliveries import Delivery, DeliveryFilter, MadeAttempt
from tracker.store.store import Reading
from tracker.web.api import delivery_views
from tracker.web.api.endpoint_schemas import STATES, TYPES, RedeliverBody, render_delivery_attempt
from tracker.web.api.schemas import convert_body_to_text, render_delivery
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param, ResponseSpec, describe_operation, read_body
from tracker.web.edge.paging import answer_page, build_list_scope, read_position
from tracker.web.edge.rootpath import add_root_path
from tracker.web.edge.state import get_services, get_tenant

MAX_PAGE = 500
_NO_STORE = {"cache-control": "no-store"}
_FLAG = {"type": "string", "enum": ["true", "false"]}
_TIME = {"type": "string", "format": "date-time"}
_UUID = {"type": "string", "format": "uuid"}


LIST_QUERY = (
    Param(
        "state",
        "Only in this state.",
        {"type": "string", "enum": [*STATES]},
        repeatable=True,
    ),
    Param("undelivered", "`true`: only what is still owed.", _FLAG),
    Param("failing", "`true`: only what is still owed after a failed attempt.", _FLAG),
    Param("endpoint_id", "Only to this endpoint.", _UUID),
    Param("task_id", "Only about this task.", _UUID),
    Param("event", "Only of this type.", {"type": "string", "enum": [*TYPES]}, repeatable=True),
    Param("created_after", "Only what was written down after this time.", _TIME),
    Param("created_before", "Only what was written down before this time.", _TIME),
    params.define_limit(default=50, high=MAX_PAGE),
    params.CURSOR,
)


FILTERS = tuple(one.name for one in LIST_QUERY if one.name not in ("limit", "cursor"))


@dataclass(frozen=True, slots=True)
class ListedDeliveries:
    """A page of deliveries. last: the sort key of its last one, where more follow.

    scope: names the list and its filters, for the cursor.
    """

    deliveries: Sequence[Delivery]
    last: int | None
    scope: str


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="deliveries",
    query=LIST_QUERY,
    answers={
        200: ResponseSpec(
            delivery_views.DeliveryPage, headers={"Link": 'The next page, as `rel="next"`.'}
        )
    },
)
async def list_(request: Request) -> Response:
    """A page of deliveries, newest first."""
    found = await list_deliveries(request, get_tenant(request))
    body = {"deliveries": [render_delivery(one) for one in found.deliveries]}
    return answer_page(request, body, last=found.last, scope=found.scope)


async def list_deliveries(request: Request, owner: str) -> ListedDeliveries:
    """Read the page of deliveries that a request's parameters name. Raises InvalidRequest."""
    limit = query.read_integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    filter_ = read_delivery_filter(request, owner)
    narrowed = {
        "state": list(filter_.states),
        "failing": filter_.is_failing or None,
        "endpoint_id": filter_.endpoint_id,
        "task_id": filter_.task_id,
        "event": list(filter_.events),
        "created_after": filter_.created_after,
        "created_before": filter_.created_before,
    }
    scope = build_list_scope("deliveries", owner, narrowed)
    before = read_position(request, scope=scope)
    found = await get_services(request).store.read(
        lambda db: deliveries.list_page(db, filter_, before=before, limit=limit + 1)
    )
    page = found[:limit]
    return ListedDeliveries(page, page[-1].key if len(found) > limit else None, scope)


def read_delivery_filter(request: Request, owner: str) -> DeliveryFilter:
    """Return the filters of the list. Raises InvalidRequest."""
    return filter_of({name: request.query_params.getlist(name) for name in FILTERS}, owner)


def filter_of(asked: Mapping[str, Sequence[str]], owner: str) -> DeliveryFilter:
    """Return filters by their parameters' names, with the values of each. Raises InvalidRequest."""
    one = {name: values[-1] for name, values in asked.items() if values}
    states = [DeliveryState(word) for word in _parse_choices(asked, "state", STATES)]
    if query.parse_flag("undelivered", one.get("undelivered")):
        states += UNENDED
    return DeliveryFilter(
        tenant=owner,
        states=tuple(sorted(set(states))),
        is_failing=query.parse_flag("failing", one.get("failing")) or False,
        endpoint_id=_parse_uuid("endpoint_id", one.get("endpoint_id")),
        task_id=_parse_uuid("task_id", one.get("task_id")),
        events=tuple(_parse_choices(asked, "event", TYPES)),
        created_after=query.parse_instant("created_after", one.get("created_after")),
        created_before=query.parse_instant("created_before", one.get("created_before")),
    )


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="deliveries",
    answers={200: delivery_views.WholeDelivery},
    problems=[410],
)
async def get(request: Request) -> Response:
    """One delivery with its body and every attempt."""
    found, body, made = await look(request, get_tenant(request))
    whole: delivery_views.WholeDelivery = {
        "delivery": render_delivery(found),
        "body": convert_body_to_text(body)[0],
        "attempts": [render_delivery_attempt(one) for one in made],
    }
    return JSONResponse(whole, headers=_NO_STORE)


@describe_operation(
    action="deliveries.redeliver",
    scope=Scope.TASKS_WRITE,
    tag="deliveries",
    answers={202: delivery_views.DeliveryReference},
    problems=[409, 410],
)
async def redeliver(request: Request) -> Response:
    """Owe one once more, now, with the same id and bytes."""
    id_ = read_delivery_id(request)
    await get_services(request).redelivery.redeliver_named(get_tenant(request), [id_])
    return JSONResponse(
        {"delivery_id": str(id_)},
        202,
        {"location": add_root_path(request, f"/v1/deliveries/{id_}")},
    )


@describe_operation(
    action="deliveries.redeliver_many",
    counts=itemgetter(0),
    scope=Scope.TASKS_WRITE,
    tag="deliveries",
    body=RedeliverBody,
    answers={200: delivery_views.Redelivered},
)
async def redeliver_many(request: Request) -> Response:
    """Owe everything once more that matches; unless told otherwise, only say what that would be."""
    body = await read_body(request, RedeliverBody)
    filter_ = DeliveryFilter(
        tenant=get_tenant(request),
        states=tuple(sorted(DeliveryState(word) for word in set(body.state))),
        endpoint_id=_parse_uuid("endpoint_id", body.endpoint_id),
        task_id=_parse_uuid("task_id", body.task_id),
        events=tuple(sorted(set(body.event))),
        created_after=body.created_after,
        created_before=body.created_before,
    )
    our = get_services(request).redelivery
    found = await our.preview_many(filter_)
    done = 0 if body.dry_run else await our.redeliver_many(filter_)
    told: delivery_views.Redelivered = {
        "dry_run": body.dry_run,
        "matching": found.count,
        "by_event": dict(found.by_event),
        "sample": [str(id_) for id_ in found.sample],
        "redelivered": done,
    }
    return JSONResponse(told, headers=_NO_STORE)


async def look(request: Request, owner: str) -> tuple[Delivery, bytes, list[MadeAttempt]]:
    """Return the delivery of the path, its body, and its attempts.

    Raises NotFound, NoLongerKept.
    """
    id_ = read_delivery_id(request)

    def load(db: Reading) -> tuple[Delivery, bytes, list[MadeAttempt]]:
        found = deliveries.get(db, owner, id_)
        if found is None:
            raise explain_missing_delivery(db, id_)
        return *found, deliveries.list_attempts(db, found[0].key)

    return await get_services(request).store.read(load)


def read_delivery_id(request: Request) -> UUID:
    """Return the id in the path. Raises NotFound for what cannot be one."""
    return query.read_path_id(request, NotFound("there is no such delivery"))


def _parse_uuid(name: str, text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest(FieldError(name, "must be an id"), malformed=True) from None


def _parse_choices(
    asked: Mapping[str, Sequence[str]], name: str, known: Collection[str]
) -> Sequence[str]:
    given = sorted(set(asked.get(name, ())))
    if not set(given) <= set(known):
        reason = f"must be one of: {', '.join(known)}"
        raise InvalidRequest(FieldError(name, reason), malformed=True)
    return given
