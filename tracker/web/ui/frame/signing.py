"""The cookie of a session, and the way to and from the page that signs in."""

import re
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.domain.access import SESSION_LIFETIME
from tracker.domain.errors import CredentialFault, Unauthenticated
from tracker.web.edge import auth
from tracker.web.edge.senders import Sender
from tracker.web.ui.frame.render import build_address, find_path, find_root

SESSION_COOKIE = "tracker-session"
SIGN_IN = "/sign-in"
_OWN_PATH = re.compile(r"(?:/[\w.~!$&'()*+,;=:@%-]*)+(?:\?[\w.~!$&'()*+,;=:@%/?-]*)?", re.ASCII)


def read_session_secret(request: Request) -> str | None:
    """Return the secret of the session that the browser has; None where it has none.

    Of several cookies of the name the first: it has the longest path (RFC 6265 section 5.4), so
    that one which another service of the host set for all paths keeps nobody out.
    """
    for pair in request.headers.get("cookie", "").split(";"):
        name, _, value = pair.partition("=")
        if name.strip() == SESSION_COOKIE:
            return value.strip() or None
    return None


def keep_session(request: Request, response: Response, secret: str) -> None:
    """Have the browser keep a session: for the dashboard alone, and out of reach of scripts."""
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path=find_root(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def drop_session(request: Request, response: Response) -> None:
    """Have the browser forget the session."""
    response.delete_cookie(
        SESSION_COOKIE,
        path=find_root(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def check_own_path(text: str | None) -> str:
    """Return where to go after signing in: a path of ours under `/ui`; empty for anything else."""
    if not text or len(text) > 2048 or _OWN_PATH.fullmatch(text) is None:
        return ""
    path = unquote(text.partition("?")[0])
    is_odd = "\\" in path or path.startswith("//") or not path.isprintable()
    if is_odd or {".", ".."} & set(path.split("/")) or path.startswith((SIGN_IN, "/sign-out")):
        return ""
    return text


def show_entrance(request: Request, error: Unauthenticated) -> Response | None:
    """Return what a browser is shown that may not see a page yet; None for any other caller.

    A link on another site comes without the session's cookie, which is kept for pages of ours. The
    page that it is shown asks for itself once more: that request comes from a page of ours.
    """
    if request.method != "GET" or not _is_navigation(request):
        return None
    is_foreign = auth.find_page_sender(request) is Sender.FOREIGN
    is_link = is_foreign and error.fault is CredentialFault.MISSING
    if is_link:
        return Response(
            '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0">'
            "<title>tracker</title>",
            headers={"cache-control": "no-store"},
            media_type="text/html",
        )
    return RedirectResponse(
        build_address(request, SIGN_IN, next=check_own_path(find_path(request)) or None), 303
    )


def _is_navigation(request: Request) -> bool:
    mode = request.headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    return "text/html" in request.headers.get("accept", "")
