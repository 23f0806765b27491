"""CogVideoX: its paths, checks, refusals and shapes. No callbacks, no cancel, no list.

Sources: https://docs.bigmodel.cn/api-reference and https://pypi.org/project/zai-sdk (0.2.3), read
2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import (
    Check,
    Flaw,
    accept_flag,
    accept_integer,
    accept_one_of,
    accept_text,
    record,
)
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.gateway_row import build_gateway_row
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
from tracker.emulator.core.tasks import CANCELLED, FAILED, SUCCEED, EmulatedTask
from tracker.emulator.providers.cogvideox.words import COGVIDEO_WORDS, CogVideoWord

__all__ = ["create"]

_MOST_CHARACTERS = 512
_WORDS = {SUCCEED: "SUCCESS", FAILED: "FAIL", CANCELLED: "FAIL"}
"""Of all other states: PROCESSING."""


def _check_image(value: object) -> Flaw | None:
    """Accept a text, a list of texts, or an object."""
    if isinstance(value, list) and value and all(isinstance(one, str) and one for one in value):
        return None
    return None if isinstance(value, str | dict) and value else Flaw("", "must be an image")


_VIDEO: Mapping[str, Check] = {
    "model": accept_text(least=1),
    "prompt": accept_text(least=1, most=1500),
    "image_url": _check_image,
    "quality": accept_one_of("speed", "quality"),
    "with_audio": accept_flag,
    "size": accept_text(least=1),
    "duration": accept_integer(least=1, most=60),
    "fps": accept_integer(least=1, most=60),
    "request_id": accept_text(least=6, most=64),
    "user_id": accept_text(least=6, most=128),
}
_IMAGE: Mapping[str, Check] = {
    "model": accept_text(least=1),
    "prompt": accept_text(least=1),
    "size": accept_text(least=1),
    "request_id": accept_text(least=6, most=64),
    "user_id": accept_text(least=6, most=128),
}


@dataclass(frozen=True)
class CogVideoDetails:
    """The facts of a task that the core does not know."""

    kind: str
    """video or image."""
    model: str
    request_id: str


CogVideoTask = EmulatedTask[CogVideoDetails]


class EmulatedCogVideo:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        faults = FaultTables(before={CogVideoWord.QUOTA: _refuse_over_quota})
        self.engine: Engine[CogVideoDetails] = Engine(
            emulator,
            ProviderRules(
                name="cogvideox",
                callbacks=lambda _task: (),
                words=COGVIDEO_WORDS,
                faults=faults,
            ),
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the routes below the version."""
        return (
            ApiRoute("POST", "/videos/generations", partial(self._create, "video")),
            ApiRoute("POST", "/async/images/generations", partial(self._create, "image")),
            ApiRoute("POST", "/images/generations", self._create_at_once),
            ApiRoute("GET", "/async-result/{id}", self._get),
        )

    async def _create(self, kind: str, call: ApiCall) -> Reply:
        return Reply(_show_created(await self._make(kind, call)))

    async def _create_at_once(self, call: ApiCall) -> Reply:
        task = await self._make("image", call, is_synchronous=True)
        links = [{"url": build_media_url(task, name)} for name in task.ready_artifacts]
        return Reply({"created": task.created_at // 1000, "data": links})

    async def _make(
        self, kind: str, call: ApiCall, *, is_synchronous: bool = False
    ) -> CogVideoTask:
        account, body = find_account_by_header(call, self._config), call.parse_object()
        return await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: self._draft_task(
                    account, kind, body, scenario, is_synchronous=is_synchronous
                ),
            )
        )

    async def _get(self, call: ApiCall) -> Reply:
        account = find_account_by_header(call, self._config)
        task = await self.engine.find(
            account, call.values["id"], lambda task: task.task_id == call.values["id"]
        )
        is_empty = task.status == SUCCEED and self._is_empty(task)
        view = _build_view(task, is_empty=is_empty)
        if task.scenario.has(CogVideoWord.GATEWAY_ROW):
            link = (
                build_media_url(task, task.ready_artifacts[0]) if task.status == SUCCEED else None
            )
            how = task.scenario.read_word(CogVideoWord.GATEWAY_ROW)
            return Reply(build_gateway_row(task, how, view, link))
        return Reply(view)

    def _draft_task(
        self,
        account: str,
        kind: str,
        body: Mapping[str, object],
        scenario: Scenario,
        *,
        is_synchronous: bool,
    ) -> TaskDraft[CogVideoDetails]:
        if scenario.has(CogVideoWord.ARREARS):
            raise CodedRefusal(429, "1113", "您的账户已欠费，请充值后重试。")
        flaw = _check_body(kind, body)
        if flaw is not None:
            raise Refusal(RefusalKind.INVALID, str(flaw))
        name = body.get("request_id")
        self._check_new(account, name, scenario)
        return TaskDraft(
            operation=kind,
            details=CogVideoDetails(kind, str(body["model"]), str(name or "")),
            external_id=str(name) if name else None,
            creation_key=str(name or body.get("prompt") or ""),
            artifacts=("image.png",) if kind == "image" else ("video.mp4",),
            steps=DEFAULT_STEPS,
            is_synchronous=is_synchronous,
            new_id=self.engine.make_number,
        )

    def _check_new(self, account: str, name: object, scenario: Scenario) -> None:
        if not isinstance(name, str) or self.engine.registry.find(account, name) is None:
            return
        word = CogVideoWord.EXISTS_STATUS
        status = int(scenario.read_word(word)) if scenario.has(word) else 400
        raise CodedRefusal(status, "1231", f"您已有请求：{name}")

    def _is_empty(self, task: CogVideoTask) -> bool:
        return self.engine.count_try(task, CogVideoWord.EMPTY_RESULT)


MAIN_JOB = MainJob(
    address="/cogvideox/api/paas/v4",
    operation="videos/generations",
    input={"model": "cogvideox-3", "prompt": "a cat in the rain"},
)


def create(emulator: Emulator) -> EmulatedProvider[CogVideoDetails]:
    """Return the emulator: where a bare host would serve it, and as gateways do."""
    api = EmulatedCogVideo(emulator)
    services = (
        RoutedService(("/cogvideox/api/paas/v4", "/api/paas/v4"), api.list_routes, _refuse),
        RoutedService(("/cogvideox/v4",), api.list_routes, _refuse),
    )
    return EmulatedProvider(
        name="cogvideox", engine=api.engine, services=services, main_job=MAIN_JOB
    )


def _show_created(task: CogVideoTask) -> dict[str, Any]:
    return {
        "id": task.task_id,
        "model": task.details.model,
        "request_id": task.details.request_id or task.other_id,
        "task_status": _find_word(task),
    }


def _build_view(task: CogVideoTask, *, is_empty: bool) -> dict[str, Any]:
    found = _show_created(task)
    if task.scenario.has(CogVideoWord.NO_ID):
        del found["id"]
    if task.status == SUCCEED and not is_empty:
        found |= _build_result(task)
    if task.status == FAILED and not task.scenario.has(CogVideoWord.FAIL_WITHOUT_ERROR):
        is_moderated = "risk control" in task.message
        code = "1301" if is_moderated else "1234"
        found["error"] = {"code": _write_code(task, code), "message": task.message}
    return found


def _build_result(task: CogVideoTask) -> dict[str, Any]:
    links = [build_media_url(task, name) for name in task.ready_artifacts]
    if task.details.kind == "image":
        return {"image_result": [{"url": link} for link in links]}
    cover = build_media_url(task, "cover.png")
    videos = [{"url": link, "cover_image_url": cover} for link in links]
    is_object = task.scenario.has(CogVideoWord.RESULT_OBJECT)
    return {"video_result": videos[0] if is_object else videos}


def _find_word(task: CogVideoTask) -> str:
    known = {"submitted": "PROCESSING", "processing": "PROCESSING"} | _WORDS
    word = known.get(task.status, task.status)
    return word.lower() if task.scenario.has(CogVideoWord.LOWER_CASE) else word


def _write_code(task: CogVideoTask, code: str) -> str | int:
    return int(code) if task.scenario.has(CogVideoWord.CODE_NUMBER) else code


def _check_body(kind: str, body: Mapping[str, object]) -> Flaw | None:
    required = ("model", "prompt") if kind == "image" else ("model",)
    flaw = record(_IMAGE if kind == "image" else _VIDEO, required=required)(body)
    if flaw is not None or kind == "image":
        return flaw
    prompt = body.get("prompt")
    if not prompt and not body.get("image_url"):
        return Flaw("prompt", "prompt or image_url is required")
    is_own = str(body["model"]).startswith("cogvideox")
    if is_own and isinstance(prompt, str) and len(prompt) > _MOST_CHARACTERS:
        return Flaw("prompt", f"at most {_MOST_CHARACTERS} characters")
    return None


def _refuse_over_quota() -> Refusal:
    return CodedRefusal(429, "1308", "已达到使用上限，将于 2026-12-01 00:00:00 重置。")


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    status, code = refusal.find_status_and_code({}, _CODES.get(refusal.kind, "1210"))
    return Reply({"error": {"code": code, "message": refusal.message}}, status)


_CODES: Mapping[RefusalKind, str] = {
    RefusalKind.UNAUTHORIZED: "1000",
    RefusalKind.MODERATED: "1301",
    RefusalKind.BUSY: "1302",
    RefusalKind.RATE_LIMITED: "1303",
    RefusalKind.INTERNAL: "500",
    RefusalKind.UNAVAILABLE: "1234",
    RefusalKind.NOT_FOUND: "1214",
    RefusalKind.GONE: "1214",
    RefusalKind.NO_SUCH_PATH: "1222",
}
