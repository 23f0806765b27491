"""A relay that runs new-api: an OpenAI-like create, and queries that wrap the provider's answer.

Source: reference: Kling API, gateways (§9, new-api: its adaptor, task relay and router), 2026-11.
"""

import time
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from tracker.emulator.core.engine import Emulator
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.task_access import Desk, Form
from tracker.emulator.core.tasks import Task
from tracker.emulator.http.gate import Call
from tracker.emulator.http.reading import parse_body, try_key
from tracker.emulator.providers.kling.auth import authenticate
from tracker.emulator.providers.kling.create_request import Wishes, legacy_wishes
from tracker.emulator.providers.kling.gateways import newapi_record
from tracker.emulator.providers.kling.operations import OPERATIONS, Dialect
from tracker.emulator.providers.kling.validation import check_create
from tracker.emulator.providers.kling.wire import NOT_FOUND, Refusal

__all__ = ["NewApi"]

_SERVED = ("videos/text2video", "videos/image2video")
_TOO_MANY = {1302, 1303}


class NewApi:
    """`{host}/kling/v1/videos/{text2video,image2video}[/{id}]`."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer from this emulator."""
        self._emulator = emulator
        self._desk = Desk(emulator)
        self.prefixes: Sequence[str] = ("/new-api",)

    async def answer(self, call: Call) -> object:
        """See Face."""
        header = call.headers.get("authorization")
        account = authenticate(header, self._emulator.config, now=time.time(), takes_pairs=False)
        path = call.path.removeprefix("/kling/v1/")
        for served in _SERVED:
            if call.method == "POST" and path == served:
                return await self._create(call, account, served)
            if call.method == "GET" and path.startswith(f"{served}/"):
                reference = unquote(path.removeprefix(f"{served}/"))
                return newapi_record(
                    await self._desk.look(account, reference, _is_named(reference))
                )
        raise Refusal(1203, "Invalid URL")

    def refuse(self, refusal: Refusal, _call: Call) -> tuple[int, object]:
        """See Face: a word as the code, and `data: null`."""
        word = "fail_to_fetch_task"
        status = 429 if refusal.code in _TOO_MANY else 400
        if refusal.message == NOT_FOUND:
            word = "task_not_exist"
        elif refusal.code >= 5000:
            status = 500
        elif 1000 <= refusal.code < 1100:
            word, status = "invalid_token", 401
        return status, {"code": word, "message": refusal.message, "data": None}

    async def _create(self, call: Call, account: str, path: str) -> object:
        operation, body = OPERATIONS[path], parse_body(call.raw)

        def read(_scenario: Scenario) -> Wishes:
            check_create(operation, body)
            return legacy_wishes(body, operation)  # the callback URL goes upstream unchanged

        form = Form(
            account=account,
            operation=operation,
            dialect=Dialect.NEW_API,
            model=str(body.get("model_name") or body.get("model") or "kling-v1"),
            body=body,
            read=read,
            try_key=try_key(body.get("external_task_id"), call.raw),
            base_url=call.base_url,
        )
        task = await self._desk.create(form)
        return {
            "id": task.task_id,
            "task_id": task.task_id,
            "object": "video",
            "model": task.model,
            "status": "queued",
            "progress": 0,
            "created_at": task.created_at // 1000,
        }


def _is_named(reference: str) -> Callable[[Task], bool]:
    """It knows tasks by its own id alone."""
    return lambda task: task.dialect is Dialect.NEW_API and task.task_id == reference
