"""DashScope's asynchronous tasks: creates, queries, the list, cancels and the events of an account.

Sources: https://help.aliyun.com/zh/model-studio (Wan, asynchronous tasks, events) and
https://pypi.org/project/dashscope (2.0.2), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import accept_integer, accept_one_of, accept_text, list_of, record
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import CancelOutcome, Engine
from tracker.emulator.core.faults import FaultTables
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
from tracker.emulator.providers.wan.words import WAN_WORDS, WanWord

__all__ = ["create"]

_BEIJING = timezone(timedelta(hours=8))
_SUSPENDED = "suspended"
_STATES = {
    SUBMITTED: "PENDING",
    PROCESSING: "RUNNING",
    SUCCEED: "SUCCEEDED",
    FAILED: "FAILED",
    CANCELLED: "CANCELED",
}
_OPERATIONS = (
    *("video-generation/video-synthesis", "image2video/video-synthesis"),
    *("text2image/image-synthesis", "image2image/image-synthesis"),
    "image-generation/generation",
)
_CHECK = record(
    {
        "model": accept_text(least=1),
        "input": record(
            {
                "prompt": accept_text(most=20_000),
                "negative_prompt": accept_text(most=500),
                "reference_video_urls": list_of(accept_text(least=1), least=1, most=3),
            }
        ),
        "parameters": record(
            {
                "duration": accept_integer(least=1, most=60),
                "seed": accept_integer(least=0, most=2147483647),
                "n": accept_integer(least=1, most=4),
                "shot_type": accept_one_of("single", "multi"),
            }
        ),
    },
    required=("model", "input"),
)
_DAY_S = 24 * 3600
_DEFAULT_S = 5
EVENTS_TO = "x-emulator-events-to"
"""A header of a create, for tests: where the account's event rule posts to."""


@dataclass(frozen=True)
class WanDetails:
    """The facts of a task that the core does not know."""

    model: str
    prompt: str
    seconds: int
    is_video: bool
    is_chat: bool


WanTask = EmulatedTask[WanDetails]


class WanApi:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._emulator = emulator

        def refuse_quota() -> Refusal:
            return CodedRefusal(429, "Throttling.AllocationQuota", "Allocated quota exceeded")

        self.engine: Engine[WanDetails] = Engine(
            emulator,
            ProviderRules(
                name="wan",
                callbacks=self._build_events,
                words=WAN_WORDS,
                faults=FaultTables(before={WanWord.ALLOCATION_QUOTA: refuse_quota}),
                purge_seconds=_DAY_S,
            ),
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        creates = [
            ApiRoute("POST", f"/api/v1/services/aigc/{name}", partial(self._create, name))
            for name in _OPERATIONS
        ]
        return (
            *creates,
            ApiRoute("GET", "/api/v1/tasks", self._list),
            ApiRoute("GET", "/api/v1/tasks/", self._list),
            ApiRoute("GET", "/api/v1/tasks/{id}", self._get),
            ApiRoute("POST", "/api/v1/tasks/{id}/cancel", self._cancel),
        )

    async def _create(self, name: str, call: ApiCall) -> Reply:
        account, body = self._find_account(call), call.parse_object()
        if call.headers.get("x-dashscope-async") != "enable":
            text_ = "current user api does not support synchronous calls."
            raise CodedRefusal(403, "AccessDenied", text_)
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(name, call, body, scenario),
            )
        )
        output = {"task_id": task.task_id, "task_status": "PENDING"}
        return Reply({"request_id": self.engine.make_uuid(), "output": output})

    async def _get(self, call: ApiCall) -> Reply:
        """Show a task; one that is not there has the word UNKNOWN, with HTTP 200."""
        account, name = self._find_account(call), call.values["id"]
        request_id = {"request_id": self.engine.make_uuid()}
        try:
            task = await self.engine.find(account, name)
        except Refusal as refusal:
            if refusal.kind not in (RefusalKind.NOT_FOUND, RefusalKind.GONE):
                raise
            return Reply({**request_id, "output": {"task_id": name, "task_status": "UNKNOWN"}})
        word = WanWord.UNKNOWN_FIRST
        is_young = task.scenario.has(word) and (
            self.engine.measure_age(task) < task.scenario.read_seconds(word)
        )
        if is_young:
            return Reply({**request_id, "output": {"task_id": name, "task_status": "UNKNOWN"}})
        return Reply({**request_id, **self._build_view(task)})

    async def _list(self, call: ApiCall) -> Reply:
        account = self._find_account(call)
        await self.engine.query_faults(account, "list", self.engine.scenario)
        start, end = _read_time(call, "start_time"), _read_time(call, "end_time")
        status, model = call.params.get("status"), call.params.get("model_name")

        def is_wanted(task: WanTask) -> bool:
            at = task.created_at / 1000
            is_timely = (start is None or at >= start) and (end is None or at <= end)
            is_named = model is None or task.details.model == model
            return is_timely and is_named and status in (None, _STATES.get(task.status))

        size = call.parse_number("page_size", default=10, least=1, most=100)
        page = call.parse_number("page_no", default=1, least=1, most=1_000_000)
        found = self.engine.list_page(
            account, offset=(page - 1) * size, limit=size, wanted=is_wanted
        )
        data = [
            {
                "task_id": task.task_id,
                "status": _STATES.get(task.status, task.status),
                "model_name": task.details.model,
                "gmt_create": task.created_at,
                "request_id": task.task_id,
            }
            for task in found.tasks
        ]
        pages = -(-found.total // size)
        more = {"page_no": page, "page_size": size, "total": found.total, "total_page": pages}
        return Reply({"request_id": self.engine.make_uuid(), "data": data, **more})

    async def _cancel(self, call: ApiCall) -> Reply:
        """Cancel a task that is pending."""
        task = await self.engine.find(self._find_account(call), call.values["id"])
        is_late = task.status != SUBMITTED
        if is_late or await self.engine.cancel(task) is CancelOutcome.TOO_LATE:
            raise CodedRefusal(400, "UnsupportedOperation", "Failed to cancel the task.")
        return Reply({"request_id": self.engine.make_uuid()})

    def _find_account(self, call: ApiCall) -> str:
        return find_account_by_header(call, self._emulator.config)

    def _build_events(self, task: WanTask) -> Sequence[CallbackContent]:
        """Word the event of an end, for an account whose rule leads somewhere."""
        if task.is_open or task.callback_url is None:
            return ()
        data = {"task_id": task.task_id, "task_status": _STATES[task.status], "region": "cn-x"}
        event = {
            "id": self.engine.make_uuid(),
            "source": "acs.dashscope",
            "type": "dashscope:System:AsyncTaskFinish",
            "time": datetime.fromtimestamp(task.updated_at / 1000, UTC).isoformat(),
            "data": data,
        }
        return (CallbackContent(body=encode_json(event)),)

    def _build_view(self, task: WanTask) -> dict[str, Any]:
        is_paused = task.status == PROCESSING and task.stage == _SUSPENDED
        word = "SUSPENDED" if is_paused else _STATES.get(task.status, task.status)
        is_small = task.scenario.has(WanWord.LOWER_CASE)
        output: dict[str, Any] = {
            "task_id": task.task_id,
            "task_status": word.lower() if is_small else word,
            "submit_time": _format_time(task.created_at),
        }
        if task.started_at is not None:
            output["scheduled_time"] = _format_time(task.started_at)
        if task.ended_at is not None:
            output["end_time"] = _format_time(task.ended_at)
        if task.status == FAILED:
            output |= {"code": "InternalError.Algo", "message": task.message or "failed"}
        if task.status != SUCCEED or self._is_late(task):
            return {"output": output}
        if task.details.is_video:
            output |= {
                "orig_prompt": task.details.prompt,
                "video_url": build_media_url(task, "v.mp4"),
            }
            usage = {"video_count": 1, "duration": task.details.seconds, "SR": 720}
            return {"output": output, "usage": usage}
        if task.details.is_chat:
            urls = [build_media_url(task, one) for one in task.artifacts]
            output |= {"finished": True, "choices": [_build_choice(one) for one in urls]}
            return {"output": output, "usage": {"image_count": len(urls)}}
        results: list[dict[str, str]] = [
            {"url": build_media_url(task, one)} for one in task.artifacts
        ]
        is_partial = task.scenario.has(WanWord.PARTIAL)
        if is_partial:
            results[-1] = {"code": "DataInspectionFailed", "message": "inappropriate content"}
        good = len(results) - is_partial
        metrics = {"TOTAL": len(results), "SUCCEEDED": good, "FAILED": len(results) - good}
        output |= {"results": results, "task_metrics": metrics}
        return {"output": output, "usage": {"image_count": good}}

    def _is_late(self, task: WanTask) -> bool:
        return self.engine.count_try(task, WanWord.NO_URL)


MAIN_JOB = MainJob(
    address="/wan/api/v1",
    operation="video-generation/video-synthesis",
    input={"model": "wan2.6-t2v", "input": {"prompt": "a cat in the rain"}},
)


def create(emulator: Emulator) -> EmulatedProvider[WanDetails]:
    """Return DashScope's emulator."""
    api = WanApi(emulator)
    service = RoutedService(("/wan",), api.list_routes, _refuse)
    return EmulatedProvider(name="wan", engine=api.engine, services=(service,), main_job=MAIN_JOB)


def _make_draft(
    name: str, call: ApiCall, body: Mapping[str, object], scenario: Scenario
) -> TaskDraft[WanDetails]:
    if scenario.has(WanWord.ARREARS):
        raise CodedRefusal(400, "Arrearage", "Access denied, your account is in arrears.")
    if scenario.has(WanWord.NO_MODEL):
        raise CodedRefusal(404, "ModelNotFound", "Model can not be found.")
    flaw = _CHECK(dict(body))
    if flaw is not None:
        raise CodedRefusal(400, "InvalidParameter", str(flaw))
    given, asked = body["input"], body.get("parameters")
    inputs, wishes = (one if isinstance(one, dict) else {} for one in (given, asked))
    is_video = name.endswith("video-synthesis")
    seconds, count = wishes.get("duration"), wishes.get("n")
    pictures = [f"{number}.png" for number in range(count if isinstance(count, int) else 1)]
    pause = TaskStep(after=1.5, stage=_SUSPENDED)
    is_paused = scenario.has(WanWord.SUSPENDED)
    return TaskDraft(
        operation=name,
        details=WanDetails(
            model=str(body["model"]),
            prompt=str(inputs.get("prompt") or ""),
            seconds=seconds if isinstance(seconds, int) else _DEFAULT_S,
            is_video=is_video,
            is_chat=name.endswith("/generation"),
        ),
        callback_url=call.headers.get(EVENTS_TO),
        creation_key=str(inputs.get("prompt") or body["model"]),
        artifacts=("v.mp4",) if is_video else pictures,
        steps=(DEFAULT_STEPS[0], pause, DEFAULT_STEPS[1]) if is_paused else DEFAULT_STEPS,
    )


def _build_choice(url: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": [{"image": url, "type": "image"}]}
    return {"finish_reason": "stop", "message": message}


def _format_time(ms: int) -> str:
    """Write a time of Beijing without its zone."""
    return datetime.fromtimestamp(ms / 1000, _BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _read_time(call: ApiCall, name: str) -> float | None:
    """Return a time of the query in Unix seconds; None when it is absent."""
    given = call.params.get(name)
    if not given:
        return None
    try:
        return datetime.strptime(given, "%Y%m%d%H%M%S").replace(tzinfo=_BEIJING).timestamp()
    except ValueError as problem:
        raise CodedRefusal(400, "InvalidParameter", f"{name} must be YYYYMMDDhhmmss") from problem


_CODES: Mapping[RefusalKind, tuple[int, str]] = {
    RefusalKind.INVALID: (400, "InvalidParameter"),
    RefusalKind.UNAUTHORIZED: (401, "InvalidApiKey"),
    RefusalKind.MODERATED: (400, "DataInspectionFailed"),
    RefusalKind.BUSY: (429, "Throttling"),
    RefusalKind.RATE_LIMITED: (429, "Throttling.RateQuota"),
    RefusalKind.UNAVAILABLE: (503, "ServiceUnavailable"),
    RefusalKind.NOT_FOUND: (404, "InvalidParameter"),
}


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    status, code = refusal.find_status_and_code(_CODES, "InternalError")
    body = {"request_id": "emulated", "code": code, "message": refusal.message}
    return Reply(body, status)
