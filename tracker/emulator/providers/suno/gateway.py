"""Gateways: `/suno/submit/…` with tasks, and `/suno/generate` with songs alone."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.refusals import CodedRefusal, Refusal, RefusalKind
from tracker.emulator.providers.suno.api import Check, SunoCreate, SunoTasks, require_fields
from tracker.emulator.providers.suno.songs import (
    SunoTask,
    build_clip_view,
    build_lyrics_view,
    build_row_view,
    convert_to_camel_case,
)
from tracker.emulator.providers.suno.words import SunoWord

__all__ = ["GatewayApi", "refuse_as_gateway"]

_NOT_EXIST = "task_not_exist"


class GatewayApi:
    """The handlers of a gateway's paths, both kinds."""

    def __init__(self, tasks: SunoTasks) -> None:
        """Take the tasks that they show."""
        self._tasks = tasks
        self._engine = tasks.engine

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes below the prefix."""
        return (
            *(
                ApiRoute("POST", path, partial(self._submit, _create_of(path, check)))
                for path, check in _SUBMITS.items()
            ),
            *(
                ApiRoute("POST", path, partial(self._generate, _create_of(path, check)))
                for path, check in _GENERATES.items()
            ),
            ApiRoute("GET", "/fetch/{id}", self._fetch),
            ApiRoute("POST", "/fetch", self._fetch_many),
            ApiRoute("GET", "/feed/{ids}", self._show_feed),
            ApiRoute("GET", "/lyrics/{id}", self._show_lyrics),
        )

    async def _submit(self, create: SunoCreate, call: ApiCall) -> Reply:
        account = self._tasks.find_account(call)
        task = await self._tasks.create(call, account, create)
        is_number = task.scenario.has(SunoWord.NUMBER_ID)
        return _build_good(int(task.task_id) if is_number else task.task_id)

    async def _generate(self, create: SunoCreate, call: ApiCall) -> Reply:
        account = self._tasks.find_account(call)
        task = await self._tasks.create(call, account, create)
        if create.kind == "lyrics":
            return Reply({"id": task.details.clip_ids[0]})
        return Reply({"id": task.task_id, "clips": self._build_clips(task), "status": "complete"})

    async def _fetch(self, call: ApiCall) -> Reply:
        account = self._tasks.find_account(call)
        try:
            task = await self._engine.find(account, call.values["id"])
        except Refusal as refusal:
            if refusal.kind in (RefusalKind.NOT_FOUND, RefusalKind.GONE):
                return self._refuse_unknown(call.values["id"])
            raise
        if task.scenario.has(SunoWord.CLIPS_ONLY):
            return _build_good(self._build_data(task))
        return _build_good(self._build_row(task))

    def _refuse_unknown(self, id_: str) -> Reply:
        scenario = self._engine.scenario
        form = scenario.read_word(SunoWord.NOT_FOUND) if scenario.has(SunoWord.NOT_FOUND) else "400"
        if form == "unknown":
            return _build_good({"taskId": id_, "status": "UNKNOWN", "failReason": None})
        body = {"code": _NOT_EXIST, "message": _NOT_EXIST, "data": None}
        return Reply(body, int(form))

    async def _fetch_many(self, call: ApiCall) -> Reply:
        account, body = self._tasks.find_account(call), call.parse_object()
        ids = body.get("ids")
        if not isinstance(ids, list) or body.get("action") not in ("MUSIC", "LYRICS"):
            raise Refusal(RefusalKind.INVALID, "invalid_action")
        if not ids:
            return _build_good([])
        await self._engine.query_faults(account, "list", self._engine.scenario)
        found = [self._engine.registry.find(account, str(one)) for one in ids]
        rows = [
            self._build_row(task)
            for task in found
            if task is not None
            and not self._engine.is_forgotten(task)
            and not task.scenario.has(SunoWord.OMIT_IDS)
        ]
        is_null = self._engine.scenario.has(SunoWord.DATA_NULL) or not rows
        return _build_good(None if is_null else rows)

    async def _show_feed(self, call: ApiCall) -> Reply:
        account, ids = self._tasks.find_account(call), call.values["ids"].split(",")
        found = await self._tasks.find_by_clips(account, ids)
        spoiled = {task.task_id: self._tasks.is_spoiled(task) for task in set(found.values())}
        return Reply(
            [
                build_clip_view(
                    found[id_],
                    list(found[id_].details.clip_ids).index(id_),
                    spoils=spoiled[found[id_].task_id],
                )
                for id_ in ids
                if id_ in found
            ]
        )

    async def _show_lyrics(self, call: ApiCall) -> Reply:
        account, id_ = self._tasks.find_account(call), call.values["id"]
        found = await self._tasks.find_by_clips(account, [id_])
        if id_ not in found:
            raise Refusal(RefusalKind.NOT_FOUND, "not found")
        return Reply(build_lyrics_view(found[id_]))

    def _build_clips(self, task: SunoTask) -> list[dict[str, Any]]:
        spoils = self._tasks.is_spoiled(task)
        return [
            build_clip_view(task, place, spoils=spoils)
            for place in range(len(task.details.clip_ids))
        ]

    def _build_data(self, task: SunoTask) -> Any:
        return build_lyrics_view(task) if task.details.kind == "lyrics" else self._build_clips(task)

    def _build_row(self, task: SunoTask) -> Mapping[str, Any]:
        row = build_row_view(task, self._build_data(task))
        return convert_to_camel_case(row) if task.scenario.has(SunoWord.CAMEL) else row


def _build_good(data: object) -> Reply:
    return Reply({"code": "success", "message": "", "data": data})


def _check_music(body: Mapping[str, Any]) -> str | None:
    if body.get("continue_clip_id") and not body.get("task_id") and "mv" not in body:
        return "task id is empty"
    named = (
        *("prompt", "gpt_description_prompt", "tags", "title", "continue_clip_id"),
        *("cover_clip_id", "underpainting_clip_id", "overpainting_clip_id"),
    )
    return None if any(body.get(name) for name in named) else "prompt is empty"


def _create_of(path: str, check: Check) -> SunoCreate:
    kind = "lyrics" if "lyrics" in path else "music"
    return SunoCreate(operation=f"gateway{path}", kind=kind, check=check, hook="notify_hook")


_SUBMITS: Mapping[str, Check] = {
    "/submit/music": _check_music,
    "/submit/lyrics": require_fields("prompt"),
    "/submit/concat": require_fields("clip_id"),
    "/uploads/audio-url": require_fields("url"),
}
_GENERATES: Mapping[str, Check] = {
    "/generate": _check_music,
    "/generate/description-mode": require_fields("gpt_description_prompt"),
    "/generate/lyrics/": require_fields("prompt"),
}


def refuse_as_gateway(refusal: Refusal, _call: ApiCall) -> Reply:
    """Word a refusal as new-api does."""
    if isinstance(refusal, CodedRefusal):
        body = {"code": str(refusal.code), "message": refusal.message, "data": None}
        return Reply(body, refusal.status)
    status = refusal.kind.http_status
    if refusal.kind in (RefusalKind.UNAUTHORIZED, RefusalKind.NO_SUCH_PATH):
        return Reply({"error": {"message": refusal.message, "type": "new_api_error"}}, status)
    code = _CODES.get(refusal.kind, "submit_failed")
    return Reply({"code": code, "message": refusal.message, "data": None}, status)


_CODES = {
    RefusalKind.INVALID: "invalid_request",
    RefusalKind.MODERATED: "invalid_request",
    RefusalKind.NOT_FOUND: _NOT_EXIST,
    RefusalKind.GONE: _NOT_EXIST,
    RefusalKind.BUSY: "429",
    RefusalKind.RATE_LIMITED: "429",
    RefusalKind.UNAVAILABLE: "get_channel_failed",
}
