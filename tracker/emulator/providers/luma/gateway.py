"""A gateway in front of Luma: the protocol of its old web page, with the faults of Luma-API.

Sources: https://github.com/LumaAI-API/Luma-API (main.go, its issue #7 and pull request #8), read
2026-11.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import Check, accept_flag, accept_text, record
from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.drafts import CreateRequest, TaskDraft
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.gateway_row import build_gateway_row
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.provider import find_account_by_header
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import CANCELLED, FAILED, PROCESSING, SUBMITTED, SUCCEED
from tracker.emulator.providers.luma.generation import LumaDetails, LumaTask, format_instant
from tracker.emulator.providers.luma.words import LumaWord

__all__ = ["EmulatedWebPage", "refuse_at_gateway"]

_STATES = {SUBMITTED: "pending", PROCESSING: "processing", SUCCEED: "completed", FAILED: "failed"}
_FIELDS: Mapping[str, Check] = {
    "user_prompt": accept_text(least=1),
    "aspect_ratio": accept_text(least=1),
    "expand_prompt": accept_flag,
    "image_url": accept_text(least=1, most=8_000_000),
    "image_end_url": accept_text(least=1, most=8_000_000),
    "loop": accept_flag,
}
_SECOND = {"detail": {"reason": "invalid character", "code": 1}}
"""The document that follows another one: the gateway reads what it has passed on already."""


class EmulatedWebPage:
    """The handlers of a gateway, over the engine of Luma's own API."""

    def __init__(self, engine: Engine[LumaDetails], config: EmulatorConfig) -> None:
        """Take the engine whose tasks are shown."""
        self._engine, self._config = engine, config

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", "/generations", self._create),
            ApiRoute("POST", "/generations/", self._create),
            ApiRoute("POST", "/generations/{id}/extend", self._extend),
            ApiRoute("GET", "/generations/{id}", self._get),
            ApiRoute("GET", "/generations/{id}/download_video_url", self._download),
        )

    async def _create(self, call: ApiCall) -> Reply:
        has_picture = bool(call.parse_object().get("image_url"))
        required = () if has_picture else ("user_prompt",)
        return self._reply(await self._make(call, required=required), 201)

    async def _extend(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        parent = self._engine.registry.find(account, call.values["id"])
        if parent is None or parent.status != SUCCEED:
            raise Refusal(RefusalKind.NOT_FOUND, "generation not found")
        return self._reply(await self._make(call, required=()), 201)

    async def _make(self, call: ApiCall, *, required: tuple[str, ...]) -> LumaTask:
        account, body = find_account_by_header(call, self._config), call.parse_object()
        return await self._engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: _make_draft(body, required, scenario),
            )
        )

    async def _get(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        if task.scenario.has(LumaWord.GATEWAY_ROW):
            link = (
                build_media_url(task, task.ready_artifacts[0]) if task.status == SUCCEED else None
            )
            how, view = (
                task.scenario.read_word(LumaWord.GATEWAY_ROW),
                _build_view(task, is_linkless=False),
            )
            return Reply(build_gateway_row(task, how, view, link))
        return self._reply(task, 200, is_linkless=self._is_linkless(task))

    async def _download(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        if task.status != SUCCEED:
            raise Refusal(RefusalKind.NOT_FOUND, "video not found")
        return Reply({"url": build_media_url(task, task.ready_artifacts[0])})

    async def _find(self, call: ApiCall) -> LumaTask:
        account = find_account_by_header(call, self._config)
        task = await self._engine.find(
            account, call.values["id"], lambda task: task.status != CANCELLED
        )
        if task.scenario.has(LumaWord.COOKIE_401):
            raise Refusal(RefusalKind.UNAUTHORIZED, "unauthorized")
        return task

    def _is_linkless(self, task: LumaTask) -> bool:
        is_done = task.status == SUCCEED
        return is_done and self._engine.count_try(task, LumaWord.COMPLETED_NO_LINK)

    def _reply(self, task: LumaTask, status: int, *, is_linkless: bool = False) -> Reply:
        view = _build_view(task, is_linkless=is_linkless)
        if task.scenario.has(LumaWord.DOUBLE_JSON):
            both = encode_json(view) + encode_json(_SECOND)
            return Reply(both, status, media_type="application/json")
        return Reply([view] if task.scenario.has(LumaWord.ARRAY_ANSWER) else view, status)


def refuse_at_gateway(refusal: Refusal) -> Reply:
    """Word a refusal as Luma-API does."""
    reason = refusal.message
    return Reply({"detail": {"reason": reason, "code": 1}}, refusal.kind.http_status)


def _make_draft(
    body: Mapping[str, object], required: tuple[str, ...], scenario: Scenario
) -> TaskDraft[LumaDetails]:
    del scenario
    flaw = record(_FIELDS, required=required)(body)
    if flaw is not None:
        raise Refusal(RefusalKind.INVALID, str(flaw))
    return TaskDraft(
        operation="web",
        details=LumaDetails(kind="video", model="", echo=body),
        creation_key=str(body.get("user_prompt") or ""),
        artifacts=("video.mp4",),
    )


def _build_view(task: LumaTask, *, is_linkless: bool) -> dict[str, Any]:
    state = _STATES.get(task.status, task.status)
    found: dict[str, Any] = {
        "id": task.task_id,
        "prompt": task.details.echo.get("user_prompt"),
        "state": state,
        "created_at": format_instant(task.created_at),
        "video": None,
        "liked": None,
        "estimate_wait_seconds": None,
        "thumbnail": None,
        "last_frame": None,
    }
    if task.status == FAILED:
        found["failure_reason"] = task.message
    if task.scenario.has(LumaWord.FAILED_BUT_PENDING) and task.is_open:
        found["status"] = "FAILED"
    if task.status == SUCCEED and not is_linkless:
        link = build_media_url(task, task.ready_artifacts[0])
        found["video"] = {
            "url": link,
            "download_url": link,
            "width": 1360,
            "height": 752,
            "thumbnail": None,
        }
    return found
