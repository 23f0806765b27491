"""Vidu: its paths, checks, signed callbacks, list and refusals.

Sources: https://platform.vidu.com/docs/get-generation, https://platform.vidu.com/docs/tasks-list
and the pages of the creates, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import (
    Check,
    Flaw,
    accept_flag,
    accept_integer,
    accept_text,
    accept_web_url,
    list_of,
    record,
)
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
from tracker.emulator.providers.vidu.signing import build_signer, strip_prefix
from tracker.emulator.providers.vidu.subjects import SubjectApi
from tracker.emulator.providers.vidu.words import VIDU_WORDS, ViduWord

__all__ = ["create"]

_STATES = {
    SUBMITTED: "created",
    PROCESSING: "processing",
    SUCCEED: "success",
    FAILED: "failed",
    CANCELLED: "failed",
}
_ONCE = RetryPolicy(tries=1, backoff_seconds=0)
_RESENT = RetryPolicy(tries=4, backoff_seconds=1)
"""The first try, and three repeats of an end that is not acknowledged."""
_CREDITS_A_SECOND = 2
_SMALL_PAGE = 10
_OFF_PEAK_STEPS = 48 * 3600


def _check_picture(value: object) -> Flaw | None:
    is_good = isinstance(value, str) and value.startswith(("http://", "https://", "data:"))
    return None if is_good else Flaw("", "must be a URL, or base64 behind a data: prefix")


_COMMON: Mapping[str, Check] = {
    "model": accept_text(least=1),
    "prompt": accept_text(most=5000),
    "duration": accept_integer(least=0, most=16),
    "images": list_of(_check_picture, least=1, most=7),
    "start_image": _check_picture,
    "image_settings": list_of(record({"key_image": _check_picture}), least=2, most=9),
    "template": accept_text(least=1),
    "video_url": accept_web_url(),
    "payload": accept_text(most=1_048_576),
    "callback_url": accept_web_url(),
    "off_peak": accept_flag,
    "text": accept_text(least=1, most=10_000),
    "voice_setting_voice_id": accept_text(least=1),
    "audio_url": accept_web_url(),
    "voice_id": accept_text(least=1, most=256),
    "image": _check_picture,
}
_REQUIRED: dict[str, tuple[str, ...]] = {
    "text2video": ("model", "prompt"),
    "img2video": ("model", "images"),
    "reference2video": ("model",),
    "start-end2video": ("model", "images"),
    "extend": ("model", "video_url"),
    "multiframe": ("model", "start_image", "image_settings"),
    "template": ("template",),
    "lip-sync": ("video_url",),
    "text2image": ("model", "prompt"),
    "reference2image": ("model", "prompt"),
    "text2audio": ("model", "prompt"),
    "timing2audio": ("model", "timing_prompts"),
    "upscale-new": (),
    "digital-human": ("model", "image"),
}
_AT_ONCE: dict[str, tuple[str, ...]] = {
    "audio-tts": ("text", "voice_setting_voice_id"),
    "audio-clone": ("audio_url", "voice_id", "text"),
}
"""Required fields of the operations whose answer is the result."""
_FILES: Mapping[str, str] = {
    "text2image": "picture.png",
    "reference2image": "picture.png",
    "text2audio": "sound.mp3",
    "timing2audio": "sound.mp3",
    **dict.fromkeys(_AT_ONCE, "sound.mp3"),
}
"""Names of files by operation; all others make videos."""
_PICTURES = {"img2video": 1, "start-end2video": 2}
"""How many images an operation takes exactly."""


@dataclass(frozen=True)
class ViduDetails:
    """The facts of a task that the core does not know."""

    body: Mapping[str, object]
    key: str
    credits: int


ViduTask = EmulatedTask[ViduDetails]


class ViduApi:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config

        def refuse_rate() -> Refusal:
            return CodedRefusal(429, "SystemThrottling", "the system is busy")

        self.engine: Engine[ViduDetails] = Engine(
            emulator,
            ProviderRules(
                name="vidu",
                callbacks=self._build_callbacks,
                words=VIDU_WORDS,
                faults=FaultTables(before={ViduWord.THROTTLED: refuse_rate}),
            ),
        )
        self._subjects = SubjectApi(self._find_account, self.engine.make_number)

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        creates = [
            ApiRoute("POST", f"/ent/v2/{name}", partial(self._create, name)) for name in _REQUIRED
        ]
        sounds = [
            ApiRoute("POST", f"/ent/v2/{name}", partial(self._create_at_once, name))
            for name in _AT_ONCE
        ]
        return (
            *creates,
            *sounds,
            ApiRoute("GET", "/ent/v2/tasks", self._list),
            ApiRoute("GET", "/ent/v2/tasks/{id}/creations", self._get),
            ApiRoute("POST", "/ent/v2/tasks/{id}/cancel", self._cancel),
            ApiRoute("GET", "/ent/v2/credits", self._show_credits),
            *self._subjects.list_routes(),
        )

    async def _create(self, name: str, call: ApiCall) -> Reply:
        return Reply(_show_created(await self._make(name, call)))

    async def _create_at_once(self, name: str, call: ApiCall) -> Reply:
        """Answer with the sound, or with `queueing` where it takes longer."""
        task = await self._make(name, call)
        if not task.scenario.has(ViduWord.SOUND_QUEUED):
            await self.engine.wait(task)
        shown = _show_created(task)
        if task.status == SUCCEED:
            url = build_media_url(task, task.artifacts[0])
            voice = {"voice_id": task.details.body.get("voice_id"), "demo_audio": url}
            shown |= {"file_url": url} if name == "audio-tts" else voice
        elif task.is_open:
            shown["state"] = "queueing"
        return Reply(shown)

    async def _make(self, name: str, call: ApiCall) -> ViduTask:
        account, body = self._find_account(call), call.parse_object()
        key = call.headers.get("authorization", "").removeprefix("Token ").removeprefix("Bearer ")
        return await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(name, body, key, scenario),
            )
        )

    async def _get(self, call: ApiCall) -> Reply:
        task = await self.engine.find(self._find_account(call), call.values["id"])
        return Reply(self._build_view(task))

    async def _list(self, call: ApiCall) -> Reply:
        account = self._find_account(call)
        await self.engine.query_faults(account, "list", self.engine.scenario)
        start, end = (_read_instant(call, f"created_at.{name}") for name in ("from", "to"))
        ids, states = call.query_values("task_ids"), call.query_values("states")

        def is_wanted(task: ViduTask) -> bool:
            is_timely = start <= task.created_at // 1000 <= (end or task.created_at)
            is_named = not ids or task.task_id in ids
            return is_timely and is_named and (not states or _STATES.get(task.status) in states)

        size = call.parse_number("pager.pagesz", default=10, least=1, most=100)
        if self.engine.scenario.has(ViduWord.SMALL_PAGES):
            size = _SMALL_PAGE
        page = call.parse_number("pager.page", default=0, most=1_000_000)
        found = self.engine.list_page(account, offset=page * size, limit=size, wanted=is_wanted)
        tasks = [_show_created(task) | self._build_view(task) for task in found.tasks]
        for task, shown in zip(found.tasks, tasks, strict=True):
            if task.scenario.has(ViduWord.PAYLOAD_HIDDEN):
                del shown["payload"]
        return Reply({"tasks": tasks, "next_page_token": ""})

    async def _cancel(self, call: ApiCall) -> Reply:
        """Cancel what has not begun; credits are given back."""
        task = await self.engine.find(self._find_account(call), call.values["id"])
        is_late = task.status != SUBMITTED
        if is_late or await self.engine.cancel(task) is CancelOutcome.TOO_LATE:
            raise CodedRefusal(400, "TaskStateInvalid", "the task can not be canceled")
        return Reply({})

    async def _show_credits(self, call: ApiCall) -> Reply:
        self._find_account(call)
        remains = {
            "type": "metered",
            "credit_remain": 5000,
            "concurrency_limit": 5,
            "current_concurrency": 0,
            "queue_count": 0,
        }
        return Reply({"remains": [remains]})

    def _find_account(self, call: ApiCall) -> str:
        return find_account_by_header(call, self._config, schemes=("Token ", "Bearer "))

    def _build_callbacks(self, task: ViduTask) -> Sequence[CallbackContent]:
        """Word the callbacks of a step: processing once, an end until it is acknowledged."""
        body = self._build_view(task)
        if task.status == SUCCEED and task.scenario.has(ViduWord.BODY_ALTERED):
            body |= {"state": "failed", "err_code": "Forged", "creations": []}
        is_end = not task.is_open
        content = CallbackContent(
            body=encode_json(body),
            sign=build_signer(task.details.key, task.callback_url or ""),
            retry=_RESENT if is_end else _ONCE,
            url=strip_prefix(task.callback_url)
            if task.scenario.has(ViduWord.PREFIX_STRIPPED)
            else None,
        )
        if not is_end or not task.scenario.has(ViduWord.LATE_PROCESSING):
            return (content,)
        late = encode_json(self._build_view(task) | {"state": "processing", "creations": []})
        return (content, replace(content, body=late, retry=_ONCE))

    def _build_view(self, task: ViduTask) -> dict[str, Any]:
        is_done = task.status == SUCCEED and not self._is_late(task)
        failed = task.status in (FAILED, CANCELLED)
        code = "CreationPolicyViolation" if failed else ""
        if task.status == SUCCEED and task.scenario.has(ViduWord.CODE_IN_SUCCESS):
            code = "CreationPolicyViolation"
        return {
            "id": task.task_id,
            "state": _STATES.get(task.status, task.status),
            "err_code": code,
            "err_msg": task.message,
            "credits": 0 if failed else task.details.credits,
            "payload": str(task.details.body.get("payload") or ""),
            "bgm": False,
            "off_peak": task.details.body.get("off_peak") is True,
            "creations": [_build_creation(task)] if is_done else [],
        }

    def _is_late(self, task: ViduTask) -> bool:
        return self.engine.count_try(task, ViduWord.EMPTY_CREATIONS)


MAIN_JOB = MainJob(
    address="/vidu",
    operation="text2video",
    input={"model": "viduq2-pro", "prompt": "a cat in the rain", "duration": 5},
)


def create(emulator: Emulator) -> EmulatedProvider[ViduDetails]:
    """Return Vidu's emulator."""
    api = ViduApi(emulator)
    service = RoutedService(("/vidu",), api.list_routes, _refuse)
    return EmulatedProvider(name="vidu", engine=api.engine, services=(service,), main_job=MAIN_JOB)


def _make_draft(
    name: str, body: Mapping[str, object], key: str, scenario: Scenario
) -> TaskDraft[ViduDetails]:
    if scenario.has(ViduWord.NO_CREDITS):
        raise CodedRefusal(402, "CreditInsufficient", "credits are insufficient")
    flaw = record(_COMMON, required=(_REQUIRED | _AT_ONCE)[name])(dict(body))
    if flaw is not None:
        raise CodedRefusal(400, "FieldInvalid", str(flaw))
    images = body.get("images")
    if name in _PICTURES and isinstance(images, list) and len(images) != _PICTURES[name]:
        raise CodedRefusal(400, "ImageNumberInvalid", f"images: takes {_PICTURES[name]}")
    url, seconds = body.get("callback_url"), body.get("duration")
    is_off_peak = scenario.has(ViduWord.OFF_PEAK)
    late = [replace(step, after=step.after + _OFF_PEAK_STEPS) for step in DEFAULT_STEPS]
    steps: Sequence[TaskStep] = late if is_off_peak else DEFAULT_STEPS
    return TaskDraft(
        operation=name,
        details=ViduDetails(
            body=body,
            key=key,
            credits=_CREDITS_A_SECOND * (seconds if isinstance(seconds, int) else 4),
        ),
        callback_url=url if isinstance(url, str) else None,
        creation_key=str(body.get("payload") or ""),
        artifacts=(_FILES.get(name, "video.mp4"),),
        steps=steps,
    )


def _show_created(task: ViduTask) -> dict[str, Any]:
    body = task.details.body
    names = ("model", "prompt", "images", "duration", "seed", "aspect_ratio", "resolution")
    return {
        "task_id": task.task_id,
        "state": _STATES.get(task.status, task.status),
        **{name: body[name] for name in names if body.get(name) is not None},
        "movement_amplitude": body.get("movement_amplitude") or "auto",
        "payload": str(body.get("payload") or ""),
        "off_peak": body.get("off_peak") is True,
        "credits": task.details.credits,
        "created_at": datetime.fromtimestamp(task.created_at / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
    }


def _build_creation(task: ViduTask) -> dict[str, Any]:
    return {
        "id": task.other_id,
        "url": build_media_url(task, task.artifacts[0]),
        "cover_url": build_media_url(task, "cover.png"),
        "watermarked_url": build_media_url(task, "watermarked.mp4"),
        "moderation_url": [],
    }


def _read_instant(call: ApiCall, name: str) -> float:
    """Return a time of the query in Unix seconds; 0 when it is absent."""
    given = call.params.get(name)
    if not given:
        return 0
    try:
        return datetime.fromisoformat(given).timestamp()
    except (ValueError, OverflowError) as problem:
        raise CodedRefusal(400, "FieldInvalid", f"{name} must be an ISO 8601 time") from problem


_REASONS: Mapping[RefusalKind, tuple[int, str]] = {
    RefusalKind.UNAUTHORIZED: (401, "Unauthorized"),
    RefusalKind.MODERATED: (400, "TaskPromptPolicyViolation"),
    RefusalKind.BUSY: (429, "QuotaExceeded"),
    RefusalKind.RATE_LIMITED: (429, "TooManyRequests"),
    RefusalKind.NOT_FOUND: (404, "TaskNotFound"),
    RefusalKind.NO_SUCH_PATH: (404, "NotFound"),
}


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    status, reason = refusal.find_status_and_code(_REASONS, "InternalError")
    body: dict[str, Any] = {
        "code": status,
        "reason": reason,
        "message": refusal.message,
        "metadata": {},
    }
    return Reply(body, status)
