"""Haimian's emulator: `/haimian/jd/api/v1` of the web page, `/haimian-volc` of Volcengine.

Sources: https://pypi.org/project/meutils (2026.7.17) for the web page's calls; how it shows a task
is printed nowhere, and made up here. https://www.volcengine.com/docs/84992 for the API. 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_key,
)
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED, EmulatedTask
from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["create"]

_LIMIT = 10000008
_MOST = 5

_NAMED_BY: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("GenSongForTime", "GenSongV4"), ("Prompt", "Lyrics")),
    **dict.fromkeys(("GenBGMForTime", "GenBGM"), ("Text", "Text")),
}
"""The fields of which one must be filled, by action."""


class HaimianWord(StrEnum):
    """The scenario words of Haimian."""

    DAILY_LIMIT = "daily_limit"
    COOKIE_BOUND = "cookie_bound"
    MUTE_STATUS = "mute_status"
    FOREIGN_IP = "foreign_ip"
    TEXT_STATUS = "text_status"


_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        HaimianWord.DAILY_LIMIT: WordSpec(
            "HTTP 200 and status_code 10000008 for the first N creates", ParameterKind.TRIES, "1"
        ),
        HaimianWord.COOKIE_BOUND: WordSpec("the web page's list shows nothing of it"),
        HaimianWord.MUTE_STATUS: WordSpec("the web page's tasks have words that nobody knows"),
        HaimianWord.FOREIGN_IP: WordSpec("the API refuses a foreign address: code 100011"),
        HaimianWord.TEXT_STATUS: WordSpec("the API's numbers are texts"),
    }
)
_STATES = {SUBMITTED: "queued", PROCESSING: "running", SUCCEED: "done", FAILED: "failed"}
_NUMBERS = {SUBMITTED: 0, PROCESSING: 1, SUCCEED: 2, FAILED: 3}


@dataclass(frozen=True)
class HaimianDetails:
    """The facts of a song that the core does not know. is_official: of Volcengine's API."""

    is_official: bool


HaimianTask = EmulatedTask[HaimianDetails]


class HaimianRefusal(Refusal):
    """A call that is answered HTTP 200 with a code."""

    def __init__(self, code: int, message: str) -> None:
        """Take the code and the text."""
        super().__init__(RefusalKind.INVALID, message)
        self.code = code


class HaimianApi:
    """The handlers of both."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        self.engine: Engine[HaimianDetails] = Engine(
            emulator, ProviderRules(name="haimian", callbacks=_build_callbacks, words=_WORDS)
        )

    def list_web_routes(self) -> Sequence[ApiRoute]:
        """Return the table of the web page's routes."""
        base = "/jd/api/v1/generate"
        return (
            ApiRoute("POST", f"{base}/lyric2song", self._generate),
            ApiRoute("POST", f"{base}/text2bgm", self._generate),
            ApiRoute("GET", f"{base}/tasks/info", self._show_tasks),
        )

    def list_official_routes(self) -> Sequence[ApiRoute]:
        """Return the table of the API's one route."""
        return (ApiRoute("POST", "/", self._dispatch_action),)

    async def _generate(self, call: ApiCall) -> Reply:
        body = call.parse_object()
        count = body.get("batch_size", 1)
        if not isinstance(count, int) or not 1 <= count <= _MOST:
            raise HaimianRefusal(10000001, "batch_size")
        request = CreateRequest(
            call=call,
            account=self._find_login(call),
            body=body,
            read=partial(self._draft_task, body, ("prompt", "lyrics"), False),
            count=count,
        )
        tasks = await self.engine.create_group(request)
        return _build_good({"tasks": [{"task_id": task.task_id} for task in tasks]})

    def _draft_task(
        self,
        body: Mapping[str, object],
        names: tuple[str, str],
        is_official: bool,
        scenario: Scenario,
    ) -> TaskDraft[HaimianDetails]:
        word = HaimianWord.DAILY_LIMIT
        text = str(body.get(names[0]) or body.get(names[1]) or "")
        if scenario.has(word) and self.engine.faults.count_try(
            (word, text), scenario.read_tries(word), now=self.engine.now()
        ):
            raise HaimianRefusal(_LIMIT, "已超过每天音乐生成上限，请明天再试")
        if is_official and scenario.has(HaimianWord.FOREIGN_IP):
            raise HaimianRefusal(100011, "the address is not in China")
        if not text:
            raise Refusal(RefusalKind.INVALID, f"{names[0]} is empty")
        url = body.get("CallbackURL")
        return TaskDraft(
            operation="song",
            details=HaimianDetails(is_official=is_official),
            callback_url=url if isinstance(url, str) and is_official else None,
            creation_key=text,
            artifacts=("0.mp3",),
        )

    async def _show_tasks(self, call: ApiCall) -> Reply:
        """Show the tasks of a repeated parameter, as far as the login made them."""
        account = self._find_login(call)
        wanted = call.query_values("task_ids")
        found = [self.engine.registry.find(account, one) for one in wanted]
        tasks = [task for task in found if task is not None]
        scenario = tasks[0].scenario if tasks else self.engine.scenario
        await self.engine.query_faults(account, ",".join(wanted), scenario)
        shown = [task for task in tasks if not task.scenario.has(HaimianWord.COOKIE_BOUND)]
        return _build_good({"tasks": [_build_web_view(task) for task in shown]})

    async def _dispatch_action(self, call: ApiCall) -> Reply:
        action, body = call.params.get("Action", ""), call.parse_object()
        account = self._find_signer(call)
        named = _NAMED_BY.get(action)
        if named is not None:
            request = CreateRequest(
                call=call,
                account=account,
                body=body,
                read=partial(self._draft_task, body, named, True),
            )
            task = await self.engine.create(request)
            return Reply({"Code": 0, "Message": "Success", "Result": {"TaskID": task.task_id}})
        if action != "QuerySong":
            raise Refusal(RefusalKind.NO_SUCH_PATH, "InvalidActionOrVersion")
        task = await self.engine.find(account, str(body.get("TaskID", "")))
        return Reply({"Code": 0, "Message": "Success", "Result": _build_official_view(task)})

    def _find_login(self, call: ApiCall) -> str:
        """Return the account behind a cookie, or behind the key of a gateway that hides it."""
        header = call.headers.get("authorization", "")
        key = header.removeprefix("Bearer ") or call.headers.get("cookie", "").rpartition("=")[2]
        return find_account_by_key(key, self._config)

    def _find_signer(self, call: ApiCall) -> str:
        """Return the account behind a signature's access key, or behind a bare key.

        The signature itself is not checked here.
        """
        header = call.headers.get("authorization", "")
        if header.startswith("HMAC-SHA256 Credential="):
            access = header.removeprefix("HMAC-SHA256 Credential=").partition("/")[0]
            return find_account_by_key(access, self._config)
        return find_account_by_key(header.removeprefix("Bearer "), self._config)


def _build_web_view(task: HaimianTask) -> dict[str, Any]:
    is_mute = task.scenario.has(HaimianWord.MUTE_STATUS)
    view: dict[str, Any] = {
        "task_id": task.task_id,
        "status": "7" if is_mute else _STATES.get(task.status, task.status),
        "fail_msg": task.message if task.status == FAILED else "",
    }
    if task.status == SUCCEED:
        song = {
            "audio_url": build_media_url(task, "0.mp3"),
            "cover_url": build_media_url(task, "0.png"),
        }
        view["song"] = song
    return view


def _build_official_view(task: HaimianTask) -> dict[str, Any]:
    number = _NUMBERS.get(task.status, task.status)
    is_text = task.scenario.has(HaimianWord.TEXT_STATUS)
    view: dict[str, Any] = {
        "TaskID": task.task_id,
        "Status": str(number) if is_text else number,
        "Progress": 100 if not task.is_open else 50 if task.status == PROCESSING else 0,
    }
    if task.status == SUCCEED:
        url = build_media_url(task, "0.mp3")
        view["SongDetail"] = {"AudioUrl": url, "Lyrics": "la la", "Duration": 32.5}
    if task.status == FAILED:
        view["FailureReason"] = {"Code": 50000001, "Msg": task.message or "failed"}
    return view


def _build_callbacks(task: HaimianTask) -> Sequence[CallbackContent]:
    """Tell the end; the body is documented nowhere, and this one is made up."""
    if not task.details.is_official or task.is_open:
        return ()
    return (CallbackContent(body=encode_json(_build_official_view(task))),)


def _build_good(data: object) -> Reply:
    return Reply({"status_code": 0, "status_info": {"status_msg": "", "log_id": "l"}, "data": data})


def _refuse_web(refusal: Refusal, call: ApiCall) -> Reply:
    """Answer HTTP 200 with a code, but where the server itself is at fault."""
    code = refusal.code if isinstance(refusal, HaimianRefusal) else 10000001
    if refusal.kind is RefusalKind.UNAUTHORIZED:
        code = 10000002
    info = {"status_msg": refusal.message, "log_id": call.request_id}
    is_theirs = refusal.kind.http_status >= 429
    status = refusal.kind.http_status if is_theirs else 200
    return Reply({"status_code": code, "status_info": info, "data": None}, status)


def _refuse_official(refusal: Refusal, _call: ApiCall) -> Reply:
    if isinstance(refusal, HaimianRefusal):
        return Reply({"Code": refusal.code, "Message": refusal.message})
    if refusal.kind is RefusalKind.UNAUTHORIZED:
        error = {"Code": "SignatureDoesNotMatch", "Message": refusal.message}
        return Reply({"ResponseMetadata": {"RequestId": "r", "Error": error}}, 401)
    status = refusal.kind.http_status
    return Reply({"Code": status, "Message": refusal.message}, status)


MAIN_JOB = MainJob(
    address="/haimian/jd/api/v1",
    operation="generate/text2bgm",
    input={"prompt": "rain on a roof"},
    options={"profile": "web"},
)


def create(emulator: Emulator) -> EmulatedProvider[HaimianDetails]:
    """Return Haimian's emulator."""
    api = HaimianApi(emulator)
    services = (
        RoutedService(("/haimian",), api.list_web_routes, _refuse_web),
        RoutedService(("/haimian-volc",), api.list_official_routes, _refuse_official),
    )
    return EmulatedProvider(name="haimian", engine=api.engine, services=services, main_job=MAIN_JOB)
