"""Pika at a gateway, and behind ComfyUI's proxy: paths, forms, refusals. No callbacks, no cancel.

Sources: https://github.com/Dooy/chatgpt-web-midjourney-proxy (src/api/pika.ts) and
https://github.com/comfyanonymous/ComfyUI (comfy_api_nodes/nodes_pika.py), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import Flaw, accept_text, record
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.gateway_row import build_gateway_row
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.multipart import read_form_fields
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
)
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import (
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
    EmulatedTask,
    TaskStep,
)
from tracker.emulator.providers.pika.words import PIKA_WORDS, PikaWord

__all__ = ["create"]

_STEPS = (TaskStep(after=1, progress=42), TaskStep(after=2, status=SUCCEED))
_OF_FEED = {SUBMITTED: "queued", PROCESSING: "pending", SUCCEED: "finished", FAILED: "error"}
_OF_FORMS = {SUBMITTED: "queued", PROCESSING: "started", SUCCEED: "finished", FAILED: "failed"}
_FORMS: Mapping[str, tuple[str, ...]] = {
    "2.2/t2v": ("promptText",),
    "2.2/i2v": ("image",),
    "2.2/pikaframes": ("keyFrames", "promptText"),
    "2.2/pikascenes": ("ingredientsMode", "images"),
    "pikadditions": ("video", "image"),
    "pikaswaps": ("video",),
    "pikaffects": ("image", "pikaffect"),
    "turbo/t2v": ("promptText",),
    "turbo/i2v": ("image",),
    "turbo/pikascenes": ("ingredientsMode", "images"),
    "2.2/multiframe": ("keyFrames",),
    "pikatwists": ("video",),
}
"""Required fields, by the path below `generate/`."""
_URLENCODED = frozenset({"2.2/t2v", "turbo/t2v"})
_FILES = frozenset({"image", "video", "images", "keyFrames", "modifyRegionMask"})


@dataclass(frozen=True)
class PikaDetails:
    """The facts of a task that the core does not know."""

    prompt: str


PikaTask = EmulatedTask[PikaDetails]


class PikaApi:
    """The handlers of both protocols, over one engine."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        self.engine: Engine[PikaDetails] = Engine(
            emulator,
            ProviderRules(name="pika", callbacks=lambda _task: (), words=PIKA_WORDS),
        )

    def list_gateway_routes(self) -> Sequence[ApiRoute]:
        """Return the routes of gateways."""
        return (
            ApiRoute("POST", "/generate", self._generate),
            ApiRoute("GET", "/feed/{id}", self._show_feed),
            ApiRoute("GET", "/feed/", self._show_feed),
        )

    def list_form_routes(self) -> Sequence[ApiRoute]:
        """Return the routes that ComfyUI's proxy serves."""
        return (
            *(
                ApiRoute("POST", f"/generate/{name}", partial(self._create_by_form, name))
                for name in _FORMS
            ),
            ApiRoute("GET", "/videos/{id}", self._show_video),
        )

    async def _generate(self, call: ApiCall) -> Reply:
        body = call.parse_object()
        task = await self._make(call, body, lambda: _check_body(body))
        return _reply(task, {"id": task.task_id})

    async def _create_by_form(self, name: str, call: ApiCall) -> Reply:
        body = _build_form(name, call)
        required = dict.fromkeys(_FORMS[name], accept_text(least=1, most=10_000_000))
        task = await self._make(call, body, lambda: record(required, required=_FORMS[name])(body))
        return Reply({"video_id": task.task_id})

    async def _make(self, call: ApiCall, body: Mapping[str, object], flaw_of: Any) -> PikaTask:
        return await self.engine.create(
            CreateRequest(
                call=call,
                account=find_account_by_header(call, self._config),
                body=body,
                read=lambda scenario: _make_draft(body, flaw_of(), scenario),
            )
        )

    async def _show_feed(self, call: ApiCall) -> Reply:
        task = await self._find(call, call.values.get("id") or call.params.get("id", ""))
        if "id" in call.values and task.scenario.has(PikaWord.FEED_QUERY):
            raise Refusal(RefusalKind.NOT_FOUND, "no such path")
        if self.engine.count_try(task, PikaWord.EMPTY_FIRST):
            videos: list[dict[str, Any]] = []
        else:
            is_linkless = task.status == SUCCEED and self.engine.count_try(
                task, PikaWord.FINISHED_NO_URL
            )
            videos = _build_videos(task, is_linkless=is_linkless)
        feed = {"id": task.task_id, "promptText": task.details.prompt, "videos": videos}
        if task.scenario.has(PikaWord.GATEWAY_ROW):
            link = (
                build_media_url(task, task.ready_artifacts[0]) if task.status == SUCCEED else None
            )
            how = task.scenario.read_word(PikaWord.GATEWAY_ROW)
            return Reply(build_gateway_row(task, how, feed, link))
        return _reply(task, feed)

    async def _show_video(self, call: ApiCall) -> Reply:
        task = await self._find(call, call.values["id"])
        is_done = task.status == SUCCEED and not self.engine.count_try(
            task, PikaWord.FINISHED_NO_URL
        )
        return Reply(
            {
                "id": task.task_id,
                "status": _OF_FORMS.get(task.status, task.status),
                "progress": _find_progress(task),
                "url": build_media_url(task, task.ready_artifacts[0]) if is_done else None,
            }
        )

    async def _find(self, call: ApiCall, name: str) -> PikaTask:
        return await self.engine.find(find_account_by_header(call, self._config), name)


MAIN_JOB = MainJob(
    address="/pika",
    operation="generate",
    input={"promptText": "a cat in the rain"},
)


def create(emulator: Emulator) -> EmulatedProvider[PikaDetails]:
    """Return Pika's emulator: a gateway, and ComfyUI's proxy."""
    api = PikaApi(emulator)
    services = (
        RoutedService(("/pika",), api.list_gateway_routes, _refuse),
        RoutedService(("/proxy/pika",), api.list_form_routes, _refuse),
    )
    return EmulatedProvider(name="pika", engine=api.engine, services=services, main_job=MAIN_JOB)


def _build_form(name: str, call: ApiCall) -> Mapping[str, object]:
    """Return the fields of a form; of a file its size. Raises Refusal."""
    if name in _URLENCODED:
        kind = call.headers.get("content-type", "")
        if not kind.startswith("application/x-www-form-urlencoded"):
            raise Refusal(RefusalKind.INVALID, "the body must be a urlencoded form")
        found = parse_qs(call.raw.decode("utf-8", "replace"), keep_blank_values=True)
        return {field: values[-1] for field, values in found.items()}
    return read_form_fields(call, _FILES)


def _check_body(body: Mapping[str, object]) -> Flaw | None:
    if not any(body.get(name) for name in ("promptText", "image", "video")):
        return Flaw("promptText", "field required")
    if body.get("pikaffect") and not body.get("image"):
        return Flaw("image", "an effect needs an image")
    return None


def _make_draft(
    body: Mapping[str, object], flaw: Flaw | None, scenario: Scenario
) -> TaskDraft[PikaDetails]:
    if flaw is not None:
        raise Refusal(RefusalKind.INVALID, str(flaw))
    prompt = str(body.get("promptText") or "")
    is_double = scenario.has(PikaWord.TWO_VIDEOS) or scenario.has(PikaWord.VIDEOS_SPLIT)
    return TaskDraft(
        operation="generate",
        details=PikaDetails(prompt),
        creation_key=prompt,
        artifacts=("0.mp4", "1.mp4") if is_double else ("0.mp4",),
        steps=_STEPS,
    )


def _build_videos(task: PikaTask, *, is_linkless: bool) -> list[dict[str, Any]]:
    found = [_build_entry(task, name, is_linkless=is_linkless) for name in task.artifacts]
    if task.scenario.has(PikaWord.VIDEOS_SPLIT) and task.status == SUCCEED:
        found[0] |= {"status": "error", "error": "generation failed", "resultUrl": ""}
    return found


def _build_entry(task: PikaTask, name: str, *, is_linkless: bool) -> dict[str, Any]:
    is_done = task.status == SUCCEED and not is_linkless
    return {
        "id": f"{task.task_id}-{name}",
        "status": _OF_FEED.get(task.status, task.status),
        "progress": _find_progress(task),
        "seed": 7,
        "resultUrl": build_media_url(task, name) if is_done else "",
        "sharingUrl": "",
        "videoPoster": "",
        "imageThumb": "",
        "duration": 5,
        "error": task.message if task.status == FAILED else "",
    }


def _reply(task: PikaTask, body: Mapping[str, object]) -> Reply:
    """Answer as a gateway does: bare, or beside a code."""
    is_coded = task.scenario.has(PikaWord.CODE_MSG)
    return Reply({"code": 0, "msg": "ok", "data": dict(body)} if is_coded else dict(body))


def _find_progress(task: PikaTask) -> int | None:
    return None if task.scenario.has(PikaWord.PROGRESS_NULL) else task.progress


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    error = {"message": refusal.message, "type": "pika_error", "code": refusal.kind.value}
    return Reply({"error": error}, refusal.kind.http_status)
