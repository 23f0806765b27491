"""Domo: its paths, checks, callbacks and codes. No cancel, no list.

Source: https://docs.domoai.app (enterprise API), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import (
    Check,
    Flaw,
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
    TaskStep,
)
from tracker.emulator.providers.domo.discord import (
    EmulatedDiscord,
    build_wrapper_callbacks,
    refuse_as_wrapper,
)
from tracker.emulator.providers.domo.words import DOMO_WORDS, DomoDetails, DomoTask, DomoWord

__all__ = ["create"]

_STATUSES = {
    SUBMITTED: "PENDING",
    PROCESSING: "PROCESSING",
    SUCCEED: "SUCCESS",
    FAILED: "FAILED",
    CANCELLED: "CANCELED",
}


def _check_media(value: object) -> Flaw | None:
    """Accept base64 without a prefix, or the URI of an upload."""
    fields = {
        "bytes_base64_encoded": accept_text(least=1, most=14_000_000),
        "domoai_uri": accept_text(least=10),
    }
    flaw = record(fields)(value)
    if flaw is not None:
        return flaw
    given = [name for name in fields if isinstance(value, dict) and value.get(name)]
    is_good = len(given) == 1 and not str(dict(value)[given[0]]).startswith("data:")  # type: ignore[call-overload]
    return None if is_good else Flaw("", "must have base64 or a domoai_uri")


_COMMON: Mapping[str, Check] = {
    "prompt": accept_text(most=2000),
    "seconds": accept_integer(least=1, most=10),
    "model": accept_text(least=1),
    "aspect_ratio": accept_one_of("16:9", "9:16", "1:1", "4:3", "3:4"),
    "callback_url": accept_web_url(),
    "image": _check_media,
    "video": _check_media,
    "audio": _check_media,
    "images": list_of(_check_media, least=1, most=1),
    "template": accept_text(least=1),
}
_OPERATIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "text2video": ("TEXT_TO_VIDEO", ("prompt", "seconds")),
    "image2video": ("IMAGE_TO_VIDEO", ("model", "image", "seconds")),
    "template2video": ("TEMPLATE_TO_VIDEO", ("template", "images", "seconds")),
    "video2video": ("VIDEO_TO_VIDEO", ("model", "video")),
    "talking-avatar": ("TALKING_AVATAR", ("audio", "seconds")),
}
"""Category and required fields, by the path below `/video/`."""


class EmulatedDomo:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        self.engine: Engine[DomoDetails] = Engine(
            emulator, ProviderRules(name="domo", callbacks=self._build_callbacks, words=DOMO_WORDS)
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            *(
                ApiRoute("POST", f"/v1/video/{name}", partial(self._create, name))
                for name in _OPERATIONS
            ),
            ApiRoute("GET", "/v1/tasks/{id}", self._get),
            ApiRoute("POST", "/v1/upload/file", self._upload),
        )

    async def _create(self, name: str, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._config), call.parse_object()
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(name, body, scenario),
            )
        )
        if task.scenario.has(DomoWord.CODE_IN_200):
            return Reply({"data": None, "code": 5000, "message": "internal error"})
        return Reply({"data": {"task_id": task.task_id}, "code": 0})

    async def _get(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        task = await self.engine.find(account, call.values["id"])
        return Reply({"data": self._build_view(task), "code": 0})

    async def _upload(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._config)
        name = call.parse_object().get("filename")
        if not isinstance(name, str) or not name:
            raise Refusal(RefusalKind.INVALID, "filename: field required")
        token = self.engine.make_uuid()
        data = {
            "presigned_url": f"{call.base_url}/media/{token}",
            "domoai_uri": f"domoai://{token}",
        }
        return Reply({"data": data, "code": 0})

    def _build_callbacks(self, task: DomoTask) -> Sequence[CallbackContent]:
        if task.operation.startswith("discord/"):
            return build_wrapper_callbacks(task)
        return (CallbackContent(body=encode_json(self._build_view(task))),)

    def _build_view(self, task: DomoTask) -> dict[str, Any]:
        is_done = task.status == SUCCEED and not self._is_late(task)
        is_new = task.scenario.has(DomoWord.NEW_CATEGORY)
        is_undated = task.scenario.has(DomoWord.NULL_CREATED_AT)
        links = [build_media_url(task, name) for name in task.ready_artifacts] if is_done else []
        return {
            "task_id": task.task_id,
            "id": task.task_id,
            "status": _STATUSES.get(task.status, task.status),
            "category": "DREAM_TO_VIDEO" if is_new else task.details.category,
            "callback_url": task.callback_url,
            "seconds": task.details.seconds,
            "output_videos": [{"url": link} for link in links],
            "credits": 2 * task.details.seconds,
            "inputs": {"prompt": task.details.prompt},
            "created_at": None if is_undated else _format_instant(task.created_at),
        }

    def _is_late(self, task: DomoTask) -> bool:
        return self.engine.count_try(task, DomoWord.URL_LATE)


MAIN_JOB = MainJob(
    address="/domo/v1",
    operation="video/text2video",
    input={"prompt": "a cat in the rain", "seconds": 5},
)


def create(emulator: Emulator) -> EmulatedProvider[DomoDetails]:
    """Return Domo's emulator."""
    api = EmulatedDomo(emulator)
    wrapper = EmulatedDiscord(api.engine, emulator.config)
    services = (
        RoutedService(("/domo",), api.list_routes, _refuse),
        RoutedService(("/domo-discord",), wrapper.list_routes, refuse_as_wrapper),
    )
    return EmulatedProvider(name="domo", engine=api.engine, services=services, main_job=MAIN_JOB)


def _make_draft(
    name: str, body: Mapping[str, object], scenario: Scenario
) -> TaskDraft[DomoDetails]:
    if scenario.has(DomoWord.BANNED):
        raise CodedRefusal(403, 4002, "Organization is banned")
    if scenario.has(DomoWord.NO_CREDITS):
        raise CodedRefusal(402, 2001, "Insufficient credits")
    category, required = _OPERATIONS[name]
    longer = {"seconds": accept_integer(least=1, most=60)} if name == "talking-avatar" else {}
    flaw = record({**_COMMON, **longer}, required=required)(body)
    if flaw is not None:
        raise CodedRefusal(422, 422, str(flaw))
    seconds, url = body.get("seconds"), body.get("callback_url")
    ends = TaskStep(after=2, status=CANCELLED)
    is_canceled = scenario.has(DomoWord.CANCELED)
    return TaskDraft(
        operation=name,
        details=DomoDetails(
            category, seconds if isinstance(seconds, int) else 5, str(body.get("prompt") or "")
        ),
        callback_url=url if isinstance(url, str) else None,
        creation_key=str(url or body.get("prompt") or ""),
        artifacts=("video.mp4",),
        steps=(DEFAULT_STEPS[0], ends) if is_canceled else DEFAULT_STEPS,
    )


def _format_instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    status, code = refusal.find_status_and_code({}, refusal.status)
    body: dict[str, Any] = {"code": code, "message": refusal.message, "data": None}
    if isinstance(refusal, CodedRefusal) and status == 422:
        field = refusal.message.partition(":")[0]
        body["detail"] = [{"loc": ["body", field], "msg": refusal.message, "type": "value_error"}]
    return Reply(body, status)
