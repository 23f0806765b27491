"""AceDataCloud: a create that blocks until the end unless told otherwise; queries by POST.

Source: the pages of https://api.acedata.cloud/kling/videos, read 2026-11.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.emulator.core.calls import ApiCall, Reply
from tracker.emulator.core.refusals import Refusal
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.kling.auth import authenticate
from tracker.emulator.providers.kling.create_request import CreateFields, read_seconds, read_text
from tracker.emulator.providers.kling.gateways import build_acedata_final, build_acedata_record
from tracker.emulator.providers.kling.operations import OPERATIONS, KlingDialect
from tracker.emulator.providers.kling.refusals import (
    HTTP_STATUS,
    NOT_FOUND,
    KlingRefusal,
    convert_to_kling,
    parse_body,
)
from tracker.emulator.providers.kling.task_access import KlingCreate, KlingTaskAccess
from tracker.emulator.providers.kling.validation import check_callback_url

__all__ = ["AceDataService"]

_ACTIONS: Mapping[str, str] = {
    "text2video": "videos/text2video",
    "image2video": "videos/image2video",
    "extend": "videos/video-extend",
}


class AceDataService:
    """`POST {host}/kling/videos` and `POST {host}/kling/tasks`."""

    def __init__(self, tasks: KlingTaskAccess) -> None:
        """Answer from these tasks."""
        self._tasks = tasks
        self._engine = tasks.engine
        self._config = tasks.engine.emulator.config
        self.prefixes: Sequence[str] = ("/acedata",)

    async def answer(self, call: ApiCall) -> Reply:
        """Answer one call; raises Refusal."""
        header = call.headers.get("authorization")
        account = authenticate(header, self._config, now=time.time(), takes_pairs=False)
        if call.method == "POST" and call.path == "/kling/videos":
            return Reply(await self._create(call, account))
        if call.method == "POST" and call.path == "/kling/tasks":
            return Reply(await self._query(call, account))
        raise KlingRefusal(1203, "not found")

    def refuse(self, refusal: Refusal, call: ApiCall) -> Reply:
        """Word a refusal."""
        refused = convert_to_kling(refusal)
        status = 404 if refused.message == NOT_FOUND else HTTP_STATUS[refused.code]
        words = {
            400: "bad_request",
            401: "invalid_token",
            404: "not_found",
            429: "too_many_requests",
        }
        error = {"code": words.get(status, "api_error"), "message": refused.message}
        return Reply({"success": False, "error": error, "trace_id": call.request_id}, status)

    async def _create(self, call: ApiCall, account: str) -> dict[str, Any]:
        body = parse_body(call.raw)
        action = str(body.get("action"))
        if action not in _ACTIONS:
            raise KlingRefusal(1201, "action is invalid")

        def read(_scenario: Scenario) -> CreateFields:
            if not body.get("prompt") and not body.get("start_image_url"):
                raise KlingRefusal(1201, "prompt is required")
            url = read_text(body, "callback_url")
            check_callback_url(url)
            return CreateFields(
                callback_url=url or None,
                duration=read_seconds(body.get("duration")),
                mode="pro" if body.get("mode") == "pro" else "std",
            )

        task = await self._tasks.create(
            KlingCreate(
                account=account,
                operation=OPERATIONS[_ACTIONS[action]],
                dialect=KlingDialect.ACEDATA,
                model=str(body.get("model", "kling-v1")),
                body=body,
                read=read,
                call=call,
            )
        )
        if task.callback_url is None and body.get("async") is not True:
            await self._engine.wait(task)
            return build_acedata_final(task)
        return {"success": True, "task_id": task.task_id, "trace_id": call.request_id}

    async def _query(self, call: ApiCall, account: str) -> object:
        body = parse_body(call.raw)
        match body:
            case {"action": "retrieve_batch", "ids": list(ids)}:
                known = [self._engine.registry.find(account, str(id_)) for id_ in ids]
                items = [build_acedata_record(task) for task in known if task is not None]
                return {"items": items, "count": len(items)}
            case {"action": "retrieve", "id": str(id_)}:
                task = await self._tasks.find(
                    account, id_, lambda t: t.details.dialect is KlingDialect.ACEDATA
                )
                return build_acedata_record(task)
        raise KlingRefusal(1201, "action, and id or ids, are required")
