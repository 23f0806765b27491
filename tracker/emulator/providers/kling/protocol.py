"""The provider's own protocol: legacy and new standard, helper calls, the account.

Source: https://kling.ai/document-api (capability, new-standard and error-code pages), read 2026-09.
"""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from tracker.emulator.core.calls import ApiCall, Reply
from tracker.emulator.core.refusals import Refusal
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.kling.auth import authenticate
from tracker.emulator.providers.kling.create_request import (
    CreateFields,
    read_legacy_fields,
    read_standard_fields,
)
from tracker.emulator.providers.kling.details import KlingTask
from tracker.emulator.providers.kling.deviations import deform_error
from tracker.emulator.providers.kling.helpers import HELPERS, answer_helper, is_account
from tracker.emulator.providers.kling.operations import (
    OPERATIONS,
    PRODUCTS,
    SOLUTIONS,
    KlingDialect,
    KlingOperation,
)
from tracker.emulator.providers.kling.refusals import (
    HTTP_STATUS,
    NOT_FOUND,
    KlingRefusal,
    convert_to_kling,
    parse_body,
    query_number,
)
from tracker.emulator.providers.kling.standard import build_created_view as new_created_view
from tracker.emulator.providers.kling.standard import build_task_view as new_task_view
from tracker.emulator.providers.kling.standard import check_body, list_page, read_named_ids
from tracker.emulator.providers.kling.task_access import KlingCreate, KlingTaskAccess
from tracker.emulator.providers.kling.validation import check_create, find_field
from tracker.emulator.providers.kling.wire import (
    build_created_view,
    build_envelope,
    build_error_body,
    build_mixed_view,
    build_task_view,
)
from tracker.emulator.providers.kling.words import KlingWord

__all__ = ["KlingService"]

_NO_SUCH_PATH = "The requested resource does not exist"
_WRONG_METHOD = "The requested method is invalid"


class KlingService:
    """The provider's own protocol."""

    def __init__(self, tasks: KlingTaskAccess) -> None:
        """Answer from these tasks."""
        self._tasks = tasks
        self._engine = tasks.engine
        self._config = tasks.engine.emulator.config
        self.prefixes: Sequence[str] = ("", "/kling", "/proxy/kling")

    async def answer(self, call: ApiCall) -> Reply:
        """Answer one call; raises Refusal."""
        parts = call.path.strip("/").split("/")
        is_legacy = parts[0] == "v1" or parts[:1] == ["account"]
        account = authenticate(
            call.headers.get("authorization"),
            self._config,
            now=time.time(),
            takes_pairs=is_legacy,
        )
        if is_legacy:
            data, scenario = await self._answer_legacy(call, account, parts)
        else:
            data, scenario = await self._answer_standard(call, account, parts)
        return Reply(build_envelope(data, request_id=call.request_id, scenario=scenario))

    def refuse(self, refusal: Refusal, call: ApiCall) -> Reply:
        """Word a refusal."""
        refused = convert_to_kling(refusal)
        body = build_error_body(refused, request_id=call.request_id)
        is_not_found = refused.message == NOT_FOUND
        scenario = self._engine.scenario
        deviant = deform_error(body, refused.code, is_not_found=is_not_found, scenario=scenario)
        return Reply(deviant, HTTP_STATUS[refused.code])

    async def _answer_legacy(
        self, call: ApiCall, account: str, parts: list[str]
    ) -> tuple[object, Scenario]:
        """`data` of the answer, and the scenario that deforms it."""
        path = "/".join(parts[1:] if parts[0] == "v1" else parts)
        plain = self._engine.scenario
        if path in HELPERS or is_account(path):
            return answer_helper(path, call), plain
        operation, reference = _split_path(path)
        if call.method == "POST" and not reference:
            return await self._create(call, account, operation)
        if call.method != "GET":
            raise KlingRefusal(1202, _WRONG_METHOD)
        if reference:
            task = await self._tasks.find(
                account, reference, lambda t: t.details.operation is operation
            )
            return build_task_view(task), task.scenario
        return self._list(account, operation, call), plain

    async def _create(
        self, call: ApiCall, account: str, operation: KlingOperation
    ) -> tuple[object, Scenario]:
        body = parse_body(call.raw)

        def read(scenario: Scenario) -> CreateFields:
            check_create(operation, body)
            field = KlingWord.CALLBACK_FIELD
            named = scenario.read_word(field) if scenario.has(field) else "callback_url"
            return read_legacy_fields(body, operation, callback_field=named)

        task = await self._tasks.create(
            KlingCreate(
                account=account,
                operation=operation,
                body=body,
                read=read,
                external_id=body.get("external_task_id"),
                call=call,
            )
        )
        return build_created_view(task), task.scenario

    def _list(self, account: str, operation: KlingOperation, call: ApiCall) -> list[dict[str, Any]]:
        number = query_number(call.params, "pageNum", default=1, most=1000)
        size = query_number(call.params, "pageSize", default=30, most=500)
        tasks = self._engine.registry.list_newest(
            account, lambda t: t.details.operation is operation
        )
        page = tasks[(number - 1) * size : number * size]
        return [build_task_view(task) for task in page if self._engine.is_listed(task)]

    async def _answer_standard(
        self, call: ApiCall, account: str, parts: list[str]
    ) -> tuple[object, Scenario]:
        match call.method, parts:
            case (("GET" | "POST"), [("tasks" | "solutions") as table]):
                if call.method == "GET":
                    return await self._find_named(call, account, table), self._engine.scenario
                body = parse_body(call.raw)
                tasks = self._engine.registry.list_newest(
                    account, lambda t: self._is_visible(t, table) and self._engine.is_listed(t)
                )
                page = list_page(tasks, body, now=self._engine.get_now_ms())
                return page, self._engine.scenario
            case "POST", ["solutions", name]:
                return await self._create_new(call, account, SOLUTIONS, unquote(name))
            case "POST", [product, model] if product in PRODUCTS:
                return await self._create_new(call, account, PRODUCTS[product], unquote(model))
            case "GET", [product, model, reference] if product in PRODUCTS:
                # Not the provider's own: one gateway's way to ask (scenario `mixed`).
                task = await self._tasks.find(account, unquote(reference), _is_mixed)
                return build_mixed_view(task), task.scenario
            case _, [product, *_] if product in PRODUCTS or product in {"tasks", "solutions"}:
                raise KlingRefusal(1202, _WRONG_METHOD)
        raise KlingRefusal(1203, _NO_SUCH_PATH)

    async def _create_new(
        self, call: ApiCall, account: str, operation: KlingOperation, model: str
    ) -> tuple[object, Scenario]:
        body = parse_body(call.raw)

        def read(_scenario: Scenario) -> CreateFields:
            check_body(operation, model, body)
            return read_standard_fields(body)

        task = await self._tasks.create(
            KlingCreate(
                account=account,
                operation=operation,
                dialect=KlingDialect.SOLUTION if operation is SOLUTIONS else KlingDialect.STANDARD,
                model=model,
                body=body,
                read=read,
                external_id=find_field(body, "options.external_task_id"),
                call=call,
            )
        )
        return new_created_view(task), task.scenario

    async def _find_named(self, call: ApiCall, account: str, table: str) -> list[dict[str, Any]]:
        kind, ids = read_named_ids(call.params)
        found: list[KlingTask] = []
        for id_ in dict.fromkeys(ids):
            task = self._engine.registry.find(account, id_)
            if task is None or not self._is_visible(task, table):
                continue
            if id_ == (task.task_id if kind == "task_ids" else task.external_id):
                found.append(task)
        scenario = found[0].scenario if found else self._engine.scenario
        await self._engine.query_faults(account, ids[0], scenario)
        return [new_task_view(task) for task in found]

    def _is_visible(self, task: KlingTask, table: str) -> bool:
        """Show tasks of the legacy paths in `/tasks` too."""
        own = {
            "solutions": {KlingDialect.SOLUTION},
            "tasks": {KlingDialect.LEGACY, KlingDialect.STANDARD},
        }[table]
        return task.details.dialect in own and not self._engine.is_forgotten(task)


def _is_mixed(task: KlingTask) -> bool:
    return task.details.dialect is KlingDialect.STANDARD and task.scenario.has(KlingWord.MIXED)


def _split_path(path: str) -> tuple[KlingOperation, str]:
    """Return an operation, and the id behind it if there is one; raises KlingRefusal (1203)."""
    parts = path.split("/")
    for length in (3, 2):  # the longer name first: videos/avatar/image2video
        operation = OPERATIONS.get("/".join(parts[:length]))
        if operation is not None:
            return operation, unquote("/".join(parts[length:]))
    raise KlingRefusal(1203, _NO_SUCH_PATH)
