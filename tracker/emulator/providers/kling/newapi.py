"""A relay that runs new-api: an OpenAI-like create, and queries that wrap the provider's answer.

Source: https://github.com/QuantumNous/new-api (relay/channel/task/kling/adaptor.go,
relay/relay_task.go, router/video-router.go), read 2026-11.
"""

import time
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from tracker.emulator.core.calls import ApiCall, Reply
from tracker.emulator.core.refusals import Refusal
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.kling.auth import authenticate
from tracker.emulator.providers.kling.create_request import CreateFields, read_legacy_fields
from tracker.emulator.providers.kling.details import KlingTask
from tracker.emulator.providers.kling.gateways import build_newapi_record
from tracker.emulator.providers.kling.operations import OPERATIONS, KlingDialect
from tracker.emulator.providers.kling.refusals import (
    NOT_FOUND,
    KlingRefusal,
    convert_to_kling,
    parse_body,
)
from tracker.emulator.providers.kling.task_access import KlingCreate, KlingTaskAccess
from tracker.emulator.providers.kling.validation import check_create

__all__ = ["NewApiService"]

_SERVED = ("videos/text2video", "videos/image2video")
_TOO_MANY = {1302, 1303}


class NewApiService:
    """`{host}/kling/v1/videos/{text2video,image2video}[/{id}]`."""

    def __init__(self, tasks: KlingTaskAccess) -> None:
        """Answer from these tasks."""
        self._tasks = tasks
        self._engine = tasks.engine
        self._config = tasks.engine.emulator.config
        self.prefixes: Sequence[str] = ("/new-api",)

    async def answer(self, call: ApiCall) -> Reply:
        """Answer one call; raises Refusal."""
        header = call.headers.get("authorization")
        account = authenticate(header, self._config, now=time.time(), takes_pairs=False)
        path = call.path.removeprefix("/kling/v1/")
        for served in _SERVED:
            if call.method == "POST" and path == served:
                return Reply(await self._create(call, account, served))
            if call.method == "GET" and path.startswith(f"{served}/"):
                reference = unquote(path.removeprefix(f"{served}/"))
                task = await self._tasks.find(account, reference, _is_named(reference))
                return Reply(build_newapi_record(task))
        raise KlingRefusal(1203, "Invalid URL")

    def refuse(self, refusal: Refusal, _call: ApiCall) -> Reply:
        """Word a refusal."""
        refused = convert_to_kling(refusal)
        word = "fail_to_fetch_task"
        status = 429 if refused.code in _TOO_MANY else 400
        if refused.message == NOT_FOUND:
            word = "task_not_exist"
        elif refused.code >= 5000:
            status = 500
        elif 1000 <= refused.code < 1100:
            word, status = "invalid_token", 401
        return Reply({"code": word, "message": refused.message, "data": None}, status)

    async def _create(self, call: ApiCall, account: str, path: str) -> object:
        operation, body = OPERATIONS[path], parse_body(call.raw)

        def read(_scenario: Scenario) -> CreateFields:
            check_create(operation, body)
            return read_legacy_fields(body, operation)  # the callback URL goes upstream unchanged

        form = KlingCreate(
            account=account,
            operation=operation,
            dialect=KlingDialect.NEW_API,
            model=str(body.get("model_name") or body.get("model") or "kling-v1"),
            body=body,
            read=read,
            external_id=body.get("external_task_id"),
            call=call,
        )
        task = await self._tasks.create(form)
        return {
            "id": task.task_id,
            "task_id": task.task_id,
            "object": "video",
            "model": task.details.model,
            "status": "queued",
            "progress": 0,
            "created_at": task.created_at // 1000,
        }


def _is_named(reference: str) -> Callable[[KlingTask], bool]:
    """Match a task by this gateway's own id alone."""
    return lambda task: task.details.dialect is KlingDialect.NEW_API and task.task_id == reference
