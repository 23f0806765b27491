"""AceDataCloud: a create that blocks until the end unless told otherwise; queries by POST.

Source: reference: Kling API, gateways (§9, AceDataCloud pages), 2026-11.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.emulator.core.engine import Emulator
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.task_access import Desk, Form
from tracker.emulator.core.tasks import Task
from tracker.emulator.http.gate import Call
from tracker.emulator.http.reading import parse_body, try_key
from tracker.emulator.providers.kling.auth import authenticate
from tracker.emulator.providers.kling.create_request import Wishes, seconds_of, text_of
from tracker.emulator.providers.kling.gateways import acedata_final, acedata_record
from tracker.emulator.providers.kling.operations import OPERATIONS, Dialect
from tracker.emulator.providers.kling.validation import check_callback_url
from tracker.emulator.providers.kling.wire import HTTP_STATUS, NOT_FOUND, Refusal

__all__ = ["AceData"]

_ACTIONS: Mapping[str, str] = {
    "text2video": "videos/text2video",
    "image2video": "videos/image2video",
    "extend": "videos/video-extend",
}


class AceData:
    """`POST {host}/kling/videos` and `POST {host}/kling/tasks`."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer from this emulator."""
        self._emulator = emulator
        self._desk = Desk(emulator)
        self.prefixes: Sequence[str] = ("/acedata",)

    async def answer(self, call: Call) -> object:
        """See Face."""
        header = call.headers.get("authorization")
        account = authenticate(header, self._emulator.config, now=time.time(), takes_pairs=False)
        if call.method == "POST" and call.path == "/kling/videos":
            return await self._create(call, account)
        if call.method == "POST" and call.path == "/kling/tasks":
            return await self._query(call, account)
        raise Refusal(1203, "not found")

    def refuse(self, refusal: Refusal, call: Call) -> tuple[int, object]:
        """See Face: an error object with a word as its code."""
        status = 404 if refusal.message == NOT_FOUND else HTTP_STATUS[refusal.code]
        words = {
            400: "bad_request",
            401: "invalid_token",
            404: "not_found",
            429: "too_many_requests",
        }
        error = {"code": words.get(status, "api_error"), "message": refusal.message}
        return status, {"success": False, "error": error, "trace_id": call.request_id}

    async def _create(self, call: Call, account: str) -> dict[str, Any]:
        body = parse_body(call.raw)
        action = str(body.get("action"))
        if action not in _ACTIONS:
            raise Refusal(1201, "action is invalid")

        def read(_scenario: Scenario) -> Wishes:
            if not body.get("prompt") and not body.get("start_image_url"):
                raise Refusal(1201, "prompt is required")
            url = text_of(body, "callback_url")
            check_callback_url(url)
            return Wishes(
                callback_url=url or None,
                duration=seconds_of(body.get("duration")),
                mode="pro" if body.get("mode") == "pro" else "std",
            )

        task = await self._desk.create(
            Form(
                account=account,
                operation=OPERATIONS[_ACTIONS[action]],
                dialect=Dialect.ACEDATA,
                model=str(body.get("model", "kling-v1")),
                body=body,
                read=read,
                try_key=try_key(None, call.raw),
                base_url=call.base_url,
            )
        )
        if task.callback_url is None and body.get("async") is not True:
            await self._wait(task)
            return acedata_final(task)
        return {"success": True, "task_id": task.task_id, "trace_id": call.request_id}

    async def _wait(self, task: Task) -> None:
        """Until the verdict, or the end of the emulator."""
        ends = [asyncio.ensure_future(e.wait()) for e in (task.ended, self._emulator.closing)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def _query(self, call: Call, account: str) -> object:
        body = parse_body(call.raw)
        match body:
            case {"action": "retrieve_batch", "ids": list(ids)}:
                known = [self._emulator.book.find(account, str(id_)) for id_ in ids]
                items = [acedata_record(task) for task in known if task is not None]
                return {"items": items, "count": len(items)}
            case {"action": "retrieve", "id": str(id_)}:
                task = await self._desk.look(account, id_, lambda t: t.dialect is Dialect.ACEDATA)
                return acedata_record(task)
        raise Refusal(1201, "action, and id or ids, are required")
