"""Exception class → RFC 9457 answer, in one table."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from tracker.domain.errors import (
    BeingSent,
    CallbackUnproven,
    Conflict,
    CursorTooOld,
    Forbidden,
    ForeignPage,
    IdempotencyInFlight,
    IdempotencyReuse,
    InvalidRequest,
    NotFound,
    RateLimited,
    TrackerError,
    Unauthenticated,
    Unavailable,
)
from tracker.telemetry import REQUEST_ID
from tracker.web.edge.auth import challenge
from tracker.web.edge.body import BodyTooLarge, BodyTooSlow, WrongMediaType
from tracker.web.edge.heads import HeadTooLarge, HeadTooSlow, UrlTooLong

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:tracker:problem:"
"""Of every `type`: stable names, not addresses."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What an exception class looks like outside."""

    status: int
    slug: str
    title: str


MALFORMED = Kind(400, "malformed-request", "The request cannot be read")
INTERNAL = Kind(500, "internal-error", "Something went wrong here")

KINDS: Mapping[type[Exception], Kind] = {
    InvalidRequest: Kind(422, "invalid-request", "The request is wrong"),
    NotFound: Kind(404, "not-found", "There is no such thing here"),
    CursorTooOld: Kind(410, "cursor-too-old", "The feed does not hold what comes after this"),
    BeingSent: Kind(409, "being-sent", "A request is on its way"),
    IdempotencyReuse: Kind(422, "idempotency-key-reused", "The Idempotency-Key came before"),
    IdempotencyInFlight: Kind(409, "idempotency-key-in-flight", "The first request is not done"),
    Conflict: Kind(409, "conflict", "It clashes with what is there"),
    CallbackUnproven: Kind(401, "callback-unproven", "The signature is missing or wrong"),
    Unavailable: Kind(503, "unavailable", "Come back in a moment"),
    BodyTooLarge: Kind(413, "body-too-large", "The body is too large"),
    BodyTooSlow: Kind(408, "body-too-slow", "The body did not arrive in time"),
    HeadTooLarge: Kind(431, "head-too-large", "The head of the request is too large"),
    UrlTooLong: Kind(414, "url-too-long", "The URL is too long"),
    HeadTooSlow: Kind(408, "head-too-slow", "The head of the request did not arrive in time"),
    WrongMediaType: Kind(415, "wrong-media-type", "The body must be JSON"),
    ClientDisconnect: Kind(400, "disconnected", "The client went away"),
    Unauthenticated: Kind(401, "unauthenticated", "Say who is asking"),
    Forbidden: Kind(403, "forbidden", "This key may not do it"),
    ForeignPage: Kind(403, "foreign-page", "A page of another site may not do this"),
    RateLimited: Kind(429, "rate-limited", "Too many requests"),
    TrackerError: INTERNAL,
}


def kind_of(error: Exception) -> Kind:
    """The row of an exception: its class's, or its nearest base's that has one."""
    if isinstance(error, InvalidRequest) and error.malformed:
        return MALFORMED
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        return Kind(error.status_code, phrase.lower().replace(" ", "-"), phrase)
    for base in type(error).__mro__:
        if base in KINDS:
            return KINDS[base]
    return INTERNAL


async def answer(request: Request, error: Exception) -> Response:
    """The problem+json for any exception. What is our own fault is logged and not shown."""
    kind = kind_of(error)
    if kind.status >= 500 and not isinstance(error, Unavailable):
        log.error("unhandled", exc_info=error)
        detail = "the fault is recorded in the service's log under this request id"
    else:
        detail = error.detail if isinstance(error, HTTPException) else str(error)
    body: dict[str, object] = {
        "type": PREFIX + kind.slug,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "request_id": request_id(),
    }
    if isinstance(error, InvalidRequest):
        body["errors"] = [{"path": f.path, "reason": f.reason} for f in error.fields]
    headers = headers_of(error)
    if kind.status == 405:
        headers["Allow"] = _allowed(request)
    return JSONResponse(body, kind.status, headers, media_type=MEDIA_TYPE)


def headers_of(error: Exception) -> dict[str, str]:
    """Headers that an exception's answer carries."""
    if isinstance(error, (Unauthenticated, Forbidden)):
        return {"www-authenticate": challenge(error)}
    if isinstance(error, (Unavailable, RateLimited)):
        return {"retry-after": str(error.retry_after_s)}
    if isinstance(error, IdempotencyInFlight | BeingSent):
        return {"retry-after": "1"}
    if isinstance(error, HTTPException):
        return dict(error.headers or {})
    if isinstance(error, (BodyTooLarge, BodyTooSlow, HeadTooLarge, HeadTooSlow, UrlTooLong)):
        return {"connection": "close"}  # the rest of the body is not read
    return {}


def _allowed(request: Request) -> str:
    """Every method of a path. Starlette names only those of the first row that has it."""
    rows = [route for route in request.app.routes if isinstance(route, Route)]
    here = next(row for row in rows if row.matches(request.scope)[0] is not Match.NONE)
    found = {method for row in rows if row.path == here.path for method in row.methods or ()}
    return ", ".join(sorted(found))


def request_id() -> str:
    """The id of the request that is being answered."""
    return REQUEST_ID.get()
