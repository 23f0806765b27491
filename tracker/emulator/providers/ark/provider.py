"""Ark: its paths, checks, unsigned callbacks, list, deletions and refusals.

Sources: https://www.volcengine.com/docs/82379/1520757 (create), /1521309 (query), /1521675 (list),
/1521720 (cancel or delete), read 2026-11.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
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
from tracker.emulator.core.sending import CallbackContent, RetryPolicy
from tracker.emulator.core.tasks import (
    CANCELLED,
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
    EmulatedTask,
    TaskStep,
)
from tracker.emulator.core.words import CoreWord
from tracker.emulator.providers.ark.create_request import (
    SEEDS,
    FieldRefusal,
    check_create,
    read_prompt,
)
from tracker.emulator.providers.ark.words import ARK_WORDS, ArkWord

__all__ = ["create"]

_TASKS = "/api/v3/contents/generations/tasks"
_STATUSES = {
    SUBMITTED: "queued",
    PROCESSING: "running",
    SUCCEED: "succeeded",
    FAILED: "failed",
    CANCELLED: "cancelled",
}
_OF_GATEWAYS = {"queued": "pending", "running": "processing"}
_SENSITIVE = "OutputVideoSensitiveContentDetected"
_ONCE = RetryPolicy(tries=1, backoff_seconds=0)
_RESENT = RetryPolicy(tries=4, backoff_seconds=1)
"""The first try, and three repeats of an end that is not acknowledged."""
_WEEK_S, _DAY_S = 7 * 24 * 3600, 24 * 3600
_TOKENS_A_SECOND = 21_780
_TOKENS_A_PICTURE = 16_384


@dataclass(frozen=True)
class ArkDetails:
    """The facts of a task that the core does not know."""

    body: Mapping[str, object]
    seed: int


ArkTask = EmulatedTask[ArkDetails]


class ArkApi:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config

        def refuse_overload() -> Refusal:
            return CodedRefusal(429, "ServerOverloaded", "the service is overloaded")

        self.engine: Engine[ArkDetails] = Engine(
            emulator,
            ProviderRules(
                name="ark",
                callbacks=self._build_callbacks,
                words=ARK_WORDS,
                faults=FaultTables(before={ArkWord.OVERLOADED: refuse_overload}),
                calls_back_at_once=True,
            ),
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", _TASKS, self._create),
            ApiRoute("POST", "/api/v3/images/generations", self._draw),
            ApiRoute("GET", _TASKS, self._list),
            ApiRoute("GET", f"{_TASKS}/{{id}}", self._get),
            ApiRoute("DELETE", f"{_TASKS}/{{id}}", self._delete),
        )

    async def _make(
        self,
        call: ApiCall,
        draft: Callable[[Mapping[str, object], Scenario], TaskDraft[ArkDetails]],
    ) -> ArkTask:
        body = call.parse_object()
        return await self.engine.create(
            CreateRequest(
                call=call,
                account=self._find_account(call),
                body=body,
                read=lambda scenario: draft(body, scenario),
            )
        )

    async def _create(self, call: ApiCall) -> Reply:
        task = await self._make(call, self._draft_task)
        return Reply({"id": task.task_id})

    async def _draw(self, call: ApiCall) -> Reply:
        task = await self._make(call, self._draft_pictures)
        await self.engine.wait(task)
        if task.status != SUCCEED:
            raise CodedRefusal(500, "InternalServiceError", "the pictures could not be made")
        data: list[dict[str, Any]] = [
            {"url": build_media_url(task, name), "size": "2048x2048"} for name in task.artifacts
        ]
        if task.scenario.has(ArkWord.PICTURE_FAILED):
            refused = {"code": "OutputImageSensitiveContentDetected", "message": "it is sensitive"}
            data[-1] = {"error": refused}
        made = sum("url" in one for one in data)
        tokens = made * _TOKENS_A_PICTURE
        usage = {"generated_images": made, "output_tokens": tokens, "total_tokens": tokens}
        created = task.created_at // 1000
        if task.details.body.get("stream") is True:
            more = {"model": task.details.body["model"], "created": created}
            return Reply(_write_events(data, usage, more), media_type="text/event-stream")
        return Reply(
            {"model": task.details.body["model"], "created": created, "data": data, "usage": usage}
        )

    def _draft_pictures(
        self, body: Mapping[str, object], scenario: Scenario
    ) -> TaskDraft[ArkDetails]:
        """Validate a create of pictures; raises Refusal."""
        for word, status, code in _REFUSED_CREATES:
            if scenario.has(word):
                raise CodedRefusal(status, code, "the request cannot be served")
        for name in ("model", "prompt"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise CodedRefusal(400, "MissingParameter", f"{name} is missing")
        more = body.get("sequential_image_generation_options")
        count = more.get("max_images", 1) if isinstance(more, dict) else 1
        return TaskDraft(
            operation="images/generations",
            details=ArkDetails(body=body, seed=0),
            creation_key=str(body["prompt"]),
            artifacts=tuple(f"{number}.png" for number in range(int(count))),
        )

    async def _get(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        view = self._build_view(task)
        if task.scenario.has(ArkWord.NO_ID):
            del view["id"]
        return Reply(view)

    async def _list(self, call: ApiCall) -> Reply:
        account = self._find_account(call)
        await self.engine.query_faults(account, "list", self.engine.scenario)
        ids = call.query_values("filter.task_ids")
        if len(ids) > 1 and self.engine.scenario.has(ArkWord.LIST_REFUSED):
            raise CodedRefusal(414, "RequestURITooLong", "the URI is too long")
        filters = {
            name: call.params.get(f"filter.{name}") for name in ("status", "model", "service_tier")
        }

        def is_wanted(task: ArkTask) -> bool:
            if task.scenario.has(ArkWord.LIST_LEAVES_OUT) or not self._is_known(task):
                return False
            shown = {
                "service_tier": "default",
                **task.details.body,
                "status": self._build_status(task),
            }
            is_named = not ids or task.task_id in ids
            return is_named and all(want in (None, shown[name]) for name, want in filters.items())

        size = call.parse_number("page_size", default=10, least=1, most=500)
        number = call.parse_number("page_num", default=1, least=1, most=1_000_000)
        found = self.engine.list_page(
            account, offset=(number - 1) * size, limit=size, wanted=is_wanted
        )
        return Reply(
            {"items": [self._build_view(one) for one in found.tasks], "total": found.total}
        )

    async def _delete(self, call: ApiCall) -> Reply:
        """Cancel what is queued, refuse what runs, erase what has ended; cancelled stays so."""
        task = await self._find(call)
        if task.status == CANCELLED:
            return Reply({})
        is_late = task.status == PROCESSING
        if is_late or (
            await self.engine.cancel(task, erases=not task.is_open) is CancelOutcome.TOO_LATE
        ):
            status = int(task.scenario.read_word(ArkWord.DELETE_REFUSED))
            raise CodedRefusal(status, "OperationDenied", "the task is running")
        return Reply({})

    def _find_account(self, call: ApiCall) -> str:
        return find_account_by_header(call, self._config)

    async def _find(self, call: ApiCall) -> ArkTask:
        return await self.engine.find(self._find_account(call), call.values["id"], self._is_known)

    def _is_known(self, task: ArkTask) -> bool:
        """Tell whether queries reach a task: a week back, a day where it was cancelled."""
        ended = self.engine.get_now_ms() - (task.ended_at or self.engine.get_now_ms())
        is_dropped = task.status == CANCELLED and ended >= _DAY_S * 1000
        return self.engine.measure_age(task) < _WEEK_S and not is_dropped

    def _draft_task(self, body: Mapping[str, object], scenario: Scenario) -> TaskDraft[ArkDetails]:
        """Validate a create; raises Refusal."""
        for word, status, code in _REFUSED_CREATES:
            if scenario.has(word):
                raise CodedRefusal(status, code, "the request cannot be served")
        check_create(body)
        seed, url = body.get("seed"), body.get("callback_url")
        drawn = self.engine.chance.randrange(SEEDS)
        return TaskDraft(
            operation="contents/generations/tasks",
            details=ArkDetails(
                body=body, seed=seed if isinstance(seed, int) and seed >= 0 else drawn
            ),
            callback_url=url if isinstance(url, str) else None,
            creation_key=read_prompt(body),
            artifacts=("video.mp4",),
            steps=_plan_steps(scenario),
            new_id=lambda: self._make_id(body),
        )

    def _make_id(self, body: Mapping[str, object]) -> str:
        kind = "cgt-batch" if body.get("service_tier") == "flex" else "cgt"
        return f"{kind}-{self.engine.make_number()}-{self.engine.make_uuid()[:5]}"

    def _build_callbacks(self, task: ArkTask) -> Sequence[CallbackContent]:
        """Word the callback of a step: none for what expired or was cancelled."""
        if self._build_status(task) in ("expired", "cancelled"):
            return ()
        retry = _ONCE if task.is_open else _RESENT
        content = CallbackContent(body=encode_json(self._build_view(task)), retry=retry)
        if task.is_open or not task.scenario.has(ArkWord.LATE_RUNNING):
            return (content,)
        late = encode_json(self._build_head(task) | {"status": "running"})
        return (content, replace(content, body=late, retry=_ONCE))

    def _build_status(self, task: ArkTask) -> str:
        if task.status == FAILED and task.scenario.has(ArkWord.EXPIRED):
            return "expired"
        word = _STATUSES.get(task.status, task.status)
        return _OF_GATEWAYS.get(word, word) if task.scenario.has(ArkWord.GATEWAY_WORDS) else word

    def _build_head(self, task: ArkTask) -> dict[str, Any]:
        return {
            "id": task.task_id,
            "model": task.details.body["model"],
            "status": self._build_status(task),
            "created_at": task.created_at // 1000,
            "updated_at": task.updated_at // 1000,
        }

    def _build_view(self, task: ArkTask) -> dict[str, Any]:
        view = self._build_head(task)
        if task.is_open:
            return view
        if task.status == FAILED and view["status"] == "failed":
            is_sensitive = task.scenario.has(CoreWord.MODERATED)
            code = _SENSITIVE if is_sensitive else "InternalServiceError"
            return view | {"error": {"code": code, "message": task.message}}
        if task.status != SUCCEED:
            return view
        if task.scenario.has(ArkWord.ERROR_NULL):
            view["error"] = None
        if self._is_late(task):
            return view
        body = task.details.body
        content = {"video_url": build_media_url(task, "video.mp4", _DAY_S)}
        if body.get("return_last_frame") is True:
            content["last_frame_url"] = build_media_url(task, "last_frame.png", _DAY_S)
        given = body.get("duration")
        seconds = given if isinstance(given, int) and given > 0 else 5
        tokens = _TOKENS_A_SECOND * seconds
        is_hidden = task.scenario.has(ArkWord.SEED_HIDDEN)
        return view | {
            "content": content,
            "usage": {"completion_tokens": tokens, "total_tokens": tokens},
            **({} if is_hidden else {"seed": task.details.seed}),
            "resolution": body.get("resolution") or "720p",
            "ratio": body.get("ratio") or "16:9",
            "duration": seconds + 0.04 if task.scenario.has(ArkWord.DURATION_FLOAT) else seconds,
            "framespersecond": 24,
            "service_tier": body.get("service_tier") or "default",
            "execution_expires_after": body.get("execution_expires_after") or 172_800,
        }

    def _is_late(self, task: ArkTask) -> bool:
        return self.engine.count_try(task, ArkWord.NO_CONTENT)


_REFUSED_CREATES = (
    (ArkWord.ARREARS, 403, "AccountOverdueError"),
    (ArkWord.OWN_LIMIT, 429, "SetLimitExceeded"),
    (ArkWord.NO_MODEL, 404, "ModelNotOpen"),
)
MAIN_JOB = MainJob(
    address="/ark/api/v3",
    operation="contents/generations/tasks",
    input={
        "model": "doubao-seedance-1-5-pro-251215",
        "content": [{"type": "text", "text": "a cat in the rain"}],
        "resolution": "720p",
        "duration": 5,
    },
)


def create(emulator: Emulator) -> EmulatedProvider[ArkDetails]:
    """Return Ark's emulator."""
    api = ArkApi(emulator)
    service = RoutedService(("/ark",), api.list_routes, _refuse)
    return EmulatedProvider(name="ark", engine=api.engine, services=(service,), main_job=MAIN_JOB)


def _plan_steps(scenario: Scenario) -> Sequence[TaskStep]:
    if scenario.has(ArkWord.EXPIRED):
        return (TaskStep(after=2, status=FAILED),)
    if scenario.has(ArkWord.CANCELLED):
        return (TaskStep(after=1, status=CANCELLED),)
    late = scenario.count(ArkWord.QUEUED_LONG) if scenario.has(ArkWord.QUEUED_LONG) else 0
    return [replace(step, after=step.after + late) for step in DEFAULT_STEPS]


def _write_events(
    data: Sequence[Mapping[str, Any]], usage: Mapping[str, int], more: Mapping[str, Any]
) -> bytes:
    """Return a stream of pictures: an event for each, one for the end, and OpenAI's last word."""
    told = [
        ("partial_failed" if "error" in one else "partial_succeeded", {"image_index": place, **one})
        for place, one in enumerate(data)
    ]
    events = [
        (f"image_generation.{word}", fields)
        for word, fields in [*told, ("completed", {"usage": usage})]
    ]
    lines = [
        f"event: {kind}\ndata: {json.dumps({'type': kind, **more, **fields})}\n\n"
        for kind, fields in events
    ]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


_REASONS: Mapping[RefusalKind, tuple[int, str, str]] = {
    RefusalKind.UNAUTHORIZED: (401, "AuthenticationError", "Unauthorized"),
    RefusalKind.MODERATED: (400, "InputTextSensitiveContentDetected", "BadRequest"),
    RefusalKind.BUSY: (429, "QuotaExceeded", "TooManyRequests"),
    RefusalKind.RATE_LIMITED: (429, "RateLimitExceeded.EndpointRPMExceeded", "TooManyRequests"),
    RefusalKind.NOT_FOUND: (404, "ResourceNotFound", "NotFound"),
    RefusalKind.NO_SUCH_PATH: (404, "ResourceNotFound", "NotFound"),
    RefusalKind.UNAVAILABLE: (503, "ServiceUnavailable", "ServiceUnavailable"),
    RefusalKind.INTERNAL: (500, "InternalServiceError", "InternalServerError"),
}


def _refuse(refusal: Refusal, call: ApiCall) -> Reply:
    if isinstance(refusal, CodedRefusal):
        status, code, kind = refusal.status, str(refusal.code), "BadRequest"
    else:
        known = (refusal.kind.http_status, "InvalidParameter", "BadRequest")
        status, code, kind = _REASONS.get(refusal.kind, known)
    param = refusal.param if isinstance(refusal, FieldRefusal) else ""
    if refusal.kind is RefusalKind.NOT_FOUND:
        param = "id"
    error = {"code": code, "message": refusal.message, "param": param, "type": kind}
    return Reply({"error": error, "request_id": call.request_id}, status)
