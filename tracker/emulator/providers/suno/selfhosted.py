"""A server of gcui-art/suno-api. Source: https://github.com/gcui-art/suno-api, read 2026-11."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.providers.suno.api import SunoCreate, SunoTasks, require_fields
from tracker.emulator.providers.suno.songs import SunoTask, build_audio_info, build_lyrics_view
from tracker.emulator.providers.suno.words import SunoWord

__all__ = ["SelfHostedApi", "refuse_as_server"]

_WAIT_S = 100.0
_CREATES: Mapping[str, tuple[str, ...]] = {
    "/generate": ("prompt",),
    "/custom_generate": ("prompt",),
    "/extend_audio": ("audio_id",),
    "/concat": ("clip_id",),
    "/generate_stems": ("audio_id",),
}


class SelfHostedApi:
    """The handlers of the server's paths. Its credentials are its own: no key is asked for."""

    def __init__(self, tasks: SunoTasks) -> None:
        """Take the tasks that they show."""
        self._tasks = tasks
        self._engine = tasks.engine
        self._account = next(iter(tasks.config.api_keys), "")

    def list_routes(self, base: str) -> Sequence[ApiRoute]:
        """Return the table of routes below a path such as `/api`."""
        return (
            *(
                ApiRoute("POST", base + path, partial(self._create, path, names))
                for path, names in _CREATES.items()
            ),
            ApiRoute("POST", f"{base}/generate_lyrics", self._create_lyrics),
            ApiRoute("GET", f"{base}/get", self._get),
            ApiRoute("GET", f"{base}/get_limit", self._show_limit),
        )

    async def _create(self, path: str, names: tuple[str, ...], call: ApiCall) -> Reply:
        task = await self._tasks.create(
            call,
            self._get_owner(),
            SunoCreate(operation=f"gcui{path}", kind="music", check=require_fields(*names)),
        )
        waits = call.parse_object().get("wait_audio") is True
        if waits and not task.scenario.has(SunoWord.WAIT_AUDIO_SHORT):
            await self._engine.wait(task, _WAIT_S)
        return Reply(self._build_infos(task))

    async def _create_lyrics(self, call: ApiCall) -> Reply:
        task = await self._tasks.create(
            call,
            self._get_owner(),
            SunoCreate(operation="gcui/lyrics", kind="lyrics", check=require_fields("prompt")),
        )
        await self._engine.wait(task, _WAIT_S)
        return Reply(build_lyrics_view(task))

    async def _get(self, call: ApiCall) -> Reply:
        ids = [one for one in call.params.get("ids", "").split(",") if one]
        if not ids:
            page = self._engine.list_page(self._get_owner(), limit=10)
            return Reply([info for task in page.tasks for info in self._build_infos(task)])
        found = await self._tasks.find_by_clips(self._get_owner(), ids)
        infos = {
            info["id"]: info for task in set(found.values()) for info in self._build_infos(task)
        }
        return Reply([infos[id_] for id_ in ids if id_ in infos])

    async def _show_limit(self, _call: ApiCall) -> Reply:
        limit = {"credits_left": 40, "period": "day"}
        return Reply({**limit, "monthly_limit": 50, "monthly_usage": 10})

    def _get_owner(self) -> str:
        return self._tasks.config.accounts.get(self._account, self._account)

    def _build_infos(self, task: SunoTask) -> list[dict[str, Any]]:
        spoils = self._tasks.is_spoiled(task)
        return [
            build_audio_info(task, place, spoils=spoils)
            for place in range(len(task.details.clip_ids))
        ]


def refuse_as_server(refusal: Refusal, _call: ApiCall) -> Reply:
    """Word a refusal: `{error}`, and HTTP 500 for whatever Suno refused."""
    status = refusal.kind.http_status
    if refusal.kind in (RefusalKind.BUSY, RefusalKind.RATE_LIMITED, RefusalKind.MODERATED):
        status = 500
    return Reply({"error": refusal.message}, status)
