"""Luma's newer API: one create for six kinds, a query, files that are not kept. No callbacks.

Sources: https://docs.agents.lumalabs.ai and https://pypi.org/project/luma-agents (0.5.0), read
2026-11-29.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import Check, accept_one_of, accept_text, record
from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.drafts import CreateRequest, TaskDraft
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.provider import find_account_by_header
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED
from tracker.emulator.providers.luma.generation import LumaDetails, LumaTask, format_instant
from tracker.emulator.providers.luma.words import LumaWord

__all__ = ["EmulatedAgents", "refuse_as_agents"]

_STATES = {SUBMITTED: "queued", PROCESSING: "processing", SUCCEED: "completed", FAILED: "failed"}
_KINDS = ("image", "image_edit", "video", "video_edit", "video_reframe", "layering")
_NEEDS_SOURCE = ("image_edit", "video_edit", "video_reframe", "layering")
_LINKS_LIVE_S = 3600
_FIELDS: Mapping[str, Check] = {
    "prompt": accept_text(least=1),
    "type": accept_one_of(*_KINDS),
    "model": accept_one_of("uni-1", "uni-1-max", "ray-3.2"),
    "source": record(
        {name: accept_text(least=1, most=8_000_000) for name in ("url", "data", "generation_id")}
    ),
}


class EmulatedAgents:
    """The handlers of the newer API, over the engine of the older one."""

    def __init__(self, engine: Engine[LumaDetails], config: EmulatorConfig) -> None:
        """Take the engine whose tasks are shown."""
        self._engine, self._config = engine, config

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", "/v1/generations", self._create),
            ApiRoute("GET", "/v1/generations/{id}", self._get),
        )

    async def _create(self, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._config), call.parse_object()
        task = await self._engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: self._draft_task(account, body, scenario),
            )
        )
        return Reply(self._build_view(task), 201)

    async def _get(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        return Reply(self._build_view(await self._engine.find(account, call.values["id"])))

    def _draft_task(
        self, account: str, body: Mapping[str, object], scenario: Scenario
    ) -> TaskDraft[LumaDetails]:
        flaw = record(_FIELDS, required=("prompt",))(body)
        if flaw is not None:
            raise Refusal(RefusalKind.INVALID, str(flaw))
        kind, source = str(body.get("type") or "image"), body.get("source")
        if kind in _NEEDS_SOURCE and not isinstance(source, Mapping):
            raise Refusal(RefusalKind.INVALID, "source: field required")
        parent = source.get("generation_id") if isinstance(source, Mapping) else None
        if parent and self._engine.registry.find(account, str(parent)) is None:
            raise Refusal(RefusalKind.INVALID, "source.generation_id: no such generation")
        if scenario.has(LumaWord.BUDGET_EXHAUSTED):
            raise Refusal(RefusalKind.BUSY, "budget_exhausted")
        is_video = kind.startswith("video")
        layers = ("0.png", "1.png") if kind == "layering" else ("image.png",)
        return TaskDraft(
            operation=kind,
            details=LumaDetails(
                kind="video" if is_video else "image",
                model=str(body.get("model") or ("ray-3.2" if is_video else "uni-1")),
                echo=body,
            ),
            creation_key=str(body["prompt"]),
            artifacts=("video.mp4",) if is_video else layers,
        )

    def _build_view(self, task: LumaTask) -> dict[str, Any]:
        is_done, has_failed = task.status == SUCCEED, task.status == FAILED
        is_empty = is_done and self._engine.count_try(task, LumaWord.NO_OUTPUT)
        is_moderated = "risk control" in task.message
        code = "content_moderated" if is_moderated else "generation_failed"
        return {
            "id": task.task_id,
            "type": task.operation,
            "model": task.details.model,
            "state": _STATES.get(task.status, task.status),
            "created_at": format_instant(task.created_at),
            "output": _build_output(task) if is_done and not is_empty else None,
            "failure_code": code if has_failed else None,
            "failure_reason": task.message if has_failed else None,
        }


def refuse_as_agents(refusal: Refusal, _call: ApiCall) -> Reply:
    """Word a refusal; an exhausted budget has a code."""
    if refusal.message == "budget_exhausted":
        return Reply({"detail": "the budget is used up", "code": refusal.message}, 402)
    return Reply({"detail": refusal.message}, refusal.kind.http_status)


def _build_output(task: LumaTask) -> list[dict[str, Any]]:
    is_layered = task.operation == "layering"
    return [
        {
            "type": task.details.kind,
            "url": build_media_url(task, name, _LINKS_LIVE_S),
            "layer": {"index": place, "label": name, "alpha_hint": "hard", "description": name}
            if is_layered
            else None,
        }
        for place, name in enumerate(task.ready_artifacts)
    ]
