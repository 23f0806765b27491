"""`/ui/endpoints`: where subscribers are told, how they fare, and what an operator does to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.domain.delivery import DeliveryState, Endpoint, EndpointState
from tracker.domain.errors import FieldError, InvalidRequest, NotFound
from tracker.domain.validation import list_field_errors
from tracker.locale import translate
from tracker.store import endpoint_figures, endpoints
from tracker.store.deliveries import DeliveryFilter
from tracker.store.endpoint_figures import EndpointFigures
from tracker.store.endpoint_troubles import EndpointTrouble, list_troubles
from tracker.store.store import Reading
from tracker.web.api.endpoint_schemas import EndpointChanges
from tracker.web.api.endpoints import read_endpoint_id
from tracker.web.edge import params
from tracker.web.edge.operation import Param
from tracker.web.edge.paging import build_next_cursor, read_position
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.asking import Question, ask, redirect_back
from tracker.web.ui.frame.forms import SentForm, read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_page
from tracker.web.ui.frame.signing import check_own_path
from tracker.web.ui.frame.words import build_translator

PAGES = Pages()
"""Endpoints, and actions on them."""
SIZE = 20
"""Endpoints of a page."""
OVERLAPS = {"0": timedelta(0), "3600": timedelta(hours=1), "86400": timedelta(days=1)}
"""Times for which the old secret signs beside a new one, by their seconds."""
_BACK = Param("back", "Where one came from, under `/ui`.")


@PAGES.get("/endpoints", scope=Scope.TASKS_READ, known=[params.CURSOR])
async def show(request: Request, reader: Reader) -> Response:
    """Show a page of endpoints with the figures of their latest deliveries."""
    owner, scope = reader.tenant, f"dashboard endpoints {reader.tenant}"
    before = read_position(request, scope=scope)

    def load(db: Reading) -> tuple[list[Endpoint], "_Figures"]:
        found = endpoints.list_page(db, owner, before=before, limit=SIZE + 1)
        return found, _read_figures(db, owner, found[:SIZE])

    found, figures = await get_services(request).store.read(load)
    last = found[SIZE - 1].key if len(found) > SIZE else None
    return render_page(
        request,
        reader,
        "endpoints.html",
        rows=[_build_row(one, figures) for one in found[:SIZE]],
        next_cursor=build_next_cursor(request, last, scope=scope),
        is_first=before is None,
    )


@PAGES.get("/endpoints/{id}", scope=Scope.TASKS_READ, known=())
async def show_one(request: Request, reader: Reader) -> Response:
    """Show one endpoint, without its secret."""
    return render_page(request, reader, "endpoint.html", row=await _look(request, reader))


@PAGES.post("/endpoints/{id}/test", scope=Scope.ADMIN, action="endpoints.test")
async def test(request: Request, reader: Reader) -> Response:
    """Send an `endpoint.test`, and lead to its delivery."""
    await read_form(request)
    sent = await get_services(request).endpoints.test(reader.tenant, read_endpoint_id(request))
    return _redirect_to(request, f"/deliveries/{sent}", "done.endpoint.test")


@PAGES.get("/endpoints/{id}/pause/confirm", scope=Scope.ADMIN, known=[_BACK])
async def ask_pause(request: Request, reader: Reader) -> Response:
    """Ask before an endpoint is paused."""
    return await _ask(request, reader, "pause")


@PAGES.post("/endpoints/{id}/pause", scope=Scope.ADMIN, action="endpoints.pause")
async def pause(request: Request, reader: Reader) -> Response:
    """Send nothing until it is resumed."""
    form, id_ = await read_form(request), read_endpoint_id(request)
    await get_services(request).endpoints.pause(reader.tenant, id_)
    return redirect_back(request, form, f"/endpoints/{id_}", "done.endpoint.pause")


@PAGES.get("/endpoints/{id}/resume/confirm", scope=Scope.ADMIN, known=[_BACK])
async def ask_resume(request: Request, reader: Reader) -> Response:
    """Ask before an endpoint is resumed."""
    return await _ask(request, reader, "resume")


@PAGES.post("/endpoints/{id}/resume", scope=Scope.ADMIN, action="endpoints.resume")
async def resume(request: Request, reader: Reader) -> Response:
    """Deliver again, what waited first."""
    form, id_ = await read_form(request), read_endpoint_id(request)
    await get_services(request).endpoints.resume(reader.tenant, id_)
    return redirect_back(request, form, f"/endpoints/{id_}", "done.endpoint.resume")


@PAGES.get("/endpoints/{id}/drop/confirm", scope=Scope.ADMIN, known=[_BACK])
async def ask_drop(request: Request, reader: Reader) -> Response:
    """Ask before what an endpoint is owed is dropped."""
    return await _ask(request, reader, "drop")


@PAGES.post("/endpoints/{id}/drop", scope=Scope.ADMIN, action="endpoints.drop_backlog", counts=int)
async def drop(request: Request, reader: Reader) -> Response:
    """Cancel what an endpoint is owed; it stays listed, and can be redelivered."""
    form, id_ = await read_form(request), read_endpoint_id(request)
    dropped = await get_services(request).endpoints.drop(reader.tenant, id_)
    return redirect_back(request, form, f"/endpoints/{id_}", "done.endpoint.drop", n=dropped)


@PAGES.get("/endpoints/{id}/delete/confirm", scope=Scope.ADMIN, known=[_BACK])
async def ask_delete(request: Request, reader: Reader) -> Response:
    """Ask before an endpoint is deleted."""
    return await _ask(request, reader, "delete")


@PAGES.post("/endpoints/{id}/delete", scope=Scope.ADMIN, action="endpoints.delete")
async def delete(request: Request, reader: Reader) -> Response:
    """Delete an endpoint; what it is owed is cancelled."""
    await read_form(request)
    await get_services(request).endpoints.delete(reader.tenant, read_endpoint_id(request))
    return _redirect_to(request, "/endpoints", "done.endpoint.delete")


@PAGES.get("/endpoints/{id}/rotate/confirm", scope=Scope.ADMIN, known=[_BACK])
async def ask_rotate(request: Request, reader: Reader) -> Response:
    """Ask before an endpoint gets a new secret."""
    return await _ask(request, reader, "rotate")


@PAGES.post("/endpoints/{id}/rotate", scope=Scope.ADMIN, action="endpoints.rotate_secret")
async def rotate(request: Request, reader: Reader) -> Response:
    """Make a new secret and show it: on this page, and nowhere else."""
    form = await read_form(request)
    overlap = OVERLAPS.get(form.get_text("overlap_s"))
    if overlap is None:
        raise InvalidRequest(FieldError("overlap_s", f"must be one of: {', '.join(OVERLAPS)}"))
    made = await get_services(request).endpoints.rotate(
        reader.tenant, read_endpoint_id(request), overlap=overlap
    )
    return render_page(request, reader, "secret.html", endpoint=made.endpoint, secret=made.secret)


@PAGES.get("/endpoints/{id}/change/confirm", scope=Scope.ADMIN, known=[_BACK])
async def ask_change(request: Request, reader: Reader) -> Response:
    """Ask for an endpoint's new address, beginning with the one that it has."""
    question, row = await _change_question(request, reader)
    return ask(
        request,
        reader,
        question,
        template="ask_change.html",
        url_given=row.endpoint.url,
        is_resent=True,
        wrong=None,
    )


@PAGES.post("/endpoints/{id}/change", scope=Scope.ADMIN, action="endpoints.change")
async def change(request: Request, reader: Reader) -> Response:
    """Give an endpoint another address; what it is owed is sent there, at once if that is wanted.

    An address that may not be called is told beside its field, which keeps what was typed.
    """
    form, id_, our = await read_form(request), read_endpoint_id(request), get_services(request)
    given, is_resent = form.get_text("url").strip(), form.get_text("resend") == "yes"
    try:
        wanted = EndpointChanges.model_validate({"url": given})
        await our.endpoints.change(reader.tenant, id_, wanted.build_changes())
    except ValidationError as error:
        return await _ask_again(request, reader, form, list_field_errors(error))
    except InvalidRequest as error:
        return await _ask_again(request, reader, form, error.fields)
    resent = 0
    if is_resent:
        owed = DeliveryFilter(reader.tenant, states=[DeliveryState.PENDING], endpoint_id=id_)
        resent = await our.redelivery.redeliver_many(owed)
    key = "done.endpoint.change-sent" if resent else "done.endpoint.change"
    return redirect_back(request, form, f"/endpoints/{id_}", key, n=resent)


async def _ask_again(
    request: Request, reader: Reader, form: SentForm, errors: Sequence[FieldError]
) -> Response:
    question, _ = await _change_question(request, reader)
    language = reader.preferences.language
    return render_page(
        request,
        reader,
        "ask_change.html",
        status=422,
        question=question,
        back=check_own_path(form.get_text("back")),
        url_given=form.get_text("url"),
        is_resent=form.get_text("resend") == "yes",
        wrong="; ".join(translate(one.reason, language) for one in errors),
    )


async def _change_question(request: Request, reader: Reader) -> tuple[Question, "EndpointRow"]:
    row, say = await _look(request, reader), build_translator(reader.preferences.language)
    why = [say("ask.endpoint.change.why")]
    if row.endpoint.state is not EndpointState.ACTIVE:
        why.append(say("ask.endpoint.change.stopped"))
    question = Question(
        title=say("ask.endpoint.change"),
        button=say("action.change-url"),
        why=[*why, say("ask.endpoint.owed", n=row.owed)],
        path=f"/endpoints/{row.endpoint.id}/change",
        names=[row.endpoint.url],
    )
    return question, row


async def _ask(request: Request, reader: Reader, action: str) -> Response:
    """Ask before something is done to the endpoint of the path, naming it."""
    row, say = await _look(request, reader), build_translator(reader.preferences.language)
    question = Question(
        title=say(f"ask.endpoint.{action}"),
        button=say(f"action.{action}"),
        why=[say(f"ask.endpoint.{action}.why"), say("ask.endpoint.owed", n=row.owed)],
        path=f"/endpoints/{row.endpoint.id}/{action}",
        names=[row.endpoint.url],
    )
    return ask(
        request,
        reader,
        question,
        template="ask_rotate.html" if action == "rotate" else "confirm.html",
        overlaps=OVERLAPS,
    )


async def _look(request: Request, reader: Reader) -> "EndpointRow":
    """Return the endpoint of the path with its figures. Raises NotFound."""
    id_, owner = read_endpoint_id(request), reader.tenant

    def load(db: Reading) -> EndpointRow | None:
        found = endpoints.get(db, owner, id_)
        return (
            None
            if found is None
            else _build_row(found, _read_figures(db, owner, [found], found.key))
        )

    row = await get_services(request).store.read(load)
    if row is None:
        raise NotFound("there is no such endpoint")
    return row


def _redirect_to(request: Request, path: str, key: str) -> Response:
    """Lead to a page of its own, wherever one came from."""
    return redirect_back(request, SentForm({}), path, key)


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """An endpoint with its figures.

    is_whole: false where more is owed than was counted.
    trouble:  None where it is active and answers.
    """

    endpoint: Endpoint
    figures: EndpointFigures
    owed: int
    is_whole: bool
    trouble: EndpointTrouble | None


@dataclass(frozen=True, slots=True)
class _Figures:
    latest: Mapping[int, EndpointFigures]
    owed: Mapping[int, int]
    is_whole: bool
    troubles: Mapping[int, EndpointTrouble]


def _read_figures(
    db: Reading, owner: str, shown: Sequence[Endpoint], key: int | None = None
) -> _Figures:
    owed, is_whole = endpoint_figures.count_owed(db, owner)
    figures = endpoint_figures.count_latest(db, owner, endpoint_key=key)
    stopped = [one for one in shown if one.failing_since or one.state is not EndpointState.ACTIVE]
    return _Figures(figures, owed, is_whole, list_troubles(db, stopped))


def _build_row(one: Endpoint, found: _Figures) -> EndpointRow:
    figures = found.latest.get(one.key, EndpointFigures())
    return EndpointRow(
        one, figures, found.owed.get(one.key, 0), found.is_whole, found.troubles.get(one.key)
    )
