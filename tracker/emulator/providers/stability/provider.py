"""Stability: its forms, results as bytes or JSON, the state as HTTP status, and refusals.

Source: https://platform.stability.ai/docs/api-reference (v2beta), read 2026-11.
"""

import re
import struct
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from tracker.emulator.core.calls import ApiCall, ApiRoute, Pieces, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.media import make_media
from tracker.emulator.core.multipart import parse_form
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_header,
)
from tracker.emulator.core.refusals import (
    BrokenAnswer,
    BrokenAnswerSignal,
    CodedRefusal,
    Refusal,
    RefusalKind,
)
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import FAILED, SUCCEED, EmulatedTask
from tracker.emulator.core.words import CoreWord
from tracker.emulator.providers.stability.words import STABILITY_WORDS, StabilityWord

__all__ = ["create"]

_MOST_BYTES = 10 * 1024 * 1024
_DAY_S = 24 * 3600
_MB = 1024 * 1024
_JSON = "application/json"
_MOST_PROMPT = 10_000
_MOST_SEED = 4_294_967_294


@dataclass(frozen=True)
class _Operation:
    """needs: fields of the form. makes: the name of a file. has_id: it is answered with an id."""

    needs: tuple[str, ...]
    makes: str = "0.png"
    media_type: str = "image/png"
    has_id: bool = False

    @property
    def kind(self) -> str:
        return self.media_type.partition("/")[0]


_AUDIO, _MODEL = ("0.mp3", "audio/mpeg"), ("0.glb", "model/gltf-binary")
_EDIT, _CONTROL = "stable-image/edit/", "stable-image/control/"
_OPERATIONS: Mapping[str, _Operation] = MappingProxyType(
    {
        **dict.fromkeys(
            (f"stable-image/generate/{name}" for name in ("ultra", "core", "sd3")),
            _Operation(("prompt",)),
        ),
        **dict.fromkeys(
            (f"{_EDIT}{name}" for name in ("erase", "outpaint", "remove-background")),
            _Operation(("image",)),
        ),
        f"{_EDIT}inpaint": _Operation(("image", "prompt")),
        f"{_EDIT}search-and-replace": _Operation(("image", "prompt", "search_prompt")),
        f"{_EDIT}search-and-recolor": _Operation(("image", "prompt", "select_prompt")),
        f"{_EDIT}replace-background-and-relight": _Operation(("subject_image",), has_id=True),
        "stable-image/upscale/fast": _Operation(("image",)),
        "stable-image/upscale/conservative": _Operation(("image", "prompt")),
        "stable-image/upscale/creative": _Operation(("image", "prompt"), has_id=True),
        **dict.fromkeys(
            (f"{_CONTROL}{name}" for name in ("sketch", "structure", "style")),
            _Operation(("image", "prompt")),
        ),
        f"{_CONTROL}style-transfer": _Operation(("init_image", "style_image")),
        "3d/stable-fast-3d": _Operation(("image",), *_MODEL),
        "3d/stable-point-aware-3d": _Operation(("image",), *_MODEL),
        "audio/stable-audio-2/text-to-audio": _Operation(("prompt",), *_AUDIO),
        "audio/stable-audio-2/audio-to-audio": _Operation(("prompt", "audio"), *_AUDIO),
        "audio/stable-audio-2/inpaint": _Operation(("prompt", "audio"), *_AUDIO),
        "image-to-video": _Operation(("image",), "0.mp4", "video/mp4", has_id=True),
    }
)


@dataclass(frozen=True)
class StabilityDetails:
    """The facts of a task that the core does not know."""

    operation: _Operation
    seed: int


StabilityTask = EmulatedTask[StabilityDetails]


class StabilityApi:
    """The handlers of the API's paths."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._config = emulator.config
        self.engine: Engine[StabilityDetails] = Engine(
            emulator,
            ProviderRules(
                name="stability",
                callbacks=lambda _task: (),
                words=STABILITY_WORDS,
                faults=FaultTables(
                    before={StabilityWord.BANNED: _build_banned},
                    after={StabilityWord.GATEWAY_TIMEOUT: _refuse_late},
                ),
                purge_seconds=_DAY_S,
            ),
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        creates = [
            ApiRoute("POST", f"/v2beta/{name}", partial(self._create, name)) for name in _OPERATIONS
        ]
        own = [
            ApiRoute("GET", f"/v2beta/{name}/result/{{id}}", self._get)
            for name, operation in _OPERATIONS.items()
            if operation.has_id
        ]
        return (
            *creates,
            *own,
            ApiRoute("GET", "/v2beta/results/{id}", self._get),
            ApiRoute("GET", "/v1/user/balance", self._show_balance),
            ApiRoute("GET", "/v1/user/account", self._show_account),
        )

    async def _create(self, name: str, call: ApiCall) -> Reply:
        account, operation = self._find_account(call), _OPERATIONS[name]
        _check_accept(call, operation)
        if len(call.raw) > _MOST_BYTES:
            raise CodedRefusal(413, "payload_too_large", "the request is larger than 10 MB")
        body = _read_fields(call)
        task = await self.engine.create(
            CreateRequest(
                call=call,
                account=account,
                body=body,
                read=lambda scenario: self._draft_task(name, body, scenario),
            )
        )
        if operation.has_id and not task.scenario.has(StabilityWord.BLOCKING):
            return Reply({"id": task.task_id})
        return self._show_result(call, task)

    async def _get(self, call: ApiCall) -> Reply:
        task = await self.engine.find(self._find_account(call), call.values["id"])
        _check_accept(call, task.details.operation)
        if task.is_open:
            return Reply({"id": task.task_id, "status": "in-progress"}, 202)
        return self._show_result(call, task)

    async def _show_balance(self, call: ApiCall) -> Reply:
        self._find_account(call)
        return Reply({"credits": 123.4})

    async def _show_account(self, call: ApiCall) -> Reply:
        return Reply({"id": self._find_account(call), "email": "a@b.example", "organizations": []})

    def _find_account(self, call: ApiCall) -> str:
        return find_account_by_header(call, self._config)

    def _draft_task(
        self, name: str, body: Mapping[str, object], scenario: Scenario
    ) -> TaskDraft[StabilityDetails]:
        """Validate a create; raises Refusal."""
        if scenario.has(StabilityWord.NO_CREDITS):
            raise CodedRefusal(402, "payment_required", "you have no credits left")
        operation = _OPERATIONS[name]
        for field in operation.needs:
            if not body.get(field):
                raise CodedRefusal(400, "bad_request", f"{field}: is required")
        prompt, seed = str(body.get("prompt") or ""), str(body.get("seed") or "0")
        if len(prompt) > _MOST_PROMPT:
            raise CodedRefusal(400, "bad_request", f"prompt: at most {_MOST_PROMPT} characters")
        if not re.fullmatch(r"[0-9]{1,10}", seed) or int(seed) > _MOST_SEED:
            raise CodedRefusal(400, "bad_request", f"seed: must be from 0 to {_MOST_SEED}")
        is_whole = not operation.has_id or scenario.has(StabilityWord.BLOCKING)
        return TaskDraft(
            operation=name,
            details=StabilityDetails(
                operation, int(seed) or self.engine.chance.randrange(1, _MOST_SEED)
            ),
            creation_key=prompt,
            artifacts=(operation.makes,),
            is_synchronous=is_whole,
            new_id=lambda: self.engine.chance.randbytes(32).hex(),
        )

    def _show_result(self, call: ApiCall, task: StabilityTask) -> Reply:
        """Answer with the file, as bytes or within JSON; raises Refusal for a failure."""
        if task.status != SUCCEED:
            if task.status == FAILED and task.scenario.has(CoreWord.MODERATED):
                raise CodedRefusal(403, "content_moderation", "your request was flagged")
            raise CodedRefusal(422, "unprocessable_entity", task.message or "it failed")
        operation, scenario = task.details.operation, task.scenario
        more = scenario.count(StabilityWord.LARGE) if scenario.has(StabilityWord.LARGE) else 0
        file = (make_media(task.task_id, operation.makes) or _make_glb()) + bytes(more * _MB)
        word = next((text for name, text in _FINISHES if scenario.has(name)), "SUCCESS")
        is_relayed = scenario.has(StabilityWord.BLOCKING)
        if _JSON in call.headers.get("accept", "") and not is_relayed:
            is_new = call.path.startswith("/v2beta/results/")
            field = "result" if is_new else operation.kind
            told = {"finish_reason": word, "seed": task.details.seed}
            return Reply({field: b64encode(file).decode()} | told)
        headers = {"finish-reason": word, "seed": str(task.details.seed)}
        if self.engine.count_try(task, StabilityWord.TRUNCATED):
            return Reply(Pieces(_iterate_half(file)), 200, headers, operation.media_type)
        return Reply(file, 200, headers, operation.media_type)


_FINISHES = (
    (StabilityWord.CONTENT_FILTERED, "CONTENT_FILTERED"),
    (StabilityWord.FINISH_ERROR, "ERROR"),
)
MAIN_JOB = MainJob(
    address="/stability",
    operation="stable-image/generate/core",
    input={"prompt": "a cat in the rain", "aspect_ratio": "1:1", "output_format": "png"},
)


def create(emulator: Emulator) -> EmulatedProvider[StabilityDetails]:
    """Return Stability's emulator."""
    api = StabilityApi(emulator)
    service = RoutedService(("/stability",), api.list_routes, _refuse)
    return EmulatedProvider(
        name="stability", engine=api.engine, services=(service,), main_job=MAIN_JOB
    )


def _check_accept(call: ApiCall, operation: _Operation) -> None:
    accepts = call.headers.get("accept", "*/*")
    if not any(one in accepts for one in (_JSON, "*/*", f"{operation.kind}/")):
        text = f"accept: must be {_JSON} or {operation.kind}/*"
        raise CodedRefusal(400, "bad_request", text)


def _read_fields(call: ApiCall) -> dict[str, object]:
    """Return the fields of a form: texts, and of files how large they are. Empty files are none."""
    fields: dict[str, object] = {}
    for part in parse_form(call):
        if part.filename is None:
            fields[part.name] = part.content.decode("utf-8", "replace")
        elif part.content:
            fields[part.name] = f"{part.media_type}, {len(part.content)} bytes"
    return fields


def _make_glb() -> bytes:
    """Make a model without a scene (glTF 2.0, binary)."""
    text = b'{"asset":{"version":"2.0"}} '
    chunk = struct.pack("<I4s", len(text), b"JSON") + text
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunk)) + chunk


async def _iterate_half(file: bytes) -> AsyncIterator[bytes]:
    yield file[: len(file) // 2]
    raise BrokenAnswerSignal(BrokenAnswer.CUT)


def _build_banned() -> Refusal:
    return CodedRefusal(429, "rate_limit_exceeded", "more than 150 requests in 10 seconds")


def _refuse_late() -> Refusal:
    return CodedRefusal(504, "timeout", "the request took too long")


_NAMES: Mapping[RefusalKind, tuple[int, str]] = {
    RefusalKind.UNAUTHORIZED: (401, "unauthorized"),
    RefusalKind.MODERATED: (403, "content_moderation"),
    RefusalKind.BUSY: (429, "rate_limit_exceeded"),
    RefusalKind.RATE_LIMITED: (429, "rate_limit_exceeded"),
    RefusalKind.NOT_FOUND: (404, "not_found"),
    RefusalKind.GONE: (404, "not_found"),
    RefusalKind.NO_SUCH_PATH: (404, "not_found"),
    RefusalKind.INTERNAL: (500, "internal_error"),
}


def _refuse(refusal: Refusal, call: ApiCall) -> Reply:
    """Word a refusal. Its `id` is one of the error, as Stability's are."""
    status, name = refusal.find_status_and_code(_NAMES, "bad_request")
    body = {"id": call.request_id.replace("-", ""), "name": name, "errors": [refusal.message]}
    return Reply(body, status)
