"""Udio's emulator: `/udio/generate-proxy` with songs alone, `/udio/submit/music` with tasks.

Sources: https://draw.openai-next.com (its page of Udio) and
https://github.com/Dooy/chatgpt-web-midjourney-proxy (2.26.4), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import (
    accept_flag,
    accept_number,
    accept_one_of,
    accept_text,
    record,
)
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.media import build_media_url
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
from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["create"]


class UdioWord(StrEnum):
    """The scenario words of Udio."""

    ONE_OF_TWO = "one_of_two"
    FINISHED_WITHOUT_PATH = "finished_without_path"
    MISSING_IN_LIST = "missing_in_list"
    INT_CODE_ERROR = "int_code_error"
    FAIL_WORD = "fail_word"
    NO_ID_IN_ANSWER = "no_id_in_answer"


_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        UdioWord.ONE_OF_TWO: WordSpec("one of the two songs fails"),
        UdioWord.FINISHED_WITHOUT_PATH: WordSpec(
            "songs are finished and have no path in the first N answers",
            ParameterKind.TRIES,
            "3",
        ),
        UdioWord.MISSING_IN_LIST: WordSpec(
            "the list leaves the songs out in the first N answers", ParameterKind.TRIES, "2"
        ),
        UdioWord.INT_CODE_ERROR: WordSpec(
            "a create is answered HTTP 200 with this number", ParameterKind.WORD, "400"
        ),
        UdioWord.FAIL_WORD: WordSpec("a failed task's status is FAIL"),
        UdioWord.NO_ID_IN_ANSWER: WordSpec("the answer to a create names nothing"),
    }
)
_SHARE = accept_number(least=0, most=1)
_FIELDS = record(
    {
        "prompt": accept_text(),
        "lyrics": accept_text(),
        "lyrics_type": accept_one_of("generate", "user", "instrumental"),
        "bypass_prompt_optimization": accept_flag,
        "song_section_start": _SHARE,
        "prompt_strength": _SHARE,
        "clarity_strength": _SHARE,
        "lyrics_strength": _SHARE,
        "generation_quality": _SHARE,
        "negative_prompt": accept_text(),
        "model_type": accept_text(least=1),
    }
)
_STEPS = (
    TaskStep(after=1),
    TaskStep(after=2, ready=1),
    TaskStep(after=3, status=SUCCEED),
)
_ROWS = {SUBMITTED: "SUBMITTED", PROCESSING: "IN_PROGRESS", SUCCEED: "SUCCESS", FAILED: "FAILURE"}


@dataclass(frozen=True)
class UdioDetails:
    """The facts of a generation that the core does not know."""

    song_ids: Sequence[str]
    fields: Mapping[str, object]


UdioTask = EmulatedTask[UdioDetails]


class NumberedRefusal(Refusal):
    """A create that is answered HTTP 200 with a number."""

    def __init__(self, code: int) -> None:
        """Take the number."""
        super().__init__(RefusalKind.INVALID, "refused by its number")
        self.code = code


class UdioApi:
    """The handlers of both shapes."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        self.engine: Engine[UdioDetails] = Engine(
            emulator, ProviderRules(name="udio", callbacks=lambda _task: (), words=_WORDS)
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", "/generate-proxy", self._generate),
            ApiRoute("GET", "/songs", self._show_songs),
            ApiRoute("POST", "/submit/music", self._submit),
            ApiRoute("GET", "/fetch/{id}", self._fetch),
        )

    async def _generate(self, call: ApiCall) -> Reply:
        body = call.parse_object()
        task = await self._create(call, body, body)
        if task.scenario.has(UdioWord.NO_ID_IN_ANSWER):
            return Reply({"message": "ok"})
        ids = list(task.details.song_ids)
        return Reply({"track_ids": ids, "generation_id": task.task_id})

    async def _submit(self, call: ApiCall) -> Reply:
        body = call.parse_object()
        params = body.get("gen_params")
        if not isinstance(params, dict):
            raise Refusal(RefusalKind.INVALID, "gen_params is empty")
        task = await self._create(call, body, params)
        is_mute = task.scenario.has(UdioWord.NO_ID_IN_ANSWER)
        return _build_good(None if is_mute else task.task_id)

    async def _create(
        self, call: ApiCall, body: Mapping[str, object], params: Mapping[str, object]
    ) -> UdioTask:
        account = find_account_by_header(call, self._config)
        request = CreateRequest(
            call=call,
            account=account,
            body=body,
            read=lambda scenario: self._draft_task(scenario, params),
        )
        return await self.engine.create(request)

    def _draft_task(
        self, scenario: Scenario, params: Mapping[str, object]
    ) -> TaskDraft[UdioDetails]:
        if scenario.has(UdioWord.INT_CODE_ERROR):
            raise NumberedRefusal(int(scenario.read_word(UdioWord.INT_CODE_ERROR)))
        flaw = _FIELDS(dict(params))
        if flaw is not None:
            raise Refusal(RefusalKind.INVALID, str(flaw))
        if not params.get("prompt") and not params.get("lyrics"):
            raise Refusal(RefusalKind.INVALID, "prompt is empty")
        steps = _STEPS
        if scenario.has(UdioWord.ONE_OF_TWO):
            last = replace(_STEPS[-1], status=FAILED, message="one song failed", ready=1)
            steps = (*_STEPS[:-1], last)
        ids = [self.engine.make_uuid() for _ in range(2)]
        return TaskDraft(
            operation="music",
            details=UdioDetails(song_ids=ids, fields=params),
            callback_url=None,
            external_id=None,
            creation_key=str(params.get("prompt") or params.get("lyrics")),
            artifacts=("0.mp3", "1.mp3"),
            steps=steps,
        )

    async def _show_songs(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        wanted = [one for one in call.params.get("songIds", "").split(",") if one]
        tasks = [
            task
            for task in self.engine.registry
            if task.account == account and set(task.details.song_ids) & set(wanted)
        ]
        scenario = tasks[0].scenario if tasks else self.engine.scenario
        await self.engine.query_faults(account, ",".join(wanted), scenario)
        songs: dict[str, dict[str, Any]] = {}
        for task in tasks:
            if self.engine.count_try(task, UdioWord.MISSING_IN_LIST):
                continue
            songs |= {song["id"]: song for song in self._build_views(task)}
        return Reply({"songs": [songs[id_] for id_ in wanted if id_ in songs]})

    async def _fetch(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        task = await self.engine.find(account, call.values["id"])
        word = _ROWS.get(task.status, task.status)
        if task.status == FAILED and task.scenario.has(UdioWord.FAIL_WORD):
            word = "FAIL"
        row = {
            "task_id": task.task_id,
            "status": word,
            "progress": "50%" if task.status == PROCESSING else "0%" if task.is_open else "100%",
            "fail_reason": task.message if task.status == FAILED else "",
            "submit_time": task.created_at // 1000,
            "data": {"songs": self._build_views(task)},
        }
        return _build_good(row)

    def _build_views(self, task: UdioTask) -> list[dict[str, Any]]:
        hides = bool(task.ready) and self.engine.count_try(task, UdioWord.FINISHED_WITHOUT_PATH)
        return [_build_song(task, place, hides_path=hides) for place in range(2)]


def _build_song(task: UdioTask, place: int, *, hides_path: bool) -> dict[str, Any]:
    """Return a song; `finished` and its paths appear once they are known."""
    is_done = place < task.ready and task.status != FAILED
    if task.scenario.has(UdioWord.ONE_OF_TWO):
        is_done = place < task.ready and place == 0
    has_failed = task.status == FAILED and not is_done
    made = datetime.fromtimestamp(task.created_at / 1000, UTC)
    song: dict[str, Any] = {
        "id": task.details.song_ids[place],
        "user_id": "u",
        "artist": "a",
        "title": "Rain",
        "created_at": made.isoformat(timespec="microseconds"),
        "error_id": None,
        "error_type": "GENERATION_FAILED" if has_failed else None,
        "error_code": None,
        "error_detail": (task.message or "the song failed") if has_failed else None,
        "generation_id": task.task_id,
        "image_path": None,
        "lyrics": "la la",
        "prompt": str(task.details.fields.get("prompt") or ""),
        "likes": 0,
        "plays": 0,
        "published_at": None,
        "replaces": None,
        "tags": ["pop"],
    }
    if is_done:
        path = None if hides_path else build_media_url(task, f"{place}.mp3")
        song |= {"finished": True, "song_path": path, "video_path": None, "duration": 32.0}
    return song


def _build_good(data: object) -> Reply:
    return Reply({"code": "success", "message": "", "data": data})


def _refuse(refusal: Refusal, call: ApiCall) -> Reply:
    status = refusal.kind.http_status
    if isinstance(refusal, NumberedRefusal):
        body = {"code": refusal.code, "msg": refusal.message, "sn": call.request_id}
        return Reply(body, 200)
    if call.path.startswith(("/generate-proxy", "/songs")):
        body = {"code": status, "msg": refusal.message, "sn": call.request_id}
        return Reply(body, status)
    not_found = refusal.kind in (RefusalKind.NOT_FOUND, RefusalKind.GONE)
    if not_found:
        return Reply({"code": "task_not_exist", "message": refusal.message, "data": None}, 400)
    code = "invalid_request" if status == 400 else "submit_failed"
    return Reply({"code": code, "message": refusal.message, "data": None}, status)


MAIN_JOB = MainJob(
    address="/udio",
    operation="submit/music",
    input={"gen_params": {"prompt": "rain on a roof", "lyrics_type": "generate"}},
    options={"profile": "task"},
)


def create(emulator: Emulator) -> EmulatedProvider[UdioDetails]:
    """Return Udio's emulator."""
    api = UdioApi(emulator)
    service = RoutedService(("/udio",), api.list_routes, _refuse)
    return EmulatedProvider(name="udio", engine=api.engine, services=(service,), main_job=MAIN_JOB)
