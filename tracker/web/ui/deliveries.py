"""`/ui/deliveries`: what is and was owed to subscribers, every attempt, and once more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.domain.delivery import DeliveryState, EndpointState
from tracker.domain.errors import FieldError, InvalidRequest, NotFound
from tracker.domain.rendering import format_instant
from tracker.store import endpoints, tasks
from tracker.store.deliveries import Delivery, DeliveryFilter, Summary
from tracker.store.store import Reading
from tracker.web.api import deliveries as api
from tracker.web.api.endpoint_schemas import STATES, TYPES
from tracker.web.edge import query
from tracker.web.edge.operation import Param
from tracker.web.edge.paging import build_next_cursor
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.addresses import format_local_time, redirect_to_plain_address
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.asking import Question, aim, ask, check_typed, redirect_back
from tracker.web.ui.frame.formats import is_late
from tracker.web.ui.frame.forms import read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_page
from tracker.web.ui.frame.words import build_translator
from tracker.web.ui.named_endpoint import find_named_endpoint
from tracker.web.ui.one_task import curl
from tracker.web.ui.one_task.bodies import MOST_SHOWN, show_body

PAGES = Pages()
"""Deliveries, and sending them once more."""
IDS = "ids"
NOTHING_TO_SEND = "there is nothing to send: none matches, or its endpoint is stopped"
MOST = 500
"""Deliveries of one form."""
SAMPLE = 20
_MOST_STOPPED = 1000
"""Endpoints to which nothing is sent that are told."""
_TIMES = ("created_after", "created_before")
_BACK = Param("back", "Where one came from, under `/ui`.")


@PAGES.get("/deliveries", scope=Scope.TASKS_READ, known=api.LIST_QUERY)
async def show(request: Request, reader: Reader) -> Response:
    """Show a page of deliveries."""
    plain = redirect_to_plain_address(request, reader, "/deliveries", times=_TIMES)
    if plain is not None:
        return plain
    asked = request.query_params
    named = await find_named_endpoint(request, reader, "/deliveries")
    if isinstance(named, Response):
        return named
    if named.choices is not None:
        return render_page(
            request, reader, "which_endpoint.html", named=named, asked=_read_filters(request)
        )
    found = await api.list_deliveries(request, reader.tenant)
    return render_page(
        request,
        reader,
        "deliveries.html",
        rows=found.deliveries,
        about=await _read_surroundings(request, reader, found.deliveries),
        next_cursor=build_next_cursor(request, found.last, scope=found.scope),
        asked=asked,
        asked_all=_read_filters(request),
        endpoint=named.shown,
        filters={name: asked.getlist(name) for name in asked if name in api.FILTERS},
        times={name: format_local_time(request, name, reader) for name in _TIMES},
        kinds=STATES,
        events=TYPES,
    )


@PAGES.get("/deliveries/{id}", scope=Scope.TASKS_READ, known=())
async def show_one(request: Request, reader: Reader) -> Response:
    """Show one delivery: the body that is signed, every attempt, and what comes next."""
    delivery, sent, attempts = await api.look(request, reader.tenant)
    about = await _read_surroundings(request, reader, [delivery])
    now, is_stopped = get_services(request).clock.now(), delivery.endpoint_id in about.stopped
    is_first_or_due = not attempts or delivery.next_at <= now
    is_sent = delivery.state is DeliveryState.PENDING and is_first_or_due and not is_stopped
    headers = {"content-type": "application/json", "webhook-id": str(delivery.id)}
    return render_page(
        request,
        reader,
        "delivery.html",
        delivery=delivery,
        is_sending=is_sent and not is_late(delivery.next_at, now),
        about=about,
        shown=show_body(sent),
        attempts=[(one, show_body(one.answer or b"")) for one in reversed(attempts)],
        curl=curl.build_sending(headers, sent) if len(sent) <= MOST_SHOWN else "",
    )


@PAGES.get("/deliveries/{id}/body", scope=Scope.TASKS_READ, known=())
async def send_body(request: Request, reader: Reader) -> Response:
    """Send the bytes of a delivery's body, to be saved in a file."""
    _, sent, _ = await api.look(request, reader.tenant)
    headers = {
        "cache-control": "no-store",
        "content-disposition": 'attachment; filename="delivery.json"',
        "content-security-policy": "sandbox",
    }
    return Response(sent, headers=headers, media_type="application/octet-stream")


@PAGES.post(
    "/deliveries/redeliver",
    scope=Scope.TASKS_WRITE,
    action="deliveries.redeliver",
    counts=int,
)
async def redeliver(request: Request, reader: Reader) -> Response:
    """Owe one delivery, or those that are ticked, once more."""
    form = await read_form(request)
    if not form.list_texts(IDS):
        return redirect_back(request, form, "/deliveries", "done.none.error")
    ids = _parse_ids(form.list_texts(IDS))
    aim([str(id_) for id_ in ids])
    await get_services(request).redelivery.redeliver_named(reader.tenant, ids)
    path = f"/deliveries/{ids[0]}" if len(ids) == 1 else "/deliveries"
    return redirect_back(request, form, path, "done.redeliver", n=len(ids))


@PAGES.get(
    "/deliveries/redeliver-all/confirm",
    scope=Scope.TASKS_WRITE,
    known=[*(one for one in api.LIST_QUERY if one.name in api.FILTERS), _BACK],
)
async def ask_redeliver_all(request: Request, reader: Reader) -> Response:
    """Ask before everything that a filter matches is owed once more; count it first."""
    filter_ = _read_bounded_filter(request, reader)
    seen: Summary = await get_services(request).redelivery.preview_many(filter_)
    say = build_translator(reader.preferences.language)
    fields = [
        (name, value)
        for name in api.FILTERS
        if name != "created_before"
        for value in request.query_params.getlist(name)
    ]
    until = filter_.created_before
    question = Question(
        title=say("ask.redeliver", n=seen.count),
        button=say("action.redeliver"),
        why=[say("ask.redeliver.why")],
        path="/deliveries/redeliver-all",
        fields=[
            *fields,
            ("created_before", format_instant(until) or ""),
            ("count", str(seen.count)),
        ],
        count=seen.count,
        refusal=None if seen.count else NOTHING_TO_SEND,
    )
    return ask(request, reader, question, template="ask_redeliver.html", seen=seen)


@PAGES.post(
    "/deliveries/redeliver-all",
    scope=Scope.TASKS_WRITE,
    action="deliveries.redeliver_many",
    counts=lambda done_: int(done_[0]),
)
async def redeliver_all(request: Request, reader: Reader) -> Response:
    """Owe everything once more that a filter matches, up to when it was counted."""
    form = await read_form(request)
    count = form.get_text("count")
    check_typed(form, int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0)
    filter_ = api.filter_of({name: form.list_texts(name) for name in api.FILTERS}, reader.tenant)
    made = await get_services(request).redelivery.redeliver_many(filter_)
    return redirect_back(request, form, "/deliveries", "done.redeliver", n=made)


def _read_bounded_filter(request: Request, reader: Reader) -> DeliveryFilter:
    """Return the filter of an address, up to now where it goes further."""
    asked = request.query_params
    given = {name: asked.getlist(name) for name in api.FILTERS}
    now = format_instant(get_services(request).clock.now())
    until = query.read_instant(request, "created_before")
    if until is None or until > get_services(request).clock.now():
        given["created_before"] = [now or ""]
    return api.filter_of(given, reader.tenant)


@dataclass(frozen=True, slots=True)
class _About:
    """Names of tasks and endpoints at rest, for pages of deliveries.

    names:   external ids of the tasks that they are about, by id.
    stopped: the tenant's endpoints to which nothing is sent now.
    """

    names: Mapping[UUID, str]
    stopped: Collection[UUID]


async def _read_surroundings(request: Request, reader: Reader, rows: Sequence[Delivery]) -> _About:
    ids = list({one.task_id for one in rows if one.task_id is not None})

    def load(db: Reading) -> _About:
        named = tasks.load_by_id(db, ids) if ids else {}
        stopped = endpoints.list_stopped(db, reader.tenant, limit=_MOST_STOPPED)
        return _About(
            {id_: task.external_task_id for id_, task in named.items()},
            {one.id for one in stopped if one.state is not EndpointState.ACTIVE},
        )

    return await get_services(request).store.read(load)


def _read_filters(request: Request) -> dict[str, list[str]]:
    asked = request.query_params
    return {name: asked.getlist(name) for name in asked}


def _parse_ids(texts: Sequence[str]) -> list[UUID]:
    """Return the ids of deliveries. Raises InvalidRequest for none or too many; NotFound."""
    if not 0 < len(texts) <= MOST:
        raise InvalidRequest(FieldError(IDS, f"tick one or several, {MOST} at most"))
    found = [query.parse_uuid(text) for text in texts]
    if None in found:
        raise NotFound("there is no such delivery")
    return [id_ for id_ in found if id_ is not None]
