"""Provider callbacks: the raw bytes, capped; one service call; an answer after the commit."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.lifecycle import Verdict
from tracker.services.correlation import RawCallback
from tracker.web.body import read_capped
from tracker.web.state import services


async def receive(request: Request) -> Response:
    """200 once it is on disk, whatever was made of it; 400 when it cannot be read (kept too)."""
    our = services(request)
    body = await read_capped(
        request, limit=our.limits.callback_bytes, timeout_s=our.limits.body_timeout_s
    )
    raw = RawCallback(
        provider=request.path_params["provider"],
        subject=request.path_params["subject"],
        token=request.path_params["token"],
        headers=dict(request.headers.items()),
        body=body,
    )
    received = await our.reception.receive(raw)
    if received.verdict is Verdict.MALFORMED:
        raise InvalidRequest(FieldError("", received.reason or "unreadable"), malformed=True)
    return JSONResponse({"verdict": received.verdict.value})
