"""MiniMax's API, v1 and v2: the test of the callback URL, codes with HTTP 200, files of results.

Source: https://platform.minimax.io/docs (video generation, error codes), read 2026-11.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import (
    Check,
    accept_integer,
    accept_one_of,
    accept_text,
    accept_web_url,
    list_of,
    record,
)
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.plan import DEFAULT_STEPS
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
)
from tracker.emulator.core.refusals import CodedRefusal, Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.tasks import (
    CANCELLED,
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
    EmulatedTask,
    TaskStep,
)
from tracker.emulator.providers.hailuo.words import HAILUO_WORDS, HailuoWord

__all__ = ["create"]

_GOOD = {"status_code": 0, "status_msg": "success"}
_QUERY = {
    SUBMITTED: "Preparing",
    PROCESSING: "Processing",
    SUCCEED: "Success",
    FAILED: "Fail",
    CANCELLED: "Fail",
}
_CALLED = {PROCESSING: "processing", SUCCEED: "success", FAILED: "failed", CANCELLED: "failed"}
_QUERY_2 = {
    SUBMITTED: "queued",
    PROCESSING: "running",
    SUCCEED: "succeeded",
    FAILED: "failed",
    CANCELLED: "expired",
}
_V1, _V2, _AGAIN, _CONTEXT = "v1", "v2", "regeneration", "context"
_FIELDS: Mapping[str, tuple[Mapping[str, Check], tuple[str, ...]]] = {
    _V1: (
        {
            "model": accept_text(least=1),
            "prompt": accept_text(most=2000),
            "duration": accept_integer(least=6, most=10),
            "resolution": accept_one_of("512P", "720P", "768P", "1080P"),
            "callback_url": accept_web_url(),
        },
        ("model",),
    ),
    _V2: (
        {
            "model": accept_text(least=1),
            "content": list_of(record({"type": accept_text(least=1)}, required=("type",)), least=1),
            "duration": accept_integer(least=4, most=15),
            "resolution": accept_one_of("768P", "2K"),
            "callback_url": accept_web_url(),
        },
        ("model", "content", "duration", "resolution"),
    ),
    _AGAIN: (
        {"source_task_id": accept_text(least=1), "callback_url": accept_web_url()},
        ("source_task_id",),
    ),
    _CONTEXT: (
        {"content": list_of(record({}), least=1), "callback_url": accept_web_url()},
        ("content",),
    ),
}


@dataclass(frozen=True)
class HailuoDetails:
    """The facts of a task that the core does not know."""

    body: Mapping[str, object]
    is_second: bool
    is_text: bool


HailuoTask = EmulatedTask[HailuoDetails]


class HailuoApi:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        self.engine: Engine[HailuoDetails] = Engine(
            emulator,
            ProviderRules(name="hailuo", callbacks=self._build_callbacks, words=HAILUO_WORDS),
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", "/v1/video_generation", partial(self._create, _V1)),
            ApiRoute("POST", "/v2/video_generation", partial(self._create, _V2)),
            ApiRoute("POST", "/v2/video_regeneration", partial(self._create, _AGAIN)),
            ApiRoute("POST", "/v2/h3_context_ir", partial(self._create, _CONTEXT)),
            ApiRoute("GET", "/v1/query/video_generation", self._get),
            ApiRoute("GET", "/v2/query/video_generation/{id}", self._get_2),
            ApiRoute("GET", "/v1/files/retrieve", self._show_file),
        )

    async def _create(self, kind: str, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._config), call.parse_object()
        if kind == _AGAIN:
            await self.engine.find(account, str(body.get("source_task_id")))
        request = CreateRequest(
            call=call,
            account=account,
            body=body,
            read=lambda scenario: _make_draft(kind, body, scenario),
        )
        await self._test_callback_url(body, self.engine.find_scenario(request))
        task = await self.engine.create(request)
        base = {} if kind != _V1 else {"base_resp": _GOOD}
        return Reply({"task_id": task.task_id, **base})

    async def _test_callback_url(self, body: Mapping[str, object], scenario: Scenario) -> None:
        """Post a challenge, which must come back at once; raises CodedRefusal otherwise."""
        url = body.get("callback_url")
        if not isinstance(url, str):
            return
        for _ in range(2 if scenario.has(HailuoWord.CHALLENGE_TWICE) else 1):
            word = self.engine.make_uuid()
            content = CallbackContent(body=encode_json({"challenge": word}))
            answer = await self.engine.post(url, content, kind="challenge")
            if _build_challenge(answer) != word:
                raise CodedRefusal(200, 2013, "invalid params, fail to check callback url")

    async def _get(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        task = await self.engine.find(account, call.params.get("task_id", ""))
        file_id: object = task.other_id if task.status == SUCCEED else ""
        if self._count_try(task, HailuoWord.NO_FILE_ID):
            file_id = ""
        if file_id and task.scenario.has(HailuoWord.FILE_ID_NUMBER):
            file_id = int(task.other_id)
        return Reply(
            {
                "task_id": task.task_id,
                "status": _QUERY.get(task.status, task.status),
                "file_id": file_id,
                "video_width": 1366,
                "video_height": 768,
                "base_resp": _build_result(task),
            }
        )

    async def _get_2(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        task = await self.engine.find(account, call.values["id"])
        return Reply({"task": _build_view_2(task)})

    async def _show_file(self, call: ApiCall) -> Reply:
        account, file_id = (
            find_account_by_header(call, self._config),
            call.params.get("file_id", ""),
        )
        tasks = self.engine.registry.list_newest(account, lambda task: task.other_id == file_id)
        if not tasks or tasks[0].status != SUCCEED:
            raise CodedRefusal(404, 2013, "invalid params, file not found")
        task = tasks[0]
        if self._count_try(task, HailuoWord.FILE_REFUSED):
            task.signings += 1
            is_odd = task.signings % 2 == 1
            raise CodedRefusal(404 if is_odd else 200, 2013 if is_odd else 1026, "no file")
        file = {
            "file_id": int(file_id),
            "bytes": 1024,
            "created_at": task.updated_at // 1000,
            "filename": "output.mp4",
            "purpose": "video_generation",
            "download_url": build_media_url(task, "video.mp4"),
        }
        return Reply({"file": file, "base_resp": _GOOD})

    def _count_try(self, task: HailuoTask, word: HailuoWord) -> bool:
        """Return whether a trouble of a task that has succeeded is still on, and count it."""
        return task.status == SUCCEED and self.engine.count_try(task, word)

    def _build_callbacks(self, task: HailuoTask) -> Sequence[CallbackContent]:
        if task.details.is_second:
            return (CallbackContent(body=encode_json({"task": _build_view_2(task)})),)
        word = _CALLED.get(task.status, task.status)
        if task.status == PROCESSING and task.scenario.has(HailuoWord.CALLBACK_EARLY):
            word = "success"
        body = {
            "task_id": task.task_id,
            "status": word,
            "file_id": task.other_id if word == "success" else "",
            "base_resp": _build_result(task),
        }
        return (CallbackContent(body=encode_json(body)),)


MAIN_JOB = MainJob(
    address="/hailuo",
    operation="v1/video_generation",
    input={"model": "MiniMax-Hailuo-2.3", "prompt": "a cat in the rain", "duration": 6},
)


def create(emulator: Emulator) -> EmulatedProvider[HailuoDetails]:
    """Return MiniMax's emulator."""
    api = HailuoApi(emulator)
    service = RoutedService(("/hailuo",), api.list_routes, _refuse)
    return EmulatedProvider(
        name="hailuo", engine=api.engine, services=(service,), main_job=MAIN_JOB
    )


def _make_draft(
    kind: str, body: Mapping[str, object], scenario: Scenario
) -> TaskDraft[HailuoDetails]:
    if scenario.has(HailuoWord.CODE):
        raise CodedRefusal(
            200, int(scenario.read_word(HailuoWord.CODE)), "refused as the scenario says"
        )
    checks, required = _FIELDS[kind]
    flaw = record(checks, required=required)(dict(body))
    if flaw is not None:
        raise CodedRefusal(200, 2013, f"invalid params, {flaw}")
    if kind == _V1 and body.get("resolution") == "1080P" and body.get("duration") == 10:
        raise CodedRefusal(200, 2013, "invalid params, duration: must be 6 with 1080P")
    url = body.get("callback_url")
    ends = (DEFAULT_STEPS[0], TaskStep(after=2, status=CANCELLED))
    is_second = kind != _V1
    return TaskDraft(
        operation=kind,
        details=HailuoDetails(body, is_second, is_text=kind == _CONTEXT),
        callback_url=url if isinstance(url, str) else None,
        creation_key=str(url or body.get("prompt") or body.get("model") or ""),
        artifacts=("video.mp4",),
        steps=ends if is_second and scenario.has(HailuoWord.EXPIRED) else DEFAULT_STEPS,
    )


def _build_result(task: HailuoTask) -> Mapping[str, object]:
    if task.status not in (FAILED, CANCELLED) or task.scenario.has(HailuoWord.NO_REASON):
        return _GOOD
    return {"status_code": 1027, "status_msg": task.message or "output new_sensitive"}


def _build_view_2(task: HailuoTask) -> dict[str, Any]:
    body = task.details.body
    shown: dict[str, Any] = {
        "id": task.task_id,
        "status": _QUERY_2.get(task.status, task.status),
        **{name: body[name] for name in ("model", "duration", "resolution") if name in body},
    }
    if task.status == SUCCEED:
        text_ = {"text": "a cat walks through the rain"}
        shown["content"] = (
            text_ if task.details.is_text else {"url": build_media_url(task, "video.mp4")}
        )
        shown["usage"] = {"total_tokens": 1200}
    if task.status == FAILED and not task.scenario.has(HailuoWord.NO_REASON):
        shown["error"] = {"code": "1027", "message": task.message}
    return shown


def _build_challenge(answer: bytes) -> object:
    try:
        parsed = json.loads(answer)
    except ValueError:
        return None
    return parsed.get("challenge") if isinstance(parsed, dict) else None


_CODES: Mapping[RefusalKind, tuple[int, int]] = {
    RefusalKind.UNAUTHORIZED: (200, 1004),
    RefusalKind.MODERATED: (200, 1026),
    RefusalKind.BUSY: (200, 1002),
    RefusalKind.RATE_LIMITED: (200, 1002),
    RefusalKind.INTERNAL: (200, 1000),
    RefusalKind.INVALID: (200, 2013),
    RefusalKind.NOT_FOUND: (404, 2013),
}
"""HTTP status and code: most refusals come with 200."""


_KINDS: Mapping[int | str, tuple[int, str]] = {
    1002: (429, "rate_limit_error"),
    1004: (401, "authorized_error"),
    1008: (402, "insufficient_balance_error"),
    1026: (422, "unprocessable_entity_error"),
    2013: (400, "bad_request_error"),
}
"""HTTP status and type of v2, by code; of others a server's error."""


def _refuse(refusal: Refusal, call: ApiCall) -> Reply:
    status, code = refusal.find_status_and_code(_CODES, 1013)
    if "/v2/" in call.path:
        of_code, word = _KINDS.get(code, (500, "server_error"))
        status = status if status >= 300 else of_code
        error = {"type": word, "message": f"{refusal.message} ({code})", "http_code": str(status)}
        return Reply({"type": "error", "error": error, "request_id": "02178522901551"}, status)
    body = {"base_resp": {"status_code": code, "status_msg": refusal.message}}
    return Reply(body, status)
