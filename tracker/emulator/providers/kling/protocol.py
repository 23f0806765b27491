"""The provider's own protocol: legacy and new standard, helper calls, the account.

Source: reference: Kling API, capability, new-standard and error-codes pages, as of 2026-09.
"""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from tracker.emulator.core.engine import Emulator
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.task_access import Desk, Form
from tracker.emulator.core.tasks import Task
from tracker.emulator.http.gate import Call
from tracker.emulator.http.reading import parse_body, query_number, try_key
from tracker.emulator.providers.kling.auth import authenticate
from tracker.emulator.providers.kling.create_request import Wishes, legacy_wishes, standard_wishes
from tracker.emulator.providers.kling.deviations import odd_error
from tracker.emulator.providers.kling.helpers import HELPERS, helper_answer, is_account
from tracker.emulator.providers.kling.operations import (
    OPERATIONS,
    PRODUCTS,
    SOLUTIONS,
    Dialect,
    Operation,
)
from tracker.emulator.providers.kling.standard import check_body, list_page, named_ids
from tracker.emulator.providers.kling.standard import created_view as new_created_view
from tracker.emulator.providers.kling.standard import task_view as new_task_view
from tracker.emulator.providers.kling.validation import check_create, field_of
from tracker.emulator.providers.kling.wire import (
    HTTP_STATUS,
    NOT_FOUND,
    Refusal,
    created_view,
    envelope,
    error_body,
    mixed_view,
    task_view,
)
from tracker.emulator.providers.kling.words import Name

__all__ = ["Kling"]

_NO_SUCH_PATH = "The requested resource does not exist"
_WRONG_METHOD = "The requested method is invalid"


class Kling:
    """The face of the provider itself."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer from this emulator."""
        self._emulator = emulator
        self._desk = Desk(emulator)
        self.prefixes: Sequence[str] = emulator.config.path_prefixes

    async def answer(self, call: Call) -> object:
        """See Face."""
        parts = call.path.strip("/").split("/")
        is_legacy = parts[0] == "v1" or parts[:1] == ["account"]
        account = authenticate(
            call.headers.get("authorization"),
            self._emulator.config,
            now=time.time(),
            takes_pairs=is_legacy,
        )
        if is_legacy:
            data, scenario = await self._legacy(call, account, parts)
        else:
            data, scenario = await self._standard(call, account, parts)
        return envelope(data, request_id=call.request_id, scenario=scenario)

    def refuse(self, refusal: Refusal, call: Call) -> tuple[int, object]:
        """See Face."""
        body = error_body(refusal, request_id=call.request_id)
        is_not_found = refusal.message == NOT_FOUND
        scenario = self._emulator.scenario
        odd = odd_error(body, refusal.code, is_not_found=is_not_found, scenario=scenario)
        return HTTP_STATUS[refusal.code], odd

    async def _legacy(self, call: Call, account: str, parts: list[str]) -> tuple[object, Scenario]:
        """`data` of the answer, and the scenario that deforms it."""
        path = "/".join(parts[1:] if parts[0] == "v1" else parts)
        plain = self._emulator.scenario
        if path in HELPERS or is_account(path):
            return helper_answer(path, call), plain
        operation, reference = _split(path)
        if call.method == "POST" and not reference:
            return await self._create(call, account, operation)
        if call.method != "GET":
            raise Refusal(1202, _WRONG_METHOD)
        if reference:
            task = await self._desk.look(account, reference, lambda t: t.operation is operation)
            return task_view(task), task.scenario
        return self._list(account, operation, call), plain

    async def _create(
        self, call: Call, account: str, operation: Operation
    ) -> tuple[object, Scenario]:
        body = parse_body(call.raw)

        def read(scenario: Scenario) -> Wishes:
            check_create(operation, body)
            field = Name.CALLBACK_FIELD
            named = scenario.word(field) if scenario.has(field) else "callback_url"
            return legacy_wishes(body, operation, callback_field=named)

        task = await self._desk.create(
            Form(
                account=account,
                operation=operation,
                body=body,
                read=read,
                try_key=try_key(body.get("external_task_id"), call.raw),
                base_url=call.base_url,
            )
        )
        return created_view(task), task.scenario

    def _list(self, account: str, operation: Operation, call: Call) -> list[dict[str, Any]]:
        number = query_number(call.params, "pageNum", default=1, most=1000)
        size = query_number(call.params, "pageSize", default=30, most=500)
        tasks = [t for t in self._emulator.book.of(account) if t.operation is operation]
        page = tasks[(number - 1) * size : number * size]
        return [task_view(task) for task in page if not self._emulator.is_forgotten(task)]

    async def _standard(
        self, call: Call, account: str, parts: list[str]
    ) -> tuple[object, Scenario]:
        match call.method, parts:
            case (("GET" | "POST"), [("tasks" | "solutions") as table]):
                if call.method == "GET":
                    return await self._named(call, account, table), self._emulator.scenario
                body = parse_body(call.raw)
                tasks = [t for t in self._emulator.book.of(account) if self._is_visible(t, table)]
                page = list_page(tasks, body, now=self._emulator.now_ms())
                return page, self._emulator.scenario
            case "POST", ["solutions", name]:
                return await self._create_new(call, account, SOLUTIONS, unquote(name))
            case "POST", [product, model] if product in PRODUCTS:
                return await self._create_new(call, account, PRODUCTS[product], unquote(model))
            case "GET", [product, model, reference] if product in PRODUCTS:
                # Not the provider's own: one gateway's way to ask (scenario `mixed`).
                task = await self._desk.look(account, unquote(reference), _is_mixed)
                return mixed_view(task), task.scenario
            case _, [product, *_] if product in PRODUCTS or product in {"tasks", "solutions"}:
                raise Refusal(1202, _WRONG_METHOD)
        raise Refusal(1203, _NO_SUCH_PATH)

    async def _create_new(
        self, call: Call, account: str, operation: Operation, model: str
    ) -> tuple[object, Scenario]:
        body = parse_body(call.raw)

        def read(_scenario: Scenario) -> Wishes:
            check_body(operation, model, body)
            return standard_wishes(body)

        task = await self._desk.create(
            Form(
                account=account,
                operation=operation,
                dialect=Dialect.SOLUTION if operation is SOLUTIONS else Dialect.STANDARD,
                model=model,
                body=body,
                read=read,
                try_key=try_key(field_of(body, "options.external_task_id"), call.raw),
                base_url=call.base_url,
            )
        )
        return new_created_view(task), task.scenario

    async def _named(self, call: Call, account: str, table: str) -> list[dict[str, Any]]:
        kind, ids = named_ids(call.params)
        found: list[Task] = []
        for id_ in dict.fromkeys(ids):
            task = self._emulator.book.find(account, id_)
            if task is None or not self._is_visible(task, table):
                continue
            if id_ == (task.task_id if kind == "task_ids" else task.external_id):
                found.append(task)
        scenario = found[0].scenario if found else self._emulator.scenario
        await self._desk.trouble_query(account, ids[0], scenario)
        return [new_task_view(task) for task in found]

    def _is_visible(self, task: Task, table: str) -> bool:
        """Tasks of the legacy paths stand in `/tasks` too."""
        own = {"solutions": {Dialect.SOLUTION}, "tasks": {Dialect.LEGACY, Dialect.STANDARD}}[table]
        return task.dialect in own and not self._emulator.is_forgotten(task)


def _is_mixed(task: Task) -> bool:
    return task.dialect is Dialect.STANDARD and task.scenario.has(Name.MIXED)


def _split(path: str) -> tuple[Operation, str]:
    """An operation, and the id behind it if there is one; raises Refusal (1203)."""
    parts = path.split("/")
    for length in (3, 2):  # the longer name first: videos/avatar/image2video
        operation = OPERATIONS.get("/".join(parts[:length]))
        if operation is not None:
            return operation, unquote("/".join(parts[length:]))
    raise Refusal(1203, _NO_SUCH_PATH)
