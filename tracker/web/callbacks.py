"""Provider callbacks: the raw bytes, capped; one service call; an answer after the commit.

They are what the service gets most of, so they are recognised before any routing.
"""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.lifecycle import Verdict
from tracker.services.correlation import RawCallback
from tracker.web.body import read_capped
from tracker.web.state import Services, services

_PREFIX = "/callbacks/"


class Receiver:
    """Pure ASGI: answers callbacks, and hands everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        """app: whatever is behind."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        place = _place(scope)
        if place is None:
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        verdict = await _take(scope["state"]["services"], place, headers, receive)
        for message in _ANSWERS[verdict]:
            await send(message)


async def receive(request: Request) -> Response:
    """200 once it is on disk, whatever was made of it; 400 when it cannot be read (kept too)."""
    params = request.path_params
    place = (params["provider"], params["subject"], params["token"])
    headers = dict(request.headers.items())
    verdict = await _take(services(request), place, headers, request.receive)
    return JSONResponse({"verdict": verdict.value})


async def _take(
    our: Services, place: Sequence[str], headers: Mapping[str, str], receive: Receive
) -> Verdict:
    """Keep one callback. Raises InvalidRequest when it cannot be read; it is kept all the same."""
    limits = our.limits
    body = await read_capped(
        headers, receive, limit=limits.callback_bytes, timeout_s=limits.body_timeout_s
    )
    provider, subject, token = place
    received = await our.reception.receive(RawCallback(provider, subject, token, headers, body))
    if received.verdict is Verdict.MALFORMED:
        raise InvalidRequest(FieldError("", received.reason or "unreadable"), malformed=True)
    return received.verdict


def _place(scope: Scope) -> Sequence[str] | None:
    """Provider, subject and token of a callback URL; None for every other request."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope.get("root_path"):
        return None
    path: str = scope["path"]
    if not path.startswith(_PREFIX):
        return None
    place = path[len(_PREFIX) :].split("/")
    return place if len(place) == 3 and all(place) else None


def _answer(verdict: Verdict) -> tuple[Message, Message]:
    answer = JSONResponse({"verdict": verdict.value})
    start = {"type": "http.response.start", "status": 200, "headers": answer.raw_headers}
    return start, {"type": "http.response.body", "body": answer.body}


_ANSWERS = {verdict: _answer(verdict) for verdict in Verdict}
