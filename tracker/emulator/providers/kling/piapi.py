"""PiAPI: one task route for all models, words and errors of its own, a shared-secret callback.

Source: reference: Kling API, gateways (§9, PiAPI pages), 2026-11.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.emulator.core.engine import Emulator
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.task_access import Desk, Form
from tracker.emulator.core.tasks import Task
from tracker.emulator.http.gate import Call
from tracker.emulator.http.reading import parse_body, try_key
from tracker.emulator.providers.kling.auth import authenticate_key
from tracker.emulator.providers.kling.create_request import Wishes, seconds_of
from tracker.emulator.providers.kling.gateways import piapi_record
from tracker.emulator.providers.kling.operations import OPERATIONS, Dialect
from tracker.emulator.providers.kling.validation import check_callback_url, field_of
from tracker.emulator.providers.kling.wire import HTTP_STATUS, NOT_FOUND, Refusal

__all__ = ["PiApi"]

_KINDS: Mapping[str, str] = {
    "video_generation": "videos/text2video",
    "omni_video_generation": "videos/omni-video",
    "extend_video": "videos/video-extend",
    "lip_sync": "videos/lip-sync",
    "effects": "videos/effects",
    "motion_control": "videos/motion-control",
}


class PiApi:
    """`{host}/api/v1/task[/{id}]`."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer from this emulator."""
        self._emulator = emulator
        self._desk = Desk(emulator)
        self.prefixes: Sequence[str] = ("/piapi",)

    async def answer(self, call: Call) -> object:
        """See Face."""
        account = authenticate_key(call.headers.get("x-api-key"), self._emulator.config)
        if call.method == "POST" and call.path == "/api/v1/task":
            return _wrapped(await self._create(call, account))
        if call.method == "GET" and call.path.startswith("/api/v1/task/"):
            reference = call.path.removeprefix("/api/v1/task/")
            task = await self._desk.look(account, reference, lambda t: t.dialect is Dialect.PIAPI)
            return _wrapped(task)
        raise Refusal(1203, "404 page not found")

    def refuse(self, refusal: Refusal, _call: Call) -> tuple[int, object]:
        """See Face: its `code` is the HTTP status."""
        status = 404 if refusal.message == NOT_FOUND else HTTP_STATUS[refusal.code]
        return status, {"code": status, "data": None, "message": refusal.message}

    async def _create(self, call: Call, account: str) -> Task:
        body = parse_body(call.raw)
        kind = str(body.get("task_type"))
        if body.get("model") != "kling" or kind not in _KINDS:
            raise Refusal(1201, "invalid model or task_type")

        def read(_scenario: Scenario) -> Wishes:
            given = body.get("input")
            if not isinstance(given, dict) or not given:
                raise Refusal(1201, "input is required")
            url = _text(body, "config.webhook_config.endpoint")
            check_callback_url(url)
            return Wishes(
                callback_url=url or None,
                callback_secret=_text(body, "config.webhook_config.secret") or None,
                duration=seconds_of(given.get("duration")),
                mode="pro" if given.get("mode") == "pro" else "std",
            )

        return await self._desk.create(
            Form(
                account=account,
                operation=OPERATIONS[_KINDS[kind]],
                dialect=Dialect.PIAPI,
                model=kind,
                body=body,
                read=read,
                try_key=try_key(None, call.raw),
                base_url=call.base_url,
            )
        )


def _wrapped(task: Task) -> dict[str, Any]:
    return {"code": 200, "data": piapi_record(task), "message": "success"}


def _text(body: Mapping[str, object], name: str) -> str:
    value = field_of(body, name)
    if value is not None and not isinstance(value, str):
        raise Refusal(1201, f"{name} must be a string")
    return value or ""
