"""`/ui/audit`: who did what, to what, and when."""

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.locale import ENGLISH
from tracker.store import audit
from tracker.store.audit import AuditFilter
from tracker.web.api.audit import build_scope
from tracker.web.edge import query
from tracker.web.edge.operation import Param
from tracker.web.edge.paging import build_next_cursor, read_position
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_page
from tracker.web.ui.frame.words import build_translator, load_catalogue

PAGES = Pages()
ROWS = 50
_WORDS = "audit.action."
"""Begins the keys of words that name actions."""
_PLACES = (("runs.", "/bulk/"), ("tasks.", "/tasks/"), ("receipts.", "/callbacks/"))
"""Beginnings of actions, and where their targets have a page."""


@PAGES.get(
    "/audit",
    scope=Scope.ADMIN,
    known=[
        Param("action", "Only this action."),
        Param("target", "Only what was done to this object."),
        Param("after", "Where the page goes on."),
    ],
)
async def show(request: Request, reader: Reader) -> Response:
    """List actions, newest first."""
    our, say = get_services(request), build_translator(reader.preferences.language)
    wanted = AuditFilter(
        reader.tenant,
        query.read_text(request, "action") or None,
        query.read_text(request, "target") or None,
    )
    scope = build_scope(wanted)
    before = read_position(request, scope=scope, name="after")
    found = await our.store.read(
        lambda db: audit.list_page(db, wanted, before=before, limit=ROWS + 1)
    )
    named = {action: say(_WORDS + action) for action in list_known_actions()}
    last = found[ROWS - 1].key if len(found) > ROWS else None
    return render_page(
        request,
        reader,
        "audit.html",
        entries=[(one, find_place(one.action, one.target)) for one in found[:ROWS]],
        wanted=wanted,
        named=dict(sorted(named.items())),
        more=build_next_cursor(request, last, scope=scope),
        is_first=before is None,
    )


def list_known_actions() -> list[str]:
    """Return the actions that pages have words for."""
    return [key.removeprefix(_WORDS) for key in load_catalogue(ENGLISH) if key.startswith(_WORDS)]


def find_place(action: str, target: str | None) -> str | None:
    """Return where the object of an action has a page, under `/ui`; None where it has none."""
    if target is None:
        return None
    return next((path + target for begin, path in _PLACES if action.startswith(begin)), None)
