"""`/ui/sign-in` and `/ui/sign-out`: a session for an API key, and its end."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.domain.errors import RateLimited, Unauthenticated
from tracker.web.edge.auth import NO_KEYS_YET
from tracker.web.edge.local import is_loopback
from tracker.web.edge.operation import Param
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.forms import read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address, render_page
from tracker.web.ui.frame.signing import (
    SIGN_IN,
    check_own_path,
    drop_session,
    keep_session,
    read_session_secret,
)

PAGES = Pages()
"""Pages before and after a session."""


@PAGES.get(SIGN_IN, scope=None, known=[Param("next", "Where to go then, under `/ui`.")])
async def show(request: Request, reader: Reader) -> Response:
    """Ask for a key."""
    return await _show_form(request, reader, check_own_path(request.query_params.get("next")))


@PAGES.post(SIGN_IN, scope=None)
async def sign_in(request: Request, reader: Reader) -> Response:
    """Open a session and lead to where one wanted to go; the form once more for a wrong key."""
    form = await read_form(request)
    path = check_own_path(form.get_text("next"))
    sender = "" if request.client is None else request.client.host
    try:
        secret = await get_services(request).sessions.open(
            form.get_text("key").strip(), sender=sender
        )
    except (Unauthenticated, RateLimited) as error:
        return await _show_form(request, reader, path, error)
    before = read_session_secret(request)
    if before is not None:  # its cookie is replaced: nobody could end it any more
        await get_services(request).sessions.end(before)
    answer = RedirectResponse(build_address(request) + path, 303)
    keep_session(request, answer, secret)
    return answer


@PAGES.post("/sign-out", scope=None)
async def sign_out(request: Request, _reader: Reader) -> Response:
    """End the session, if there is one."""
    secret = read_session_secret(request)
    if secret is not None:
        await get_services(request).sessions.end(secret)
    answer = RedirectResponse(build_address(request, SIGN_IN), 303)
    drop_session(request, answer)
    return answer


async def _show_form(
    request: Request,
    reader: Reader,
    path: str,
    error: Unauthenticated | RateLimited | None = None,
) -> Response:
    status, headers = 200, {}
    if isinstance(error, RateLimited):
        status, headers = 429, {"retry-after": str(error.retry_after_s)}
    elif error is not None:
        status = 401
    authenticator = get_services(request).authenticator
    return render_page(
        request,
        reader,
        "sign_in.html",
        status=status,
        headers=headers,
        next=path,
        error=error,
        retry_s=error.retry_after_s if isinstance(error, RateLimited) else None,
        is_open=await authenticator.is_open(request),
        no_keys=NO_KEYS_YET if await authenticator.has_no_keys() else None,
        is_plain=request.url.scheme == "http" and not is_loopback(request.url.hostname or ""),
    )
