"""`/ui/settings`: how pages are shown to this browser. Everything is kept in cookies."""

from zoneinfo import available_timezones

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.web.edge.operation import Param
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.forms import SentForm, read_form
from tracker.web.ui.frame.notices import leave_notice
from tracker.web.ui.frame.reader import (
    CHOICES,
    ZONE_COOKIE,
    Reader,
    find_zone,
    read_chosen,
)
from tracker.web.ui.frame.render import build_address, find_root, render_page
from tracker.web.ui.frame.signing import check_own_path

PAGES = Pages()
YEAR_S = 365 * 86400
ZONE = "zone"


@PAGES.get("/settings", scope=None, known=[Param("back", "Where one came from, under `/ui`.")])
async def show(request: Request, reader: Reader) -> Response:
    """Show what can be chosen."""
    return render_page(
        request,
        reader,
        "settings.html",
        choices=CHOICES,
        chosen=read_chosen(request),
        zone_name=request.cookies.get(ZONE_COOKIE, ""),
        zones=sorted(available_timezones()),
        back=check_own_path(request.query_params.get("back")),
    )


@PAGES.post("/settings", scope=None)
async def save(request: Request, _reader: Reader) -> Response:
    """Keep what was chosen. Raises InvalidRequest for what cannot be."""
    form = await read_form(request)
    kept = _read_cookies(form)
    answer = RedirectResponse(
        build_address(request, "/settings", back=check_own_path(form.get_text("back"))), 303
    )
    secure = request.url.scheme == "https"
    for name, value in kept.items():
        if value:
            answer.set_cookie(
                name, value, YEAR_S, path=find_root(request), secure=secure, samesite="strict"
            )
        else:
            answer.delete_cookie(name, find_root(request), secure=secure, samesite="strict")
    leave_notice(answer, find_root(request), "done.settings")
    return answer


def _read_cookies(form: SentForm) -> dict[str, str]:
    """Return the value of each cookie; empty to forget it."""
    kept = {}
    for choice in CHOICES:
        value = form.get_text(choice.name)
        if value not in choice.values:
            reason = f"must be one of: {', '.join(choice.values)}"
            raise InvalidRequest(FieldError(choice.name, reason), malformed=True)
        kept[choice.cookie] = "" if value == choice.values[0] else value
    zone = form.get_text(ZONE).strip()
    if zone and find_zone(zone) is None:
        raise InvalidRequest(FieldError(ZONE, "there is no such time zone"), malformed=True)
    kept[ZONE_COOKIE] = zone
    return kept
