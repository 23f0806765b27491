"""Jimeng: one path, the action in the query, signed calls, codes with their HTTP statuses.

Sources: https://www.volcengine.com/docs/85621 (models, error codes) and PyPI volcengine 1.0.229,
read 2026-11.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.checks import (
    Check,
    Flaw,
    accept_flag,
    accept_integer,
    accept_number,
    accept_one_of,
    accept_text,
    list_of,
    record,
)
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.plan import DEFAULT_STEPS
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
    find_account_by_key,
)
from tracker.emulator.core.refusals import CodedRefusal, Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import (
    CANCELLED,
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
    EmulatedTask,
)
from tracker.emulator.providers.jimeng.signature import DEFAULT_SECRET, is_signed, read_access_key
from tracker.emulator.providers.jimeng.words import JIMENG_WORDS, JimengWord

__all__ = ["create"]

_GOOD = 10000
_PICTURE_S, _VIDEO_S = 24 * 3600, 3600
_STATES = {SUBMITTED: "in_queue", PROCESSING: "generating", SUCCEED: "done", CANCELLED: "canceled"}
_RISKS = {
    "input": (50411, "Pre Img Risk Not Pass"),
    "text": (50412, "Text Risk Not Pass"),
    "output": (50511, "Post Img Risk Not Pass"),
}


def _check_frames(value: object) -> Flaw | None:
    return None if value in (121, 241) else Flaw("", "must be 121 or 241")


_CHECKS: Mapping[str, Check] = {
    "req_key": accept_text(least=1, most=110),
    "prompt": accept_text(least=1, most=800),
    "image_urls": list_of(accept_text(least=1), most=10),
    "binary_data_base64": list_of(accept_text(least=1, most=7_000_000), most=2),
    "size": accept_integer(least=1),
    "width": accept_integer(least=1),
    "height": accept_integer(least=1),
    "scale": accept_number(least=0, most=1),
    "force_single": accept_flag,
    "seed": accept_integer(least=-1),
    "frames": _check_frames,
    "aspect_ratio": accept_one_of("16:9", "4:3", "1:1", "3:4", "9:16", "21:9"),
}


@dataclass(frozen=True)
class JimengDetails:
    """The fact of a task that the core does not know. model: the `req_key` that shows it."""

    model: str


JimengTask = EmulatedTask[JimengDetails]


class JimengApi:
    """The handlers of the API's actions."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        faults = FaultTables(queries={JimengWord.INTERNAL_QUERY: _refuse_internal})
        self.engine: Engine[JimengDetails] = Engine(
            emulator,
            ProviderRules(
                name="jimeng", callbacks=lambda _task: (), words=JIMENG_WORDS, faults=faults
            ),
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the one route."""
        return (ApiRoute("POST", "/", self._act),)

    async def _act(self, call: ApiCall) -> Reply:
        account, body = self._find_account(call), call.parse_object()
        match call.params.get("Action"), call.params.get("Version"):
            case "CVSync2AsyncSubmitTask", "2022-08-31":
                return await self._submit(account, body, call)
            case "CVSync2AsyncGetResult", "2022-08-31":
                return self._show(await self._find(account, body), call)
            case "CVCancelTask", "2024-06-06":
                await self.engine.cancel(await self._find(account, body))
                return _reply(_GOOD, None, "Success", call)
            case _:
                raise Refusal(RefusalKind.NO_SUCH_PATH, "InvalidActionOrVersion")

    async def _submit(self, account: str, body: Mapping[str, object], call: ApiCall) -> Reply:
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda given: self._draft_task(body, given),
            )
        )
        is_number = task.scenario.has(JimengWord.NUMBER_ID)
        data = {"task_id": int(task.task_id) if is_number else task.task_id}
        return _reply(_GOOD, data, "Success", call)

    async def _find(self, account: str, body: Mapping[str, object]) -> JimengTask:
        """Return the task of an id and a model: under another model's name it is not found."""
        model, name = body.get("req_key"), body.get("task_id")
        return await self.engine.find(
            account, name if isinstance(name, str) else "", lambda one: one.details.model == model
        )

    def _draft_task(
        self, body: Mapping[str, object], scenario: Scenario
    ) -> TaskDraft[JimengDetails]:
        if scenario.has(JimengWord.NO_RIGHT):
            raise CodedRefusal(400, 50400, "Access Denied")
        flaw = record(_CHECKS, required=("req_key",))(dict(body)) or _check_prompt(body)
        if flaw is not None:
            raise Refusal(RefusalKind.INVALID, str(flaw))
        model = str(body["req_key"])
        return TaskDraft(
            operation=model,
            details=JimengDetails(model),
            creation_key=str(body.get("prompt") or model),
            artifacts=("0.png",) if "2i_" in model else ("0.mp4",),
            steps=DEFAULT_STEPS,
            new_id=lambda: f"{self.engine.make_number()}0",
        )

    def _show(self, task: JimengTask, call: ApiCall) -> Reply:
        if task.status == FAILED:
            code, message = _find_failure(task)
            return _reply(code, None, message, call, 400)
        if task.status == SUCCEED and task.scenario.has(JimengWord.OUTPUT_MODERATED):
            return _reply(*_build_risk("output"), call, 400)
        if not task.is_open and task.scenario.has(JimengWord.EXPIRED):
            return _reply(_GOOD, {"status": "expired"}, "Success", call)
        data: dict[str, Any] = {"status": _STATES.get(task.status, task.status)}
        data |= {"image_urls": None, "binary_data_base64": None}
        if task.status == SUCCEED and task.scenario.has(JimengWord.DONE_WITH_CODE):
            code, _, message = _build_risk("input")
            return _reply(code, data, message, call)
        if task.status == SUCCEED:
            data |= {"binary_data_base64": [], "video_url": ""} | self._build_files(task)
        return _reply(_GOOD, data, "Success", call)

    def _build_files(self, task: JimengTask) -> dict[str, Any]:
        if self.engine.count_try(task, JimengWord.NO_FILES):
            return {}
        (name,) = task.ready_artifacts
        if name.endswith(".mp4"):
            return {"video_url": build_media_url(task, name, _VIDEO_S)}
        return {"image_urls": [build_media_url(task, name, _PICTURE_S)]}

    def _find_account(self, call: ApiCall) -> str:
        """Return the account that signed a call; a relay takes a Bearer. Raises Refusal."""
        key = read_access_key(call)
        if key is None:
            return find_account_by_header(call, self._config)
        secret = self._config.key_pairs.get(key, DEFAULT_SECRET)
        # The wall clock also under a manual timeline: callers sign with their own.
        if not is_signed(call, secret, now=time.time()):
            raise Refusal(RefusalKind.UNAUTHORIZED, "The request signature does not match")
        if key in self._config.key_pairs:
            return self._config.accounts.get(key, key)
        return find_account_by_key(key, self._config)


MAIN_JOB = MainJob(
    address="/jimeng",
    operation="jimeng_t2i_v40",
    input={"prompt": "a cat in the rain"},
    options={"access_key": "emulator-key", "secret_key": DEFAULT_SECRET},
)


def create(emulator: Emulator) -> EmulatedProvider[JimengDetails]:
    """Return Jimeng's emulator."""
    api = JimengApi(emulator)
    service = RoutedService(("/jimeng",), api.list_routes, _refuse)
    return EmulatedProvider(
        name="jimeng", engine=api.engine, services=(service,), main_job=MAIN_JOB
    )


def _check_prompt(body: Mapping[str, object]) -> Flaw | None:
    is_text = str(body.get("req_key")).startswith(("jimeng_t2", "jimeng_ti2"))
    return Flaw("prompt", "field required") if is_text and not body.get("prompt") else None


def _find_failure(task: JimengTask) -> tuple[int, str]:
    is_moderated = "risk control" in task.message
    return _RISKS["input"] if is_moderated else (50207, "Image Decode Error")


def _build_risk(name: str) -> tuple[int, None, str]:
    code, message = _RISKS[name]
    return code, None, message


def _refuse_internal() -> Refusal:
    return CodedRefusal(500, 50500, "Internal Error")


def _reply(code: int | str, data: object, message: str, call: ApiCall, status: int = 200) -> Reply:
    body = {
        "code": code,
        "data": data,
        "message": message,
        "request_id": call.request_id,
        "status": code,
        "time_elapsed": "104ms",
    }
    return Reply(body, status)


def _refuse(refusal: Refusal, call: ApiCall) -> Reply:
    if isinstance(refusal, CodedRefusal):
        return _reply(refusal.code, None, refusal.message, call, refusal.status)
    if refusal.kind in (RefusalKind.NOT_FOUND, RefusalKind.GONE):
        return _reply(_GOOD, {"status": "not_found"}, "Success", call)
    if refusal.kind in (RefusalKind.UNAUTHORIZED, RefusalKind.NO_SUCH_PATH):
        is_key = refusal.kind is RefusalKind.UNAUTHORIZED
        word = "SignatureDoesNotMatch" if is_key else "InvalidActionOrVersion"
        told = {
            "RequestId": call.request_id,
            "Action": call.params.get("Action", ""),
            "Error": {"Code": word, "Message": refusal.message},
        }
        return Reply({"ResponseMetadata": told}, 401 if is_key else 404)
    status, code = _CODES.get(refusal.kind, (400, 50215))
    return _reply(code, None, refusal.message, call, status)


_CODES: Mapping[RefusalKind, tuple[int, int]] = {
    RefusalKind.MODERATED: (400, 50412),
    RefusalKind.RATE_LIMITED: (429, 50429),
    RefusalKind.BUSY: (429, 50430),
    RefusalKind.INTERNAL: (500, 50500),
    RefusalKind.UNAVAILABLE: (503, 50501),
}
