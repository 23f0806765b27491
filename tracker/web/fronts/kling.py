"""The Kling-compatible front: Kling's routes, envelope, words and error codes (design §8)."""

import logging
from collections.abc import Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tracker.domain.access import Scope
from tracker.domain.errors import (
    Conflict,
    CredentialFault,
    FieldError,
    Forbidden,
    ForeignPage,
    InvalidRequest,
    NotFound,
    RateLimited,
    TrackerError,
    Unauthenticated,
    Unavailable,
)
from tracker.domain.exchange import Certainty
from tracker.providers.kling import front, helpers, standard
from tracker.web.edge.auth import admit
from tracker.web.edge.body_errors import BodyTooLarge, BodyTooSlow, WrongMediaType
from tracker.web.edge.encoding import UnsupportedEncoding
from tracker.web.edge.problems import headers_of, request_id
from tracker.web.fronts import kling_helpers, kling_standard, kling_tasks
from tracker.web.fronts.kling_helpers import ProviderAway

log = logging.getLogger(__name__)

PREFIXES = ("", "/kling", "/proxy/kling")
FAMILIES = ("videos", "images", "audio", "general")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""All: Kling has a code of its own for the wrong one."""
OWN_COLLECTIONS = frozenset({"tasks", "changes", "endpoints", "deliveries", "attention", "stats"})
"""What follows `/v1/` in paths that are not the front's."""
SAID = frozenset({1001, 1002, 1003, 1004, 1103, 1200, 1201, 1202, 1203, 1302, 5000, 5001, 5002})
"""Every code that the front itself says; `_code` says when."""
_FAULTS = {
    CredentialFault.MISSING: 1001,
    CredentialFault.INVALID: 1002,
    CredentialFault.NOT_YET: 1003,
    CredentialFault.EXPIRED: 1004,
}
"""Kling's codes for what is wrong with credentials."""
_UNREAD = (WrongMediaType, UnsupportedEncoding, BodyTooLarge, BodyTooSlow, ClientDisconnect)


class NoSuchRoute(TrackerError):
    """The path names nothing that is served."""


class WrongMethod(TrackerError):
    """What the path names is not called like this."""


def front_routes(prefixes: Sequence[str]) -> list[Route]:
    """The same front under each prefix; under none, only where it is alone."""
    paths = [f"/v1/{family}/{{tail:path}}" for family in (*FAMILIES, "account")]
    paths += ["/account/{tail:path}", "/tasks"]
    paths += [f"/{product}{tail}" for product in standard.PRODUCTS for tail in ("", "/{tail:path}")]
    behind = [f"{prefix}/{{rest:path}}" for prefix in prefixes if prefix]
    wanted = [*(paths if "" in prefixes else ()), *behind]
    return [Route(path, handle, methods=METHODS) for path in wanted]


async def handle(request: Request) -> Response:
    """Every request of the front; whatever goes wrong is told in Kling's envelope."""
    try:
        return await _dispatch(request)
    except Exception as error:  # noqa: BLE001 - this is where exceptions become answers
        return _refusal(error)


async def _dispatch(request: Request) -> Response:
    path = _path(request)
    version, _, rest = path.partition("/")
    named = rest if version == "v1" else path
    await admit(request, _scope(request.method, named))
    if named in helpers.ACCOUNT or (version == "v1" and named in helpers.HELPERS):
        wanted = helpers.ACCOUNT.get(named) or helpers.HELPERS.get(named)
        if request.method == wanted:
            return await kling_helpers.pass_on(request, named)
        # Below an operation it may be a task of that external id.
        if kling_tasks.split(named)[0] is None:
            raise _wrong_method(request)
    if version == "v1":
        return _answer(await _legacy(request, rest))
    if path in kling_standard.SHELVES:
        return _answer(await _shelf(request, path))
    if standard.is_standard(path):
        if request.method != "POST":
            raise _wrong_method(request)
        return _answer(await kling_tasks.create(request, path))
    raise NoSuchRoute(f"there is no {path[:128]!r}")


async def _shelf(request: Request, path: str) -> object:
    if request.method in ("GET", "HEAD"):
        return await kling_standard.named(request, path)
    if request.method == "POST":
        return await kling_standard.page(request, path)
    raise _wrong_method(request)


async def _legacy(request: Request, rest: str) -> object:
    operation, name = kling_tasks.split(rest)
    if operation is None:
        raise NoSuchRoute(f"there is no operation {rest[:128]!r}")
    if request.method == "POST" and not name:
        return await kling_tasks.create(request, operation)
    if request.method in ("GET", "HEAD"):
        if name:
            return await kling_tasks.get(request, operation, name)
        return await kling_tasks.page(request, operation)
    raise _wrong_method(request)


def _wrong_method(request: Request) -> WrongMethod:
    return WrongMethod(f"{request.method} is not a method of this path")


def _path(request: Request) -> str:
    """The path behind the front's prefix, without a slash at either end."""
    behind = request.path_params.get("rest")
    if behind is None:
        behind = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return str(behind).strip("/")


def unrouted(request: Request) -> Response | None:
    """Answer a path that no route has, where it looks like the front's; None elsewhere."""
    path = _path(request)
    first, _, rest = path.partition("/")
    is_ours = first in ("tasks", "account", *standard.PRODUCTS)
    if is_ours or (first == "v1" and rest.partition("/")[0] not in OWN_COLLECTIONS):
        return _refusal(NoSuchRoute(f"there is no {path[:128]!r}"))
    return None


def _scope(method: str, named: str) -> Scope:
    """What a call needs: those about the account tell of every tenant's tasks."""
    if named in helpers.ACCOUNT:
        return Scope.ADMIN
    is_read = method in ("GET", "HEAD") or named in kling_standard.SHELVES
    return Scope.TASKS_READ if is_read else Scope.TASKS_WRITE


def _answer(data: object) -> Response:
    return JSONResponse(front.envelope(data, request_id()))


def _refusal(error: Exception) -> Response:
    code = _code(error)
    message = str(error)
    if code == 5000:
        log.error("unhandled in the Kling front", exc_info=error)
        message = "internal error; the fault is recorded under this request id"
    status, body = front.error(code, message, request_id())
    if isinstance(error, UnsupportedEncoding):
        status = 415  # with Accept-Encoding (RFC 9110 section 15.5.16)
    return JSONResponse(body, status, headers_of(error))


def _code(error: Exception) -> int:
    """Kling's code for what went wrong (reference: Kling's error code page)."""
    match error:
        case InvalidRequest(fields=[FieldError(path="operation")]):
            return 1203  # no account serves it
        case InvalidRequest(malformed=True, fields=fields) if not any(f.path for f in fields):
            return 1200  # not a field of it is wrong, but the whole
        case _ if isinstance(error, _UNREAD):
            return 1200
        case InvalidRequest() | NotFound() | Conflict():
            return 1201
        case WrongMethod():
            return 1202
        case NoSuchRoute():
            return 1203
        case Unauthenticated(fault=fault):
            return _FAULTS[fault]
        case Forbidden() | ForeignPage():
            return 1103
        case RateLimited():
            return 1302
        case Unavailable():
            return 5001
        case ProviderAway(certainty=certainty):
            return 5001 if certainty is Certainty.NOT_SENT else 5002
        case _:
            return 5000
