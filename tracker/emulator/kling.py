"""The provider's front door: which call does what, and what its scenario makes of the answer.

Source: reference: Kling API, legacy capability pages and error-codes page, as of 2026-09.
"""

import time
from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tracker.emulator.answers import json_answer, spoiled
from tracker.emulator.auth import authenticate
from tracker.emulator.engine import Emulator, Order, RequestRecord
from tracker.emulator.faults import Spoiled, after_creation
from tracker.emulator.journal import trimmed
from tracker.emulator.operations import Operation
from tracker.emulator.reading import (
    base_url_of,
    find_target,
    logged_body,
    marked_texts,
    parse_body,
    query_number,
    read_body,
    try_key,
)
from tracker.emulator.scenario import Name, Scenario, ScenarioError, find_marker
from tracker.emulator.validation import check_create
from tracker.emulator.wire import (
    HTTP_STATUS,
    Refusal,
    costs_view,
    created_view,
    envelope,
    error_body,
    task_view,
)

__all__ = ["KlingFront"]

_NOT_FOUND = "Task not found by id/external id"


class KlingFront:
    """ASGI app for everything the provider serves."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer from this emulator."""
        self._emulator = emulator
        self._prefixes = sorted(emulator.config.path_prefixes, key=len, reverse=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and write it down."""
        request = Request(scope, receive)
        record = RequestRecord(
            at=self._emulator.now_ms(),
            method=request.method,
            path=scope["path"][:500],
            query=scope["query_string"][:500].decode("latin-1"),
        )
        self._emulator.requests.add(record)
        try:
            response = await self._answer(request, record)
        except ClientDisconnect:
            record.answer = "caller went away"
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, record: RequestRecord) -> Response:
        request_id = self._emulator.new_request_id()
        headers = {}
        try:
            data, scenario = await self._data(request, record)
            status, body = 200, envelope(data, request_id=request_id, scenario=scenario)
        except _Spoil as spoil:
            record.answer = spoil.how.value
            return spoiled(spoil.how, self._emulator.closing)
        except Refusal as refusal:
            status, body = HTTP_STATUS[refusal.code], error_body(refusal, request_id=request_id)
            if refusal.retry_after is not None:
                headers["retry-after"] = str(refusal.retry_after)
        record.status, record.answer = status, trimmed(body)
        return json_answer(body, status, headers)

    async def _data(self, request: Request, record: RequestRecord) -> tuple[object, Scenario]:
        """`data` of the answer, and the scenario that shapes its envelope."""
        emulator = self._emulator
        raw = await read_body(request, most=emulator.config.max_body_bytes)
        if raw:
            record.body = trimmed(logged_body(raw))
        if emulator.scenario.has(Name.DOWN):
            raise Refusal(5001, "Server temporarily unavailable, usually for maintenance")
        header = request.headers.get("authorization")
        account = authenticate(header, emulator.config, now=time.time())
        target = find_target(request, self._prefixes)
        if request.method == "POST" and target.operation is not None and not target.reference:
            base_url = emulator.config.public_url or base_url_of(request)
            return await self._create(account, target.operation, raw, base_url.rstrip("/"))
        if request.method != "GET":
            raise Refusal(1202, "The requested method is invalid")
        if target.operation is None:
            return _costs(request), emulator.scenario
        if target.reference:
            return await self._query(account, target.operation, target.reference)
        return self._list(account, target.operation, request), emulator.scenario

    async def _create(
        self, account: str, operation: Operation, raw: bytes, base_url: str
    ) -> tuple[object, Scenario]:
        body = parse_body(raw)
        scenario = self._scenario_of(body)
        if scenario.has(Name.REFUSED):
            raise Refusal(1301, "The content is blocked by the content safety policy")
        check_create(operation, body)
        trouble = self._emulator.faults.before_creation(
            scenario, (account, try_key(body, raw)), now=self._emulator.timeline.now()
        )
        if trouble is not None:
            _raise(trouble)
        task = self._emulator.make(
            Order(
                account=account,
                operation=operation,
                scenario=scenario,
                body=body,
                base_url=base_url,
            )
        )
        if scenario.has(Name.CALLBACK_FIRST):
            await self._emulator.rush(task)
        trouble = after_creation(scenario)
        if trouble is not None:
            _raise(trouble)
        return created_view(task), scenario

    async def _query(
        self, account: str, operation: Operation, reference: str
    ) -> tuple[object, Scenario]:
        emulator = self._emulator
        task = emulator.book.find(account, reference)
        if task is not None and task.operation is not operation:
            task = None
        scenario = task.scenario if task else emulator.scenario
        if scenario.has(Name.SLOW_QUERY):
            await emulator.timeline.sleep(scenario.seconds(Name.SLOW_QUERY))
        if scenario.has(Name.MUTE_QUERY) and emulator.faults.persists(
            (Name.MUTE_QUERY, account, reference),
            scenario.tries(Name.MUTE_QUERY),
            now=emulator.timeline.now(),
        ):
            raise Refusal(5000, "Server internal error")
        if task is None or emulator.is_forgotten(task):
            raise Refusal(1201, _NOT_FOUND)
        return task_view(task), scenario

    def _list(self, account: str, operation: Operation, request: Request) -> list[dict[str, Any]]:
        number = query_number(request, "pageNum", default=1, most=1000)
        size = query_number(request, "pageSize", default=30, most=500)
        tasks = self._emulator.book.page(account, operation, number=number, size=size)
        return [task_view(task) for task in tasks if not self._emulator.is_forgotten(task)]

    def _scenario_of(self, body: Mapping[str, object]) -> Scenario:
        """The body field wins over a marker in a text, and that over the global scenario."""
        named = body.get("emulator_scenario")
        if named is None:
            named = next(filter(None, map(find_marker, marked_texts(body))), None)
        if named is None:
            return self._emulator.scenario
        try:
            return Scenario.parse(named if isinstance(named, str) else repr(named))
        except ScenarioError as problem:
            raise Refusal(1201, str(problem)) from problem


class _Spoil(Exception):
    """Carries an answer that is none out of the handler."""

    def __init__(self, how: Spoiled) -> None:
        super().__init__(how)
        self.how = how


def _raise(trouble: Refusal | Spoiled) -> NoReturn:
    if isinstance(trouble, Spoiled):
        raise _Spoil(trouble)
    # A copy: the table's own exception would collect tracebacks.
    raise Refusal(trouble.code, trouble.message, retry_after=trouble.retry_after)


def _costs(request: Request) -> dict[str, Any]:
    for name in ("start_time", "end_time"):
        query_number(request, name, least=0, most=10**15)
    return costs_view()
