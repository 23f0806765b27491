"""`/ui/keys`: API keys of the tenant: made, shown once, revoked."""

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.domain.errors import FieldError, InvalidRequest, NotFound
from tracker.services.access.budgets import Budgets
from tracker.services.access.keys import NO_SUCH_KEY, Grant
from tracker.store import keys
from tracker.store.keys import ApiKey
from tracker.web.edge import query
from tracker.web.edge.operation import Param
from tracker.web.edge.paging import build_next_cursor, read_position
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.asking import Question, aim, ask, redirect_back
from tracker.web.ui.frame.forms import SentForm, read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_page
from tracker.web.ui.frame.words import build_translator

PAGES = Pages()
ROWS = 100
NAME_CHARS = 100
MOST_A_MINUTE = 1_000_000


@PAGES.get("/keys", scope=Scope.ADMIN, known=[Param("after", "Where the page goes on.")])
async def show(request: Request, reader: Reader) -> Response:
    """List keys, and offer to make one."""
    our, scope = get_services(request), f"page of keys {reader.tenant}"
    after = read_position(request, scope=scope, name="after") or 0
    found = await our.store.read(
        lambda db: keys.list_page(db, reader.tenant, after=after, limit=ROWS + 1)
    )
    last = found[ROWS - 1].key if len(found) > ROWS else None
    return render_page(
        request,
        reader,
        "keys.html",
        keys=found[:ROWS],
        more=build_next_cursor(request, last, scope=scope),
        scopes=list(Scope),
        budgets=await Budgets(our.store, our.clock).list_of_tenant(reader.tenant),
    )


@PAGES.post("/keys", scope=Scope.ADMIN, action="keys.create")
async def create(request: Request, reader: Reader) -> Response:
    """Make a key and show it, this once. Raises InvalidRequest."""
    form, ours = await read_form(request), get_services(request).keys
    grant = _grant(form, reader.tenant)
    is_pair = form.get_text("kind") == "pair"
    issued = await (ours.create_pair(grant) if is_pair else ours.create_key(grant))
    return render_page(request, reader, "key_made.html", status=201, issued=issued, is_pair=is_pair)


@PAGES.get("/keys/{id}/revoke/confirm", scope=Scope.ADMIN, known=[Param("back", "")])
async def ask_revoke(request: Request, reader: Reader) -> Response:
    """Ask before a key is revoked."""
    found = await _find_key(request, reader)
    say = build_translator(reader.preferences.language)
    question = Question(
        title=say("keys.revoke.title", name=found.name or found.hint),
        button=say("keys.revoke"),
        why=[say("keys.revoke.why")],
        path=f"/keys/{found.id}/revoke",
        names=[f"{found.hint} · {' '.join(sorted(found.scopes))}"],
    )
    return ask(request, reader, question)


@PAGES.post("/keys/{id}/revoke", scope=Scope.ADMIN, action="keys.revoke")
async def revoke(request: Request, reader: Reader) -> Response:
    """Revoke a key; its sessions end with it."""
    form, found = await read_form(request), await _find_key(request, reader)
    aim([str(found.id)])
    await get_services(request).keys.revoke(found.id)
    return redirect_back(request, form, "/keys", "done.key-revoked", name=found.name or found.hint)


def _grant(form: SentForm, tenant: str) -> Grant:
    name = form.get_text("name")
    if len(name) > NAME_CHARS or not name.isprintable():
        raise InvalidRequest(FieldError("name", "must be printable"))
    try:
        scopes = frozenset(map(Scope, form.list_texts("scope")))
    except ValueError:
        reason = f"must be one of: {', '.join(Scope)}"
        raise InvalidRequest(FieldError("scope", reason)) from None
    if not scopes:
        raise InvalidRequest(FieldError("scope", "is missing"))
    rate = form.get_text("per_minute")
    is_number = rate.isascii() and rate.isdigit() and len(rate) <= 7
    if rate and not (is_number and 1 <= int(rate) <= MOST_A_MINUTE):
        raise InvalidRequest(FieldError("per_minute", f"must be from 1 to {MOST_A_MINUTE}"))
    return Grant(tenant, scopes, name, int(rate) if rate else None)


async def _find_key(request: Request, reader: Reader) -> ApiKey:
    """Return the key in the path. Raises NotFound."""
    id_ = query.read_path_id(request, NotFound(NO_SUCH_KEY))
    return await get_services(request).keys.get(reader.tenant, id_)
