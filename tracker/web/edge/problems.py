"""Exception class → RFC 9457 answer, in one table."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from tracker.locale import Language, explanations, of_header, translate
from tracker.telemetry import REQUEST_ID
from tracker.web.edge.auth import challenge
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow, WrongMediaType
from tracker.web.edge.encoding import ACCEPTED, UnsupportedEncoding
from tracker.web.edge.heads import HeadTooLarge, HeadTooSlow, UrlTooLong
from tracker.web.edge.rootpath import rooted

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:tracker:problem:"
"""Of every `type`: stable names, not addresses."""
_RECORDED = "the fault is recorded in the service's log under this request id"


@dataclass(frozen=True, slots=True)
class Kind:
    """The outside of an exception class; its title stands in tracker.locale."""

    status: int
    slug: str


MALFORMED = Kind(400, "malformed-request")
INTERNAL = Kind(500, "internal-error")

KINDS: Mapping[type[Exception], Kind] = {
    InvalidRequest: Kind(422, "invalid-request"),
    NotFound: Kind(404, "not-found"),
    CursorTooOld: Kind(410, "cursor-too-old"),
    BeingSent: Kind(409, "being-sent"),
    IdempotencyReuse: Kind(422, "idempotency-key-reused"),
    IdempotencyInFlight: Kind(409, "idempotency-key-in-flight"),
    Conflict: Kind(409, "conflict"),
    CallbackUnproven: Kind(401, "callback-unproven"),
    Unavailable: Kind(503, "unavailable"),
    BodyTooLarge: Kind(413, "body-too-large"),
    BodyTooSlow: Kind(408, "body-too-slow"),
    HeadTooLarge: Kind(431, "head-too-large"),
    UrlTooLong: Kind(414, "url-too-long"),
    HeadTooSlow: Kind(408, "head-too-slow"),
    UnsupportedEncoding: Kind(415, "unsupported-encoding"),
    WrongMediaType: Kind(415, "wrong-media-type"),
    ClientDisconnect: Kind(400, "disconnected"),
    Unauthenticated: Kind(401, "unauthenticated"),
    Forbidden: Kind(403, "forbidden"),
    ForeignPage: Kind(403, "foreign-page"),
    RateLimited: Kind(429, "rate-limited"),
    TrackerError: INTERNAL,
}


def statuses() -> dict[str, int]:
    """Return the status of every problem type, by the last part of its name."""
    found = {kind.slug: kind.status for kind in (MALFORMED, *KINDS.values())}
    return found | {"method-not-allowed": 405}  # raised by starlette alone


def kind_of(error: Exception) -> Kind:
    """The row of an exception: its class's, or its nearest base's that has one."""
    if isinstance(error, InvalidRequest) and error.malformed:
        return MALFORMED
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        return Kind(error.status_code, phrase.lower().replace(" ", "-"))
    for base in type(error).__mro__:
        if base in KINDS:
            return KINDS[base]
    return INTERNAL


async def answer(request: Request, error: Exception) -> Response:
    """Return the problem+json for any exception, in the language that Accept-Language asks for.

    A fault of our own is logged and not shown.
    """
    kind, language = kind_of(error), of_header(request.headers.get("accept-language", ""))
    if kind.status >= 500 and not isinstance(error, Unavailable):
        log.error("unhandled", exc_info=error)
        detail = _RECORDED
    else:
        detail = error.detail if isinstance(error, HTTPException) else str(error)
    body: dict[str, object] = {
        "type": PREFIX + kind.slug,
        "title": _title(kind, language),
        "status": kind.status,
        "detail": translate(detail, language),
        "request_id": request_id(),
    }
    if isinstance(error, InvalidRequest):
        fields = [
            replace(f, reason=translate(f.reason, language)) for f in (*error.fields, *error.rest)
        ]
        body["detail"] = "; ".join(map(str, fields))
        body["errors"] = [{"path": f.path, "reason": f.reason} for f in fields]
    headers = headers_of(error) | {
        "content-language": language,
        "vary": "Accept-Language",
        "link": f'<{rooted(request, f"/docs/problems#{kind.slug}")}>; rel="help"',
    }
    if kind.status == 405:
        headers["Allow"] = _allowed(request)
    return JSONResponse(body, kind.status, headers, media_type=MEDIA_TYPE)


def _title(kind: Kind, language: Language) -> str:
    explained = explanations(language).get(kind.slug)
    return explained.title if explained else HTTPStatus(kind.status).phrase


def headers_of(error: Exception) -> dict[str, str]:
    """Headers that an exception's answer carries."""
    if isinstance(error, (Unauthenticated, Forbidden)):
        return {"www-authenticate": challenge(error)}
    if isinstance(error, (Unavailable, RateLimited)):
        return {"retry-after": str(error.retry_after_s)}
    if isinstance(error, IdempotencyInFlight | BeingSent):
        return {"retry-after": "1"}
    if isinstance(error, UnsupportedEncoding):
        return {"accept-encoding": ACCEPTED}
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
