"""Exception class → RFC 9457 answer, in one table."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from tracker.domain.errors import (
    BeingSent,
    BudgetExceeded,
    CallbackUnproven,
    Conflict,
    CursorTooOld,
    FieldError,
    Forbidden,
    ForeignPage,
    IdempotencyInFlight,
    IdempotencyReuse,
    InputGone,
    InvalidRequest,
    NoLongerKept,
    NotFound,
    RateLimited,
    Recovering,
    TaskGone,
    TrackerError,
    Unauthenticated,
    Unavailable,
)
from tracker.domain.rendering import format_instant
from tracker.locale import ENGLISH, Language, choose_by_header, load_explanations, translate
from tracker.telemetry.logs import REQUEST_ID
from tracker.web.edge.auth import build_challenge
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow, WrongMediaType
from tracker.web.edge.encoding import ACCEPTED, UnsupportedEncoding
from tracker.web.edge.heads import HeadTooLarge, HeadTooSlow, UrlTooLong
from tracker.web.edge.rootpath import add_root_path

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:tracker:problem:"
"""Of every `type`: stable names, not addresses."""
_RECORDED = "the fault is recorded in the service's log under this request id"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """The outside of an exception class; its title stands in tracker.locale."""

    status: int
    slug: str


MALFORMED = ProblemKind(400, "malformed-request")
INTERNAL = ProblemKind(500, "internal-error")

KINDS: Mapping[type[Exception], ProblemKind] = {
    InvalidRequest: ProblemKind(422, "invalid-request"),
    NotFound: ProblemKind(404, "not-found"),
    CursorTooOld: ProblemKind(410, "cursor-too-old"),
    NoLongerKept: ProblemKind(410, "gone"),
    TaskGone: ProblemKind(410, "task-gone"),
    InputGone: ProblemKind(409, "input-gone"),
    BeingSent: ProblemKind(409, "being-sent"),
    IdempotencyReuse: ProblemKind(422, "idempotency-key-reused"),
    IdempotencyInFlight: ProblemKind(409, "idempotency-key-in-flight"),
    Conflict: ProblemKind(409, "conflict"),
    CallbackUnproven: ProblemKind(401, "callback-unproven"),
    Recovering: ProblemKind(503, "recovering"),
    Unavailable: ProblemKind(503, "unavailable"),
    BodyTooLarge: ProblemKind(413, "body-too-large"),
    BodyTooSlow: ProblemKind(408, "body-too-slow"),
    HeadTooLarge: ProblemKind(431, "head-too-large"),
    UrlTooLong: ProblemKind(414, "url-too-long"),
    HeadTooSlow: ProblemKind(408, "head-too-slow"),
    UnsupportedEncoding: ProblemKind(415, "unsupported-encoding"),
    WrongMediaType: ProblemKind(415, "wrong-media-type"),
    ClientDisconnect: ProblemKind(400, "disconnected"),
    Unauthenticated: ProblemKind(401, "unauthenticated"),
    Forbidden: ProblemKind(403, "forbidden"),
    ForeignPage: ProblemKind(403, "foreign-page"),
    BudgetExceeded: ProblemKind(402, "budget-exceeded"),
    RateLimited: ProblemKind(429, "rate-limited"),
    TrackerError: INTERNAL,
}


def list_statuses() -> dict[str, int]:
    """Return the status of every problem type, by the last part of its name."""
    found = {kind.slug: kind.status for kind in (MALFORMED, *KINDS.values())}
    return found | {"method-not-allowed": 405}  # raised by starlette alone


def find_kind(error: Exception) -> ProblemKind:
    """Return the row of an exception: its class's, or its nearest base's that has one."""
    if isinstance(error, InvalidRequest) and error.malformed:
        return MALFORMED
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        return ProblemKind(error.status_code, phrase.lower().replace(" ", "-"))
    for base in type(error).__mro__:
        if base in KINDS:
            return KINDS[base]
    return INTERNAL


async def answer(request: Request, error: Exception) -> Response:
    """Return the problem+json for any exception, in the language that Accept-Language asks for.

    A fault of our own is logged and not shown.
    """
    kind, language = find_kind(error), choose_by_header(request.headers.get("accept-language", ""))
    headers = build_headers(error) | {
        "content-language": language,
        "vary": "Accept-Language",
        "link": f'<{add_root_path(request, f"/docs/problems#{kind.slug}")}>; rel="help"',
    }
    if kind.status == 405 and "allow" not in headers:  # ours, which Starlette spells otherwise
        headers["Allow"] = _list_methods(request)
    body = build_problem(error, language)
    return JSONResponse(body, kind.status, headers, media_type=MEDIA_TYPE)


def build_problem(error: Exception, language: Language) -> dict[str, Any]:
    """Return the problem details of any exception (RFC 9457), in a language.

    A fault of our own is logged and not shown.
    """
    kind = find_kind(error)
    if kind.status >= 500 and not isinstance(error, Unavailable):
        log.error("unhandled", exc_info=error)
        detail = _RECORDED
    else:
        detail = error.detail if isinstance(error, HTTPException) else str(error)
    body: dict[str, Any] = {
        "type": PREFIX + kind.slug,
        "title": _find_title(kind, language),
        "status": kind.status,
        "detail": translate(detail, language),
        "request_id": request_id(),
    }
    if isinstance(error, TaskGone):
        body |= {"state": error.state, "finished_at": format_instant(error.finished_at)}
    if isinstance(error, InvalidRequest):
        given = (*error.fields, *error.rest)
        fields = [replace(f, reason=translate(f.reason, language)) for f in given]
        body["detail"] = ("; " if language == ENGLISH else "；").join(
            map(_describe_field, given, fields)
        )
        body["errors"] = [{"path": f.path, "reason": f.reason} for f in fields]
    return body


def _describe_field(given: FieldError, shown: FieldError) -> str:
    """Return a field with what is wrong; behind a path, Chinese words have a Chinese colon."""
    if shown == given or not shown.path:
        return str(shown)
    return f"{shown.path}：{shown.reason}"


def _find_title(kind: ProblemKind, language: Language) -> str:
    explained = load_explanations(language).get(kind.slug)
    return explained.title if explained else HTTPStatus(kind.status).phrase


def build_headers(error: Exception) -> dict[str, str]:
    """Return headers that an exception's answer carries."""
    if isinstance(error, (Unauthenticated, Forbidden)):
        return {"www-authenticate": build_challenge(error)}
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


def _list_methods(request: Request) -> str:
    """Return every method of a path. Starlette names only those of the first row that has it."""
    rows = [route for route in request.app.routes if isinstance(route, Route)]
    here = next(row for row in rows if row.matches(request.scope)[0] is not Match.NONE)
    found = {method for row in rows if row.path == here.path for method in row.methods or ()}
    return ", ".join(sorted(found))


def request_id() -> str:
    """Return the id of the request that is being answered."""
    return REQUEST_ID.get()
