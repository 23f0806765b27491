"""The unofficial wrapper of Domo's bot: forms, RUNNING and SUCCESS, and no word for a failure.

Source: https://github.com/T0nYie1dYaw/domoai-api (app/main.py, schema.py), read 2026-11-29.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import Check, accept_one_of, accept_text, record
from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.drafts import CreateRequest, TaskDraft
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.multipart import read_form_fields
from tracker.emulator.core.provider import find_account_by_header
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED
from tracker.emulator.providers.domo.words import DomoDetails, DomoTask, DomoWord

__all__ = ["EmulatedDiscord", "build_wrapper_callbacks", "refuse_as_wrapper"]

_FILES = ("image", "video")
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "gen": ("prompt",),
    "real": ("image",),
    "animate": ("image", "length", "intensity"),
    "video": ("video", "model", "refer_mode", "length", "prompt"),
    "move": ("image", "video", "model", "length", "prompt"),
    "upscale": ("task_id", "index"),
    "vary": ("task_id", "index"),
}
"""Required fields of each form."""
_FIELDS: Mapping[str, Check] = {
    "mode": accept_one_of("fast", "relax"),
    "intensity": accept_one_of("low", "mid", "high"),
    "length": accept_one_of("3s", "5s", "10s", "20s"),
    "refer_mode": accept_one_of("VIDEO_MORE", "PROMPT_MORE"),
    "index": accept_one_of("1", "2", "3", "4"),
    "prompt": accept_text(least=1),
}
_PICTURES = ("gen", "real", "upscale", "vary")
_OPEN = (SUBMITTED, PROCESSING, FAILED)


class EmulatedDiscord:
    """The handlers of the wrapper, over Domo's engine."""

    def __init__(self, engine: Engine[DomoDetails], config: EmulatorConfig) -> None:
        """Take the engine whose tasks are shown."""
        self._engine, self._config = engine, config

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            *(ApiRoute("POST", f"/v1/{name}", partial(self._create, name)) for name in _COMMANDS),
            ApiRoute("GET", "/v1/task-data/{id}", self._get),
        )

    async def _create(self, name: str, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._config), read_form_fields(call, _FILES)
        flaw = record(_FIELDS, required=_COMMANDS[name])(body)
        if flaw is not None:
            raise Refusal(RefusalKind.INVALID, str(flaw))
        parent = body.get("task_id")
        if parent is not None and self._engine.registry.find(account, str(parent)) is None:
            raise Refusal(RefusalKind.NOT_FOUND, "task not found")
        task = await self._engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda _scenario: TaskDraft(
                    operation=f"discord/{name}",
                    details=DomoDetails(name.upper(), 0, str(body.get("prompt") or "")),
                    creation_key=str(body.get("prompt") or ""),
                    callback_url=str(body.get("event_callback_url") or "") or None,
                    artifacts=("0.png", "1.png") if name in _PICTURES else ("video.mp4",),
                ),
            )
        )
        if task.scenario.has(DomoWord.SUCCESS_FALSE):
            return Reply({"success": False})
        return Reply({"success": True, "task_id": task.task_id, "message_id": task.other_id})

    async def _get(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        task = await self._engine.find(account, call.values["id"])
        other = self._engine.registry.find_other(task)
        is_swapped = task.scenario.has(DomoWord.SWAPPED) and other is not None
        shown = other if is_swapped and other is not None else task
        return Reply(_build_view(task, shown))


def build_wrapper_callbacks(task: DomoTask) -> Sequence[CallbackContent]:
    """Return what the wrapper posts to its one URL: a success, and nothing else."""
    if task.status != SUCCEED or not task.scenario.has(DomoWord.JSON_IN_STRING):
        return ()
    event = {"event": "TASK_SUCCESS", "task_id": task.task_id}
    return (
        CallbackContent(body=encode_json({**event, "data": json.dumps(_build_view(task, task))})),
    )


def _build_view(task: DomoTask, shown: DomoTask) -> dict[str, Any]:
    """Return a task. shown: whose message and files stand in it."""
    links = [_build_file(shown, name) for name in shown.artifacts] if task.status == SUCCEED else []
    are_pictures = task.artifacts[0].endswith(".png")
    indices = [1, 2, 3, 4] if links and are_pictures else None
    return {
        "command": task.details.category,
        "channel_id": "1",
        "guild_id": "1",
        "message_id": shown.other_id,
        "images": links if are_pictures else None,
        "videos": None if are_pictures else links,
        "status": "RUNNING"
        if task.status in _OPEN
        else {SUCCEED: "SUCCESS"}.get(task.status, task.status),
        "upscale_indices": indices,
        "vary_indices": indices,
    }


def _build_file(task: DomoTask, name: str) -> dict[str, Any]:
    url = build_media_url(task, name)
    kind = "image/png" if name.endswith(".png") else "video/mp4"
    sizes = {"size": 1, "width": 320, "height": 320}
    return {"url": url, "proxy_url": url, "content_type": kind, **sizes}


def refuse_as_wrapper(refusal: Refusal, _call: ApiCall) -> Reply:
    """Word a refusal as FastAPI does."""
    is_wrong = refusal.kind is RefusalKind.INVALID
    status = 422 if is_wrong else refusal.kind.http_status
    return Reply({"detail": refusal.message}, status)
