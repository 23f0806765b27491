"""A gateway of new-api's kind: its routes of videos, refusals, `/content`; and OpenAI's pictures.

Sources: https://github.com/QuantumNous/new-api (router/video-router.go, relay/relay_task.go,
controller/billing.go), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import accept_text, record
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.media import build_media_url, make_media
from tracker.emulator.core.multipart import parse_form
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
from tracker.emulator.core.tasks import FAILED, SUCCEED, TaskStep
from tracker.emulator.providers.openai.characters import CharacterApi
from tracker.emulator.providers.openai.images import ImageApi
from tracker.emulator.providers.openai.views import (
    VideoDetails,
    VideoTask,
    build_row_view,
    build_unified_view,
    build_video_view,
)
from tracker.emulator.providers.openai.words import OPENAI_WORDS, OpenAIWord

__all__ = ["create"]

_VIDEOS, _REMIX, _GENERATIONS, _UNIFIED = "videos", "remix", "generations", "unified"
_CHANGE = "change"
"""An edit or an extension of a video, which is a file or named by its id."""
_LIMIT_USD = 12.5
_FORM = "multipart/form-data"
_OF_OPENAI = ("/v1/images", "/v1/responses")
"""Paths whose refusals are worded as OpenAI words them."""
_FAILS_FIRST = (OpenAIWord.SWEEP_TIMEOUT, OpenAIWord.CHANNEL_REMOVED, OpenAIWord.NO_REASON)
_FAILS = (
    OpenAIWord.EXPIRES,
    OpenAIWord.REFUND_LATE,
    OpenAIWord.REFUND_TWICE,
    OpenAIWord.CHARGED_FAILURE,
)


class VideoApi:
    """The handlers of the routes."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        faults = FaultTables(
            before={OpenAIWord.SATURATED: _build_saturated, OpenAIWord.NO_CHANNEL: _refuse_channel}
        )
        self.engine: Engine[VideoDetails] = Engine(
            emulator,
            ProviderRules(
                name="openai",
                callbacks=self._build_callbacks,
                words=OPENAI_WORDS,
                faults=faults,
            ),
        )
        self.images = ImageApi(emulator, self.engine)
        self._characters = CharacterApi(
            lambda call: find_account_by_header(call, self._config),
            lambda: self.engine.get_now_ms() // 1000,
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", "/v1/videos", partial(self._create, _VIDEOS)),
            ApiRoute("POST", "/v1/videos/{id}/remix", partial(self._create, _REMIX)),
            ApiRoute("POST", "/v1/videos/edits", partial(self._create, _CHANGE)),
            ApiRoute("POST", "/v1/videos/extensions", partial(self._create, _CHANGE)),
            ApiRoute("GET", "/v1/videos/{id}", self._get_video),
            ApiRoute("GET", "/v1/videos/{id}/content", self._get_content),
            ApiRoute("POST", "/v1/video/generations", partial(self._create, _GENERATIONS)),
            ApiRoute("GET", "/v1/video/generations/{id}", self._get_row),
            ApiRoute("POST", "/v1/video/create", partial(self._create, _UNIFIED)),
            ApiRoute("GET", "/v1/video/query", self._query),
            ApiRoute("GET", "/v1/tasks/{id}", self._get_video),
            *self._characters.list_routes(),
            *self.images.list_routes(),
            ApiRoute("GET", "/v1/models", self._get_models),
            ApiRoute("GET", "/v1/dashboard/billing/subscription", self._get_limit),
            ApiRoute("GET", "/v1/dashboard/billing/usage", self._get_usage),
        )

    def _build_callbacks(self, task: VideoTask) -> Sequence[CallbackContent]:
        return self.images.build_callbacks(task)

    async def _create(self, operation: str, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._config), _read_body(call)
        details: VideoDetails | None = None
        if operation == _REMIX:
            details = (await self.engine.find(account, call.values["id"])).details
        if operation == _CHANGE:
            details = await self._find_source(account, body)
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(operation, call, body, scenario, details),
            )
        )
        if operation == _UNIFIED:
            return Reply(build_unified_view(task, has_link=False))
        return Reply(build_video_view(task, has_link=False))

    async def _find_source(self, account: str, body: Mapping[str, object]) -> VideoDetails:
        """Return the details of the video that is changed; raises Refusal where it names none."""
        video = body.get("video")
        name = body.get("video[id]") or (video.get("id") if isinstance(video, dict) else None)
        if isinstance(name, str):
            return (await self.engine.find(account, name)).details
        if not video:
            raise CodedRefusal(400, "invalid_request", "video is required")
        return VideoDetails("sora-2", str(body.get("seconds") or "4"), "720x1280")

    async def _query(self, call: ApiCall) -> Reply:
        task = await self._find(call, call.params.get("id", ""))
        return Reply(build_unified_view(task, has_link=self._has_link(task)))

    async def _get_video(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        return Reply(build_video_view(task, has_link=self._has_link(task)))

    async def _get_row(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        view = build_row_view(task, has_link=self._has_link(task), now_ms=self.engine.get_now_ms())
        return Reply(view)

    async def _get_content(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        if task.status != SUCCEED:
            raise CodedRefusal(400, "invalid_request_error", "the video is not ready yet")
        if task.scenario.has(OpenAIWord.CONTENT_REDIRECT):
            return Reply(b"", 302, {"location": build_media_url(task, "video.mp4")})
        return Reply(make_media(task.task_id, "video.mp4"), media_type="video/mp4")

    async def _get_models(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._config)
        models = [{"id": name, "object": "model"} for name in ("sora-2", "sora-2-pro")]
        return Reply({"object": "list", "data": models})

    async def _get_limit(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._config)
        return Reply({"object": "billing_subscription", "hard_limit_usd": _LIMIT_USD})

    async def _get_usage(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._config)
        return Reply({"object": "list", "total_usage": 250.0})

    async def _find(self, call: ApiCall, name: str | None = None) -> VideoTask:
        account = find_account_by_header(call, self._config)
        try:
            return await self.engine.find(account, call.values["id"] if name is None else name)
        except Refusal as refusal:
            is_unknown = refusal.kind in (RefusalKind.NOT_FOUND, RefusalKind.GONE)
            if not is_unknown or not self.engine.scenario.has(OpenAIWord.UNKNOWN_404):
                raise
            raise CodedRefusal(404, "task_not_exist", "task not exist") from refusal

    def _has_link(self, task: VideoTask) -> bool:
        is_done = task.status == SUCCEED
        return not (is_done and self.engine.count_try(task, OpenAIWord.DONE_WITHOUT_URL))


MAIN_JOB = MainJob(
    address="/openai/v1",
    operation="videos",
    input={"model": "sora-2", "prompt": "a cat in the rain", "seconds": "4"},
)


def create(emulator: Emulator) -> EmulatedProvider[VideoDetails]:
    """Return the emulator of a gateway's videos."""
    api = VideoApi(emulator)
    service = RoutedService(("/openai",), api.list_routes, _refuse)
    return EmulatedProvider(
        name="openai", engine=api.engine, services=(service,), main_job=MAIN_JOB
    )


def _read_body(call: ApiCall) -> Mapping[str, object]:
    """Return the fields of a form, files by their names, or the JSON."""
    if not call.headers.get("content-type", "").startswith(_FORM):
        return call.parse_object()
    return {
        part.name: part.filename or part.content.decode("utf-8", "replace")
        for part in parse_form(call)
    }


def _make_draft(
    operation: str,
    call: ApiCall,
    body: Mapping[str, object],
    scenario: Scenario,
    parent: VideoDetails | None,
) -> TaskDraft[VideoDetails]:
    _check(operation, call, body, scenario, is_remix=parent is not None)
    seconds = str(body.get("seconds") or body.get("duration") or "4")
    size = str(body.get("size") or "720x1280")
    steps = DEFAULT_STEPS
    if any(scenario.has(word) for word in (*_FAILS, *_FAILS_FIRST)):
        steps = (steps[0], TaskStep(after=2, status=FAILED, message="generation failed"))
    if any(scenario.has(word) for word in _FAILS_FIRST):
        steps = (*steps, TaskStep(after=3, status=SUCCEED))
    return TaskDraft(
        operation=operation,
        details=parent or VideoDetails(str(body.get("model")), seconds, size),
        creation_key=str(body.get("prompt") or ""),
        artifacts=("video.mp4",),
        steps=steps,
    )


def _check(
    operation: str,
    call: ApiCall,
    body: Mapping[str, object],
    scenario: Scenario,
    *,
    is_remix: bool,
) -> None:
    if scenario.has(OpenAIWord.NO_QUOTA):
        status = int(scenario.read_word(OpenAIWord.NO_QUOTA))
        code = "insufficient_user_quota" if status == 403 else "insufficient_quota"
        raise CodedRefusal(status, code, "the quota of the user is used up")
    if scenario.has(OpenAIWord.NOT_IMPLEMENTED):
        raise CodedRefusal(501, "not_implemented", "no converter for this model")
    is_form = call.headers.get("content-type", "").startswith(_FORM)
    if operation == _VIDEOS and not is_form and scenario.has(OpenAIWord.MULTIPART_ONLY):
        raise CodedRefusal(400, "invalid_request", "a form is needed")
    required = ("prompt",) if is_remix else ("prompt", "model")
    flaw = record(
        {"prompt": accept_text(least=1), "model": accept_text(least=1)}, required=required
    )(body)
    if flaw is not None:
        raise CodedRefusal(400, "invalid_request", str(flaw))


def _build_saturated() -> Refusal:
    return CodedRefusal(429, "rate_limit", "当前分组上游负载已饱和，请稍后再试")


def _refuse_channel() -> Refusal:
    return CodedRefusal(503, "model_not_found", "无可用渠道（distributor）")


def _refuse(refusal: Refusal, call: ApiCall) -> Reply:
    if refusal.kind is RefusalKind.MODERATED and call.path.startswith(_OF_OPENAI):
        blocked = {"type": "image_generation_user_error", "code": "moderation_blocked"}
        return Reply({"error": {"message": refusal.message, **blocked}}, 400)
    if refusal.kind in (RefusalKind.NOT_FOUND, RefusalKind.GONE):
        body = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
        return Reply(body, 400)
    status, code = refusal.find_status_and_code({}, refusal.kind.value)
    if isinstance(refusal, CodedRefusal) and status in (400, 501):
        return Reply({"code": code, "message": refusal.message, "data": None}, status)
    error: dict[str, Any] = {"message": refusal.message, "type": "new_api_error", "code": code}
    return Reply({"error": error}, status)
