"""PiAPI: one task route for all models, words and errors of its own, a shared-secret callback.

Source: the pages of https://api.piapi.ai/api/v1/task (piapi.ai/docs/kling-api), read 2026-11.
"""

from collections.abc import Mapping, Sequence

from tracker.emulator.core.calls import ApiCall, Reply
from tracker.emulator.core.refusals import Refusal
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.kling.auth import authenticate_key
from tracker.emulator.providers.kling.create_request import CreateFields, read_seconds
from tracker.emulator.providers.kling.details import KlingTask
from tracker.emulator.providers.kling.gateways import build_piapi_record
from tracker.emulator.providers.kling.operations import OPERATIONS, KlingDialect
from tracker.emulator.providers.kling.refusals import (
    HTTP_STATUS,
    NOT_FOUND,
    KlingRefusal,
    convert_to_kling,
    parse_body,
)
from tracker.emulator.providers.kling.task_access import KlingCreate, KlingTaskAccess
from tracker.emulator.providers.kling.validation import check_callback_url, find_field

__all__ = ["PiApiService"]

_KINDS: Mapping[str, str] = {
    "video_generation": "videos/text2video",
    "omni_video_generation": "videos/omni-video",
    "extend_video": "videos/video-extend",
    "lip_sync": "videos/lip-sync",
    "effects": "videos/effects",
    "motion_control": "videos/motion-control",
}


class PiApiService:
    """`{host}/api/v1/task[/{id}]`."""

    def __init__(self, tasks: KlingTaskAccess) -> None:
        """Answer from these tasks."""
        self._tasks = tasks
        self._engine = tasks.engine
        self._config = tasks.engine.emulator.config
        self.prefixes: Sequence[str] = ("/piapi",)

    async def answer(self, call: ApiCall) -> Reply:
        """Answer one call; raises Refusal."""
        account = authenticate_key(call.headers.get("x-api-key"), self._config)
        if call.method == "POST" and call.path == "/api/v1/task":
            return _wrap(await self._create(call, account))
        if call.method == "GET" and call.path.startswith("/api/v1/task/"):
            reference = call.path.removeprefix("/api/v1/task/")
            task = await self._tasks.find(
                account, reference, lambda t: t.details.dialect is KlingDialect.PIAPI
            )
            return _wrap(task)
        raise KlingRefusal(1203, "404 page not found")

    def refuse(self, refusal: Refusal, _call: ApiCall) -> Reply:
        """Word a refusal."""
        refused = convert_to_kling(refusal)
        status = 404 if refused.message == NOT_FOUND else HTTP_STATUS[refused.code]
        return Reply({"code": status, "data": None, "message": refused.message}, status)

    async def _create(self, call: ApiCall, account: str) -> KlingTask:
        body = parse_body(call.raw)
        kind = str(body.get("task_type"))
        if body.get("model") != "kling" or kind not in _KINDS:
            raise KlingRefusal(1201, "invalid model or task_type")

        def read(_scenario: Scenario) -> CreateFields:
            given = body.get("input")
            if not isinstance(given, dict) or not given:
                raise KlingRefusal(1201, "input is required")
            url = _read_text(body, "config.webhook_config.endpoint")
            check_callback_url(url)
            return CreateFields(
                callback_url=url or None,
                callback_secret=_read_text(body, "config.webhook_config.secret") or None,
                duration=read_seconds(given.get("duration")),
                mode="pro" if given.get("mode") == "pro" else "std",
            )

        return await self._tasks.create(
            KlingCreate(
                account=account,
                operation=OPERATIONS[_KINDS[kind]],
                dialect=KlingDialect.PIAPI,
                model=kind,
                body=body,
                read=read,
                call=call,
            )
        )


def _wrap(task: KlingTask) -> Reply:
    return Reply({"code": 200, "data": build_piapi_record(task), "message": "success"})


def _read_text(body: Mapping[str, object], name: str) -> str:
    value = find_field(body, name)
    if value is not None and not isinstance(value, str):
        raise KlingRefusal(1201, f"{name} must be a string")
    return value or ""
