"""Runway at gateways that are asked by `feed`: creates, the query, callbacks of each status.

Source: https://gpt-best.apifox.cn/project-3868318/api-208780553, read 2026-11-30.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import accept_text, accept_web_url, record
from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.drafts import CreateRequest, TaskDraft
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.provider import find_account_by_header
from tracker.emulator.core.refusals import CodedRefusal, Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED
from tracker.emulator.providers.runway.views import RunwayDetails, RunwayTask
from tracker.emulator.providers.runway.words import RunwayWord

__all__ = ["EmulatedRunwayFeed", "build_feed_callbacks"]

_NUMBERS = {SUBMITTED: "0", PROCESSING: "1", FAILED: "2", SUCCEED: "3"}
_NAME = "pro/generate"
_FIELDS = {
    "prompt": accept_text(least=1),
    "callback_url": accept_web_url(),
    "ratio": accept_text(),
    "style": accept_text(),
    "model": accept_text(),
}
_POINTS = 200


class EmulatedRunwayFeed:
    """The handlers, over Runway's engine."""

    def __init__(self, engine: Engine[RunwayDetails], config: EmulatorConfig) -> None:
        """Take the engine whose tasks are shown."""
        self._engine, self._config = engine, config

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the routes."""
        return (
            ApiRoute("POST", f"/{_NAME}", self._create),
            ApiRoute("POST", "/feed", self._show_feed),
        )

    async def _create(self, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._config), call.parse_object()
        task = await self._engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(body, scenario),
            )
        )
        return _build_good({"task_id": task.task_id})

    async def _show_feed(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        task = await self._engine.find(account, str(call.parse_object().get("task_id", "")))
        is_empty = task.status == SUCCEED and self._engine.count_try(task, RunwayWord.EMPTY_OUTPUT)
        return _build_good(_show(task, is_empty=is_empty))


def build_feed_callbacks(task: RunwayTask) -> Sequence[CallbackContent]:
    """Tell each status of a task, without the envelope; nobody signs."""
    is_told = task.operation == _NAME and task.status != SUBMITTED
    return (CallbackContent(body=encode_json(_show(task))),) if is_told else ()


def _make_draft(body: Mapping[str, object], scenario: Scenario) -> TaskDraft[RunwayDetails]:
    flaw = record(_FIELDS, required=("prompt",))(body)
    if flaw is not None:
        raise Refusal(RefusalKind.INVALID, str(flaw))
    if scenario.has(RunwayWord.NO_CREDITS):
        raise CodedRefusal(200, 402, "points are used up")
    url = body.get("callback_url")
    return TaskDraft(
        operation=_NAME,
        details=RunwayDetails(credits=_POINTS, body=body),
        callback_url=url if isinstance(url, str) else None,
        creation_key=str(body["prompt"]),
        artifacts=("video.mp4",),
    )


def _show(task: RunwayTask, *, is_empty: bool = False) -> dict[str, Any]:
    is_done = task.status == SUCCEED and not is_empty
    return {
        "task_id": task.task_id,
        "status": _NUMBERS.get(task.status, task.status),
        "prompt": task.details.body.get("prompt"),
        "prompt_en": "",
        "video_url": build_media_url(task, task.artifacts[0]) if is_done else "",
        "poster": "",
        "last_frame": "",
        "msg": task.message if task.status == FAILED else None,
        "point": str(_POINTS),
        "refund": "1" if task.status == FAILED else "0",
        "create_time": "1724313052",
        "update_time": "1724313343",
    }


def _build_good(data: object) -> Reply:
    return Reply({"code": 200, "msg": "成功", "data": data, "exec_time": 0.028943})
