"""sunoapi.org and kie.ai: records, staged callbacks, codes under HTTP 200.

Sources: https://docs.sunoapi.org and https://docs.kie.ai/suno-api, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.refusals import CodedRefusal, Refusal, RefusalKind
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.signing import build_id_signer
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED
from tracker.emulator.providers.suno.api import SunoCreate, SunoTasks, require_fields
from tracker.emulator.providers.suno.songs import (
    FIRST,
    TEXT,
    SunoTask,
    build_lyrics_view,
    record_song,
)
from tracker.emulator.providers.suno.words import SunoWord

__all__ = ["ResellerApi", "build_reseller_callbacks"]

_CREDITS = 100
_OF_TASK = ("taskId", "audioId")
_CREATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "/generate": ("music", ("model",)),
    "/generate/extend": ("music", ("audioId", "model")),
    "/generate/upload-cover": ("music", ("uploadUrl", "model")),
    "/generate/upload-extend": ("music", ("uploadUrl", "model")),
    "/generate/mashup": ("music", ("uploadUrlList", "model")),
    "/generate/replace-section": ("music", (*_OF_TASK, "prompt")),
    "/generate/sounds": ("music", ("prompt",)),
    "/generate/add-vocals": ("music", ("uploadUrl", "prompt")),
    "/generate/add-instrumental": ("music", ("uploadUrl", "title")),
    "/lyrics": ("lyrics", ("prompt",)),
    "/wav/generate": ("audioWavUrl", _OF_TASK),
    "/mp4/generate": ("videoUrl", _OF_TASK),
    "/vocal-removal/generate": ("vocalUrl", _OF_TASK),
    "/midi/generate": ("midiUrl", ("taskId",)),
    "/suno/cover/generate": ("images", ("taskId",)),
    "/voice/validate": ("voiceUrl", ()),
    "/voice/regenerate": ("voiceUrl", ()),
    "/voice/generate": ("voiceUrl", ()),
    "/voice/check-voice": ("voiceUrl", ()),
}
_RECORDS = (
    *("/generate", "/lyrics", "/wav", "/mp4"),
    *("/vocal-removal", "/midi", "/suno/cover", "/voice"),
)
_AT_ONCE: Mapping[str, Mapping[str, Any]] = {
    "/generate/get-timestamped-lyrics": {"alignedWords": [{"word": "la", "startS": 1.0}]},
    "/generate/generate-persona": {"personaId": "p-1", "name": "x", "description": "y"},
    "/style/generate": {"taskId": "s-1", "result": "warm rock with rain", "creditsConsumed": 1},
}
_CODES = {
    RefusalKind.INVALID: 422,
    RefusalKind.UNAUTHORIZED: 401,
    RefusalKind.MODERATED: 400,
    RefusalKind.BUSY: 430,
    RefusalKind.RATE_LIMITED: 430,
    RefusalKind.UNAVAILABLE: 455,
    RefusalKind.NOT_FOUND: 404,
    RefusalKind.GONE: 404,
    RefusalKind.INTERNAL: 500,
}


class ResellerApi:
    """The handlers of the API's paths."""

    def __init__(self, tasks: SunoTasks, credit_path: str, too_many: int) -> None:
        """credit_path: of the balance. too_many: the code of too many calls at this host."""
        self._tasks = tasks
        self._engine = tasks.engine
        self._credit_path = credit_path
        self._too_many = too_many

    def list_routes(self, base: str) -> Sequence[ApiRoute]:
        """Return the table of routes below a path such as `/api/v1`."""
        return (
            *(
                ApiRoute("POST", base + path, partial(self._create, path, *row))
                for path, row in _CREATES.items()
            ),
            *(
                ApiRoute("POST", base + path, partial(self._reply_at_once, path))
                for path in _AT_ONCE
            ),
            *(ApiRoute("GET", f"{base}{path}/record-info", self._record) for path in _RECORDS),
            ApiRoute("GET", f"{base}/voice/validate-info", self._record),
            ApiRoute("GET", base + self._credit_path, self._show_credit),
        )

    async def _create(self, path: str, kind: str, names: tuple[str, ...], call: ApiCall) -> Reply:
        account = self._tasks.find_account(call)
        task = await self._tasks.create(
            call,
            account,
            SunoCreate(
                operation=path,
                kind=kind,
                check=require_fields("callBackUrl", *names),
                hook="callBackUrl",
            ),
        )
        return _build_good({"taskId": task.task_id})

    async def _reply_at_once(self, path: str, call: ApiCall) -> Reply:
        self._tasks.find_account(call)
        call.parse_object()
        return _build_good(_AT_ONCE[path])

    async def _record(self, call: ApiCall) -> Reply:
        account = self._tasks.find_account(call)
        task = await self._engine.find(account, call.params.get("taskId", ""))
        return _build_good(self._build_view(task))

    async def _show_credit(self, call: ApiCall) -> Reply:
        self._tasks.find_account(call)
        return _build_good(_CREDITS)

    def _build_view(self, task: SunoTask) -> dict[str, Any]:
        is_song, is_text = task.details.kind == "music", task.details.kind == "lyrics"
        is_failed = task.status == FAILED
        record = {
            "taskId": task.task_id,
            "parentMusicId": "",
            "param": encode_json({"callBackUrl": task.callback_url}).decode(),
            "errorCode": 500 if is_failed else None,
            "errorMessage": task.message if is_failed else None,
            "response": self._build_response(task),
        }
        if (is_song or is_text) and not task.scenario.has(SunoWord.SUCCESS_FLAG):
            return record | {"status": _find_word(task)}
        is_number = (
            task.scenario.has(SunoWord.SUCCESS_FLAG)
            and task.scenario.read_word(SunoWord.SUCCESS_FLAG) == "number"
        )
        flags = _NUMBERS if is_number else {SUCCEED: "SUCCESS", FAILED: _find_failure(task)}
        return record | {"successFlag": flags.get(task.status, "PENDING")}

    def _build_response(self, task: SunoTask) -> dict[str, Any] | None:
        if task.details.kind == "music":
            songs = _build_songs(task, spoils=self._tasks.is_spoiled(task))
            return {"taskId": task.task_id, "sunoData": songs} if songs else None
        if task.status != SUCCEED:
            return None
        if task.details.kind == "lyrics":
            text = build_lyrics_view(task)
            return {"taskId": task.task_id, "data": [{k: text[k] for k in ("text", "title")}]}
        url = build_media_url(task, task.artifacts[0])
        return {task.details.kind: [url] if task.details.kind == "images" else url}

    def refuse(self, refusal: Refusal, _call: ApiCall) -> Reply:
        """Word a refusal: HTTP 200, and the code says what it is."""
        if isinstance(refusal, CodedRefusal):
            body = {"code": refusal.code, "msg": refusal.message, "data": None}
            return Reply(body, refusal.status)
        if refusal.kind in (RefusalKind.NO_SUCH_PATH, RefusalKind.WRONG_METHOD):
            return Reply({"error": refusal.message}, refusal.kind.http_status)
        code = _CODES.get(refusal.kind, 500)
        is_fast = refusal.kind in (RefusalKind.BUSY, RefusalKind.RATE_LIMITED)
        code = self._too_many if is_fast else code
        status = 500 if code == 500 else 200
        return Reply({"code": code, "msg": refusal.message, "data": None}, status)


_FAILURES: Mapping[str, str] = {
    "lyrics": "GENERATE_LYRICS_FAILED",
    "audioWavUrl": "GENERATE_WAV_FAILED",
    "videoUrl": "GENERATE_MP4_FAILED",
}
"""By the kind of a task; of all others the word for songs."""
_NUMBERS: Mapping[str, Any] = {SUBMITTED: 0, PROCESSING: 0, SUCCEED: 1, FAILED: 2}


def _build_good(data: object) -> Reply:
    return Reply({"code": 200, "msg": "success", "data": data})


def _find_word(task: SunoTask) -> str:
    if task.scenario.has(SunoWord.CALLBACK_EXCEPTION) and task.stage in (FIRST, "complete"):
        return "CALLBACK_EXCEPTION"
    if task.status == PROCESSING:
        return {TEXT: "TEXT_SUCCESS", FIRST: "FIRST_SUCCESS"}.get(task.stage, "PENDING")
    words = {SUBMITTED: "PENDING", SUCCEED: "SUCCESS", FAILED: _find_failure(task)}
    return words.get(task.status, task.status)


def _find_failure(task: SunoTask) -> str:
    """Return the word that the pages give for a failure of the kind of task."""
    return _FAILURES.get(task.details.kind, "GENERATE_AUDIO_FAILED")


def _build_songs(task: SunoTask, *, spoils: bool, is_snake: bool = False) -> list[dict[str, Any]]:
    if task.status in (SUBMITTED, FAILED) and not task.ready:
        return []
    return [
        record_song(task, place, spoils=spoils, is_snake=is_snake)
        for place in range(len(task.details.clip_ids))
    ]


def build_reseller_callbacks(task: SunoTask, config: EmulatorConfig) -> Sequence[CallbackContent]:
    """Word the callbacks of a stage. Without a secret they are unsigned, as sunoapi.org's are."""
    if not task.operation.startswith("/") or task.status == SUBMITTED:
        return ()
    sign = build_id_signer(task.task_id, config.webhook_secret)
    told: list[CallbackContent] = []
    if task.scenario.has(SunoWord.SIGN_NOT_BODY) and task.stage == FIRST:
        lie = _build_body(task, "error", None, 501, "Audio generation failed.")
        told.append(CallbackContent(body=lie, sign=sign))
    if task.status == FAILED:
        body = _build_body(task, "error", None, 501, task.message or "Audio generation failed.")
    elif task.details.kind == "music":
        kind = "complete" if task.status == SUCCEED else task.stage or TEXT
        songs = _build_songs(task, spoils=False, is_snake=True)
        body = _build_body(task, kind, songs, 200, "ok")
    elif task.status != SUCCEED:
        return told
    else:
        body = _build_body(task, "complete", _build_result(task), 200, "success")
    return [*told, CallbackContent(body=body, sign=sign)]


def _build_result(task: SunoTask) -> object:
    if task.details.kind == "lyrics":
        text = build_lyrics_view(task)
        return [{"text": text["text"], "title": text["title"], "status": "complete"}]
    return {task.details.kind: build_media_url(task, task.artifacts[0])}


def _build_body(task: SunoTask, kind: str, data: object, code: int, text: str) -> bytes:
    inner = {"callbackType": kind, "task_id": task.task_id, "data": data}
    return encode_json({"code": code, "msg": text, "data": inner})
