"""Serve every provider's front: credentials, bodies and limits, commands, refusals.

A front is pure (providers/ports/front.py); all that touches a request is here and beside it.
"""

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlencode

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tracker.domain.access import Scope as AccessScope
from tracker.domain.errors import InvalidRequest
from tracker.domain.records import replace_fields
from tracker.domain.task import replace_unknown_state
from tracker.domain.validation import is_blank
from tracker.providers.ports.commands import (
    Command,
    Create,
    Fixed,
    Media,
    OneFile,
    OpenForm,
    PageFiles,
    PassOn,
    Secret,
    Upload,
)
from tracker.providers.ports.front import Front, Shown
from tracker.providers.ports.front_call import (
    PASSING,
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)
from tracker.providers.ports.provider import Provider
from tracker.web.edge.auth import admit
from tracker.web.edge.body import read_json
from tracker.web.edge.browsers import allow_reading, answer_preflight
from tracker.web.edge.forms import read_json_or_form
from tracker.web.edge.problems import build_headers, request_id
from tracker.web.edge.slashes import remove_repeat, split_path
from tracker.web.edge.state import get_services
from tracker.web.edge.whole_answers import answer_with
from tracker.web.fronts.commands import build_media_url, run
from tracker.web.fronts.files import put_files
from tracker.web.fronts.own_urls import put_own_urls
from tracker.web.fronts.passing import PassingFront
from tracker.web.fronts.refusals import build_refusal
from tracker.web.fronts.streaming import StreamedTask
from tracker.web.fronts.uploaded_files import (
    NOT_KEPT_HERE,
    NOTHING_KEPT,
    find_file,
    list_files,
    send_file,
)
from tracker.web.fronts.uploads import has_reachable_uploads, keep_upload, open_form

log = logging.getLogger(__name__)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""All: providers have words of their own for the wrong one."""
_MOST_BEFORE = 2
"""Parts that a client's base URL may have behind the prefix, such as `api/v1`."""


class FrontHost:
    """The front of one provider under one prefix, as an ASGI app."""

    def __init__(self, provider: str, front: Front, prefix: str) -> None:
        """prefix: e.g. `/NAME`; empty at the root."""
        self._provider = provider
        self._front = front
        self._prefix = prefix
        self._passing = PassingFront(provider, front)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong is told in the provider's envelope."""
        request = Request(scope, receive, send)
        try:
            response = answer_preflight(request) or await self._answer(request)
        except Exception as error:  # noqa: BLE001 - this is where exceptions become answers
            response = self._answer_error(error, self._call(request))
        allow_reading(request, response)
        await answer_with(response, scope, receive, send)

    def list_routes(self) -> list[Route]:
        """Return the routes that lead here."""
        if self._prefix:
            paths = [self._prefix, f"{self._prefix}/{{rest:path}}"]
            return [Route(path, self, methods=METHODS) for path in paths]
        paths = [f"/{root}{tail}" for root in self._front.roots for tail in ("", "/{tail:path}")]
        return [Route(path, self, methods=METHODS) for path in paths]

    def answer_unrouted(self, request: Request) -> Response | None:
        """Answer a path that nothing serves where it looks like the front's; None elsewhere."""
        call = self._call(request)
        if self._prefix or not self._front.is_own_path(call.path):
            return None
        return self._render_refusal(
            FrontRefusal(Fault.NO_ROUTE, f"there is no {call.path[:128]!r}"), call
        )

    async def _answer(self, request: Request) -> Response:
        call = self._call(request)
        scope = self._front.get_scope(call)
        is_spared = self._front.spares_reads and scope is AccessScope.TASKS_READ
        await admit(
            request,
            scope,
            schemes=self._front.schemes,
            fields=self._front.key_fields,
            is_counted=not is_spared,
        )
        command = self._front.read(call)
        digest = sha256(f"{self._provider} {call.path} {urlencode(call.query)}".encode())
        if isinstance(command, WantsBody):
            call = replace_fields(call, body=await _read_body(request, command, digest))
            command = self._front.read(call)
        request.scope["state"]["fingerprint"] = digest.digest()
        if isinstance(command, FrontRefusal):
            return self._render_refusal(command, call)
        assert not isinstance(command, WantsBody)  # noqa: S101 - it has the body
        return await self._run(request, call, command)

    async def _run(self, request: Request, call: FrontCall, command: Command) -> Response:
        match command:
            case PassOn():
                return await self._passing.pass_on(request, command)
            case Fixed(answer=answer):
                return _build_response(answer)
            case Media():
                url = await build_media_url(request, self._provider, command)
                return Response(status_code=302, headers={"location": url})
            case Create(stream=stream) if stream is not None:
                shown = await run(request, self._provider, command)
                return StreamedTask(request, shown.tasks[0], stream)
            case Upload(otherwise=name) | OpenForm(otherwise=name) if not has_reachable_uploads(
                request
            ):
                if not name:
                    return self._render_refusal(FrontRefusal(Fault.NOT_SERVED, NOTHING_KEPT), call)
                return await self._passing.pass_on(request, PassOn(name))
            case PageFiles() | OneFile():
                return await self._answer_file_call(request, call, command)
            case Upload():
                shown = Shown(file=await keep_upload(request, self._provider, command))
            case OpenForm():
                asked = await _read_body(request, WantsBody(), sha256())
                shown = Shown(form=open_form(request, command, asked))
            case Secret():
                shown = Shown(secret=get_services(request).callback_secret)
            case _:
                shown = await run(
                    request, self._provider, command, shows_input=self._front.shows_input
                )
                shown = await put_own_urls(request, self._provider, shown)
                if any(replace_unknown_state(task) is not task for task in shown.tasks):
                    shown = replace(
                        shown, tasks=[replace_unknown_state(task) for task in shown.tasks]
                    )
        answer = self._front.show(call, command, shown, request_id())
        is_read = answer.has_files or answer.file is not None
        return await put_files(request, answer) if is_read else _build_response(answer)

    async def _answer_file_call(
        self, request: Request, call: FrontCall, command: PageFiles | OneFile
    ) -> Response:
        """Answer a call about files that were uploaded here before."""
        if not has_reachable_uploads(request):
            return self._render_refusal(FrontRefusal(Fault.NOT_SERVED, NOT_KEPT_HERE), call)
        if isinstance(command, PageFiles):
            shown = await list_files(request, self._provider, command)
        elif command.action == "send":
            return await send_file(request, self._provider, command)
        else:
            shown = Shown(file=await find_file(request, self._provider, command))
        return _build_response(self._front.show(call, command, shown, request_id()))

    def _call(self, request: Request) -> FrontCall:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        call = FrontCall(
            method=request.method,
            path="/".join(split_path(path.removeprefix(self._prefix))),
            at=get_services(request).clock.now(),
            base=_find_base(request) + self._prefix,
            query=_set_parameters(request) if request.scope["query_string"] else (),
            headers={  # whose names ASGI servers write in lower case
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in request.scope["headers"]
            },
        )
        return self._remove_repeats(self._front.resolve_address(call))

    def _remove_repeats(self, call: FrontCall) -> FrontCall:
        """Take out what a client wrote twice, where the front has no such path otherwise.

        The parts of the prefix, and those that paths begin with, e.g. a version.
        """
        before, parts = split_path(self._prefix), split_path(call.path)
        whole = [*before, *parts]
        if len(set(whole)) == len(whole):
            return call
        for more in range(_MOST_BEFORE + 1):
            whole = remove_repeat(whole, len(before) + more, least=more)
        if whole == [*before, *parts]:
            return call
        try:
            found = self._front.read(call)
        except InvalidRequest:
            return call
        is_unknown = isinstance(found, FrontRefusal) and found.fault is Fault.NO_ROUTE
        return replace(call, path="/".join(whole[len(before) :])) if is_unknown else call

    def _answer_error(self, error: Exception, call: FrontCall) -> Response:
        refusal = build_refusal(error)
        if refusal.fault is Fault.INTERNAL:
            log.error(
                "unhandled in the front of %(provider)s",
                {"provider": self._provider},
                exc_info=error,
            )
        return self._render_refusal(refusal, call, build_headers(error))

    def _render_refusal(
        self, refusal: FrontRefusal, call: FrontCall, headers: Mapping[str, str] | None = None
    ) -> Response:
        answer = self._front.refuse(refusal, request_id(), call)
        more = dict(headers or {})
        if self._front.heeds_should_retry and refusal.fault not in PASSING:
            more["x-should-retry"] = "false"
        return _build_response(replace(answer, headers={**answer.headers, **more}))


@dataclass(frozen=True, slots=True)
class ServedFronts:
    """The fronts of a service, and where they stand.

    providers: those whose fronts are served.
    prefixes:  paths besides a front's own, by provider.
    names:     of providers, by the host name on which their front answers alone.
    """

    providers: Mapping[str, Provider]
    prefixes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def list_hosts(self) -> list[FrontHost]:
        """Return a host for each prefix of each front, those at the root last."""
        found = [
            (prefix, FrontHost(name, provider.front, prefix))
            for name, provider in self.providers.items()
            if provider.front is not None
            for prefix in dict.fromkeys([*provider.front.prefixes, *self.prefixes.get(name, ())])
        ]
        return [host for _, host in sorted(found, key=lambda pair: not pair[0])]

    def map_hosts(self) -> dict[str, FrontHost]:
        """Return the fronts that stand on host names of their own."""
        found = {host: (name, self.providers[name].front) for host, name in self.names.items()}
        return {
            host: FrontHost(name, front, "")
            for host, (name, front) in found.items()
            if front is not None
        }


def build_front_routes(hosts: Sequence[FrontHost]) -> list[Route]:
    """Return the routes of all of them."""
    return [route for host in hosts for route in host.list_routes()]


class FrontsByHost:
    """Let a front answer everything that is asked of a host name of its own, as an ASGI app."""

    def __init__(self, app: ASGIApp, fronts: Mapping[str, FrontHost]) -> None:
        """app: answers on all other names. fronts: by host name, lower-case, without a port."""
        self._app = app
        self._fronts = fronts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        front = None
        if scope["type"] == "http":
            host = Request(scope).headers.get("host", "")
            front = self._fronts.get(re.sub(r":\d*$", "", host).lower())
        await (self._app if front is None else front)(scope, receive, send)


def _find_base(request: Request) -> str:
    """Return the address of the service as the client sees it, without a slash at its end."""
    scope = request.scope
    host = next((value for name, value in scope["headers"] if name == b"host"), None)
    server = scope.get("server")
    root = scope.get("app_root_path", scope.get("root_path", ""))
    return _build_address(scope["scheme"], host, None if server is None else tuple(server), root)


@lru_cache(maxsize=256)
def _build_address(
    scheme: str, host: bytes | None, server: tuple[str, int | None] | None, root: str
) -> str:
    """Build an address; few are asked for, and again and again."""
    headers = [] if host is None else [(b"host", host)]
    scope = {"type": "http", "scheme": scheme, "server": server, "headers": headers}
    return str(Request(scope | {"root_path": root}).base_url).rstrip("/")


async def _read_body(
    request: Request, wanted: WantsBody, digest: "hashlib._Hash"
) -> dict[str, object]:
    limits = get_services(request).limits
    most = limits.body_bytes if wanted.most_bytes is None else wanted.most_bytes
    read = read_json_or_form if wanted.or_form else read_json
    return await read(
        request,
        limit=min(most, limits.body_bytes),
        timeout_s=limits.body_timeout_s,
        digest=digest,
    )


def _build_response(answer: FrontAnswer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=dict(answer.headers))
    return Response(to_json(answer.body), answer.status, dict(answer.headers), "application/json")


def _set_parameters(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of a query that have a value, as generated clients write them all."""
    return [one for one in request.query_params.multi_items() if not is_blank(one[1])]
