"""/v1/deliveries: what is and was owed to subscribers, every attempt, and once more."""

from collections.abc import Collection, Sequence
from operator import itemgetter
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import Scope
from tracker.domain.delivery import UNENDED, DeliveryState
from tracker.domain.errors import FieldError, InvalidRequest, NotFound
from tracker.store import deliveries
from tracker.store.deliveries import Delivery, DeliveryFilter, MadeAttempt
from tracker.store.store import Reading
from tracker.web.api import delivery_views
from tracker.web.api.endpoint_schemas import STATES, TYPES, RedeliverBody, render_delivery_attempt
from tracker.web.api.schemas import body_as_text, render_delivery
from tracker.web.edge import params, query
from tracker.web.edge.operation import Param, ResponseSpec, operation, read_body
from tracker.web.edge.paging import page_answer, position
from tracker.web.edge.rootpath import rooted
from tracker.web.edge.state import services, tenant

MAX_PAGE = 500
_NO_STORE = {"cache-control": "no-store"}
_FLAG = {"type": "string", "enum": ["true", "false"]}
_TIME = {"type": "string", "format": "date-time"}
_UUID = {"type": "string", "format": "uuid"}


@operation(
    scope=Scope.TASKS_READ,
    tag="deliveries",
    query=[
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
        params.limit(default=50, high=MAX_PAGE),
        params.CURSOR,
    ],
    answers={
        200: ResponseSpec(
            delivery_views.DeliveryPage, headers={"Link": 'The next page, as `rel="next"`.'}
        )
    },
)
async def list_(request: Request) -> Response:
    """A page of deliveries, newest first."""
    limit = query.integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    states = [DeliveryState(word) for word in _some_of(request, "state", STATES)]
    if query.flag(request, "undelivered"):
        states += UNENDED
    filter_ = DeliveryFilter(
        tenant=tenant(request),
        states=tuple(sorted(set(states))),
        is_failing=query.flag(request, "failing") or False,
        endpoint_id=_uuid("endpoint_id", request.query_params.get("endpoint_id")),
        task_id=_uuid("task_id", request.query_params.get("task_id")),
        events=tuple(_some_of(request, "event", TYPES)),
        created_after=query.instant(request, "created_after"),
        created_before=query.instant(request, "created_before"),
    )
    scope = f"deliveries {filter_!r}"
    before = position(request, scope=scope)
    found = await services(request).store.read(
        lambda db: deliveries.page(db, filter_, before=before, limit=limit + 1)
    )
    page = found[:limit]
    last = page[-1].key if len(found) > limit else None
    return page_answer(
        request, {"deliveries": [render_delivery(one) for one in page]}, last=last, scope=scope
    )


@operation(scope=Scope.TASKS_READ, tag="deliveries", answers={200: delivery_views.WholeDelivery})
async def get(request: Request) -> Response:
    """One delivery with its body and every attempt."""
    id_, owner = _delivery_id(request), tenant(request)

    def load(db: Reading) -> tuple[Delivery, bytes, list[MadeAttempt]] | None:
        found = deliveries.get(db, owner, id_)
        return None if found is None else (*found, deliveries.attempts_of(db, found[0].key))

    loaded = await services(request).store.read(load)
    if loaded is None:
        raise NotFound("there is no such delivery")
    found, body, made = loaded
    whole: delivery_views.WholeDelivery = {
        "delivery": render_delivery(found),
        "body": body_as_text(body)[0],
        "attempts": [render_delivery_attempt(one) for one in made],
    }
    return JSONResponse(whole, headers=_NO_STORE)


@operation(
    action="deliveries.redeliver",
    scope=Scope.TASKS_WRITE,
    tag="deliveries",
    answers={202: delivery_views.DeliveryReference},
    problems=[409],
)
async def redeliver(request: Request) -> Response:
    """Owe one once more, now, with the same id and bytes."""
    id_ = _delivery_id(request)
    await services(request).redelivery.one(tenant(request), id_)
    return JSONResponse(
        {"delivery_id": str(id_)}, 202, {"location": rooted(request, f"/v1/deliveries/{id_}")}
    )


@operation(
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
        tenant=tenant(request),
        states=tuple(sorted(DeliveryState(word) for word in set(body.state))),
        endpoint_id=_uuid("endpoint_id", body.endpoint_id),
        task_id=_uuid("task_id", body.task_id),
        events=tuple(sorted(set(body.event))),
        created_after=body.created_after,
        created_before=body.created_before,
    )
    our = services(request).redelivery
    found = await our.preview(filter_)
    done = 0 if body.dry_run else await our.many(filter_)
    told: delivery_views.Redelivered = {
        "dry_run": body.dry_run,
        "matching": found.count,
        "by_event": dict(found.by_event),
        "sample": [str(id_) for id_ in found.sample],
        "redelivered": done,
    }
    return JSONResponse(told, headers=_NO_STORE)


def _delivery_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NotFound("there is no such delivery") from None


def _uuid(name: str, text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest(FieldError(name, "must be an id"), malformed=True) from None


def _some_of(request: Request, name: str, known: Collection[str]) -> Sequence[str]:
    given = sorted(set(request.query_params.getlist(name)))
    if not set(given) <= set(known):
        reason = f"must be one of: {', '.join(known)}"
        raise InvalidRequest(FieldError(name, reason), malformed=True)
    return given
