"""Runway at kie.ai, and at a gateway that tells the status as a number.

Sources: https://docs.kie.ai/runway-api (generate, extend, Aleph, their details and callbacks) and
https://qimuinfo.top/apidocs/operations/addusingpost_4, read 2026-11-29.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import (
    Check,
    accept_one_of,
    accept_text,
    accept_web_url,
    list_of,
    record,
)
from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.drafts import CreateRequest, TaskDraft
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.provider import find_account_by_header
from tracker.emulator.core.refusals import CodedRefusal, Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.signing import build_id_signer
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED
from tracker.emulator.providers.runway.views import RunwayDetails, RunwayTask
from tracker.emulator.providers.runway.words import RunwayWord

__all__ = ["RunwayResellers", "build_kie_callbacks", "refuse_as_kie", "refuse_as_numbered"]

_STATES = {SUBMITTED: "wait", PROCESSING: "generating", SUCCEED: "success", FAILED: "fail"}
_NUMBERS = {SUBMITTED: 1, PROCESSING: 2, SUCCEED: 3, FAILED: 4}
_BALANCE = 4200
_CODES: Mapping[RefusalKind, int] = {
    RefusalKind.UNAUTHORIZED: 401,
    RefusalKind.NOT_FOUND: 422,
    RefusalKind.GONE: 422,
    RefusalKind.BUSY: 429,
    RefusalKind.RATE_LIMITED: 429,
    RefusalKind.INTERNAL: 500,
    RefusalKind.INTERNAL_TIMEOUT: 500,
    RefusalKind.UNAVAILABLE: 500,
}
"""Of answers that are HTTP 200; of all other reasons 400."""


@dataclass(frozen=True, kw_only=True)
class _Create:
    """One create. needs: its required fields."""

    name: str
    needs: tuple[str, ...]
    fields: Mapping[str, Check]


_VIDEO = _Create(
    name="/runway/generate",
    needs=("prompt",),
    fields={
        "prompt": accept_text(least=1),
        "imageUrl": accept_web_url(),
        "quality": accept_one_of("720p", "1080p"),
        "aspectRatio": accept_text(least=1),
        "waterMark": accept_text(),
        "callBackUrl": accept_web_url(),
    },
)
_EXTENSION = _Create(
    name="/runway/extend",
    needs=("taskId", "prompt"),
    fields={
        "taskId": accept_text(least=1),
        "prompt": accept_text(least=1),
        "callBackUrl": accept_web_url(),
    },
)
_ALEPH = _Create(
    name="/aleph/generate",
    needs=("prompt", "videoUrl"),
    fields={
        "prompt": accept_text(least=1),
        "videoUrl": accept_web_url(),
        "callBackUrl": accept_web_url(),
    },
)
_NUMBERED = _Create(
    name="numbered",
    needs=("images", "ratio", "seconds", "taskType"),
    fields={
        "images": list_of(record({"image": accept_text(least=1)}, required=("image",)), most=2),
        "ratio": accept_one_of("16:9", "9:16"),
        "taskType": accept_one_of("gen3a_turbo", "gen3a", "gen2"),
    },
)


class RunwayResellers:
    """The handlers of both, over Runway's engine."""

    def __init__(self, engine: Engine[RunwayDetails], config: EmulatorConfig) -> None:
        """Take the engine whose tasks are shown."""
        self._engine, self._config = engine, config

    def list_kie_routes(self) -> Sequence[ApiRoute]:
        """Return the routes of kie.ai."""
        return (
            *(
                ApiRoute("POST", one.name, partial(self._create_at_kie, one))
                for one in (_VIDEO, _EXTENSION, _ALEPH)
            ),
            ApiRoute("GET", "/runway/record-detail", self._record),
            ApiRoute("GET", "/aleph/record-info", self._record),
            ApiRoute("GET", "/chat/credit", self._show_credit),
        )

    def list_numbered_routes(self) -> Sequence[ApiRoute]:
        """Return the routes of the gateway with numbers."""
        return (
            ApiRoute("POST", "/add", self._add),
            ApiRoute("GET", "/getTask", self._get_task),
        )

    async def _create_at_kie(self, operation: _Create, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._config), call.parse_object()
        parent = body.get("taskId")
        if parent is not None and self._engine.registry.find(account, str(parent)) is None:
            raise Refusal(RefusalKind.INVALID, "the task to extend is not known")
        task = await self._make(operation, account, call, body)
        return _build_good({"taskId": task.task_id})

    async def _record(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        task = await self._engine.find(account, call.params.get("taskId", ""))
        is_aleph = call.path.startswith("/aleph/")
        is_empty = task.status == SUCCEED and self._engine.count_try(task, RunwayWord.EMPTY_OUTPUT)
        return _build_good(
            _build_aleph(task, is_empty) if is_aleph else _build_detail(task, is_empty)
        )

    async def _show_credit(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._config)
        return _build_good(_BALANCE)

    async def _add(self, call: ApiCall) -> Reply:
        account, body = self._find_account(call), call.parse_object()
        task = await self._make(_NUMBERED, account, call, body)
        if task.scenario.has(RunwayWord.CODE_IN_200):
            return _build_numbered_reply(None, code=1, message="system error")
        return _build_numbered_reply(_show_numbered(task))

    async def _get_task(self, call: ApiCall) -> Reply:
        task = await self._engine.find(self._find_account(call), call.params.get("taskId", ""))
        is_empty = task.status == SUCCEED and self._engine.count_try(task, RunwayWord.EMPTY_OUTPUT)
        return _build_numbered_reply(_show_numbered(task, is_empty=is_empty))

    def _find_account(self, call: ApiCall) -> str:
        return find_account_by_header(call, self._config, schemes=("",))

    async def _make(
        self, operation: _Create, account: str, call: ApiCall, body: Mapping[str, object]
    ) -> RunwayTask:
        return await self._engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(operation, body, scenario),
            )
        )


def build_kie_callbacks(task: RunwayTask, config: EmulatorConfig) -> Sequence[CallbackContent]:
    """Tell the end of a task of kie.ai; without a secret unsigned."""
    if not task.operation.startswith("/") or task.status not in (SUCCEED, FAILED):
        return ()
    names = {"video": "result_video_url", "image": "result_image_url"}
    is_aleph = task.operation.startswith("/aleph/")
    if not is_aleph:
        names = {"video": "video_url", "image": "image_url"}
    code, text_ = (200, "success") if task.status == SUCCEED else (500, task.message)
    data: dict[str, Any] | None = None
    if task.status == SUCCEED:
        link = build_media_url(task, task.artifacts[0])
        data = {names["video"]: link, names["image"]: build_media_url(task, "0.png")}
    body: dict[str, Any] = {"code": code, "msg": text_, "data": data}
    if is_aleph:
        body["taskId"] = task.task_id
    else:
        body["data"] = {"task_id": task.task_id, **(data or {})}
    sign = build_id_signer(task.task_id, config.webhook_secret)
    return (CallbackContent(body=encode_json(body), sign=sign),)


def _make_draft(
    operation: _Create, body: Mapping[str, object], scenario: Scenario
) -> TaskDraft[RunwayDetails]:
    flaw = record(operation.fields, required=operation.needs)(body)
    if flaw is not None:
        raise Refusal(RefusalKind.INVALID, str(flaw))
    if scenario.has(RunwayWord.NO_CREDITS):
        raise CodedRefusal(200, 402, "The current credits are insufficient. Please top up.")
    url = body.get("callBackUrl")
    return TaskDraft(
        operation=operation.name,
        details=RunwayDetails(credits=0, body=body),
        callback_url=url if isinstance(url, str) else None,
        creation_key=str(body.get("prompt") or body.get("textPrompt") or ""),
        artifacts=("video.mp4",),
    )


def _build_detail(task: RunwayTask, is_empty: bool) -> dict[str, Any]:
    info = None
    if task.status == SUCCEED and not is_empty:
        link = build_media_url(task, task.artifacts[0])
        info = {
            "videoId": task.other_id,
            "taskId": task.task_id,
            "videoUrl": link,
            "imageUrl": build_media_url(task, "0.png"),
        }
    return {
        "taskId": task.task_id,
        "parentTaskId": task.details.body.get("taskId", ""),
        "generateParam": {"prompt": task.details.body.get("prompt")},
        "state": _STATES.get(task.status, task.status),
        "generateTime": "2026-11-29 14:30:45",
        "videoInfo": info,
        "failCode": 500 if task.status == FAILED else 0,
        "failMsg": task.message if task.status == FAILED else "",
        "expireFlag": 1 if task.scenario.has(RunwayWord.EXPIRE_FLAG) else 0,
    }


def _build_aleph(task: RunwayTask, is_empty: bool) -> dict[str, Any]:
    response = None
    if task.status == SUCCEED and not is_empty:
        response = {
            "taskId": task.task_id,
            "resultVideoUrl": build_media_url(task, task.artifacts[0]),
            "resultImageUrl": build_media_url(task, "0.png"),
        }
    is_open = task.status in (SUBMITTED, PROCESSING)
    known = {SUCCEED: 1, FAILED: 0}.get(task.status, task.status)
    return {
        "taskId": task.task_id,
        "paramJson": encode_json({"callBackUrl": task.callback_url}).decode(),
        "response": response,
        "successFlag": 0 if is_open else known,
        "errorCode": 500 if task.status == FAILED else 0,
        "errorMessage": task.message if task.status == FAILED else "",
    }


def _show_numbered(task: RunwayTask, *, is_empty: bool = False) -> dict[str, Any]:
    is_done = task.status == SUCCEED and not is_empty
    body = task.details.body
    return {
        "id": task.task_id,
        "taskStatusCode": _NUMBERS.get(task.status, task.status),
        "taskType": body.get("taskType"),
        "ratio": body.get("ratio"),
        "seconds": body.get("seconds"),
        "textPrompt": body.get("textPrompt"),
        "videoUrl": build_media_url(task, task.artifacts[0]) if is_done else None,
        "error": task.message if task.status == FAILED else None,
        "callbackUrl": None,
        "createdTime": "2026-11-29 14:30:45",
        "modifiedTime": "2026-11-29 14:30:45",
    }


def _build_good(data: object) -> Reply:
    return Reply({"code": 200, "msg": "success", "data": data})


def _build_numbered_reply(result: object, *, code: int = 0, message: str = "ok") -> Reply:
    body = {"code": code, "message": message, "result": result, "success": code == 0}
    return Reply(body | {"timestamp": 0})


def refuse_as_kie(refusal: Refusal, _call: ApiCall) -> Reply:
    """Word a refusal: HTTP 200, and the code says what it is."""
    code: object = _CODES.get(refusal.kind, 400)
    if isinstance(refusal, CodedRefusal):
        code = refusal.code
    body = {"code": code, "msg": refusal.message, "data": None}
    return Reply(body, 500 if code == 500 else 200)


def refuse_as_numbered(refusal: Refusal, _call: ApiCall) -> Reply:
    """Word a refusal: a status of HTTP, and a code that is not 0."""
    status = refusal.kind.http_status
    body = {"code": status, "message": refusal.message, "result": None, "success": False}
    return Reply(body, status)
