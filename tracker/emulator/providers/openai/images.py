"""Pictures and background responses of OpenAI's API, and the events of a project's endpoints.

Sources: https://github.com/openai/openai-python (3.57.0, resources/images.py,
types/images_response.py, types/responses, types/webhooks) and
https://platform.openai.com/docs/guides/webhooks, read 2026-11.
"""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Pieces, Reply
from tracker.emulator.core.checks import accept_integer, accept_text, list_of, record
from tracker.emulator.core.drafts import CreateRequest, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import make_media
from tracker.emulator.core.multipart import parse_form
from tracker.emulator.core.provider import find_account_by_header
from tracker.emulator.core.refusals import (
    BrokenAnswer,
    BrokenAnswerSignal,
    CodedRefusal,
    Refusal,
    RefusalKind,
)
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.signing import EXAMPLE_SECRET, build_standard_signer
from tracker.emulator.core.tasks import (
    CANCELLED,
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
)
from tracker.emulator.providers.openai.views import VideoDetails, VideoTask
from tracker.emulator.providers.openai.words import OpenAIWord

__all__ = ["ImageApi"]

_FORM = "multipart/form-data"
_RESPONSE, _VARIATION = "responses", "image_variation"
_WORDS = {
    SUBMITTED: "queued",
    PROCESSING: "in_progress",
    SUCCEED: "completed",
    FAILED: "failed",
    CANCELLED: "cancelled",
}
_LEAST_BYTES = 48 * 1024
"""Of a picture: real ones are large; what stands behind a PNG's end is ignored."""
_PIECE_BYTES = 64 * 1024
_TOKENS = {"input_tokens": 13, "output_tokens": 4160, "total_tokens": 4173}
_COUNT = accept_integer(least=1, most=10)
_CHECK = record({"prompt": accept_text(least=1, most=32_000), "n": _COUNT}, required=("prompt",))
_CHECK_VARIATION = record({"image": accept_text(least=1), "n": _COUNT}, required=("image",))


class ImageApi:
    """The handlers of the routes."""

    def __init__(self, emulator: Emulator, engine: Engine[VideoDetails]) -> None:
        """Take the engine that makes its tasks."""
        self._emulator = emulator
        self._engine = engine
        self._endpoints: list[str] = []

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", "/v1/images/generations", partial(self._draw, "image_generation")),
            ApiRoute("POST", "/v1/images/edits", partial(self._draw, "image_edit")),
            ApiRoute("POST", "/v1/images/variations", partial(self._draw, _VARIATION)),
            ApiRoute("POST", "/v1/responses", self._respond),
            ApiRoute("GET", "/v1/responses/{id}", self._get_response),
            ApiRoute("POST", "/v1/responses/{id}/cancel", self._cancel_response),
            ApiRoute("POST", "/v1/webhook_endpoints", self._add_endpoint),
        )

    def build_callbacks(self, task: VideoTask) -> Sequence[CallbackContent]:
        """Word the events of a response's end: they name it and say nothing of it."""
        is_told = task.operation == _RESPONSE and task.status in (SUCCEED, FAILED, CANCELLED)
        if not is_told:
            return ()
        event = {
            "id": f"evt_{task.task_id}",
            "object": "event",
            "created_at": task.updated_at // 1000,
            "type": f"response.{_find_word(task)}",
            "data": {"id": task.task_id},
        }
        secret = self._emulator.config.webhook_secret or EXAMPLE_SECRET
        sign = build_standard_signer(lambda: [secret])
        return [
            CallbackContent(body=encode_json(event), sign=sign, url=url) for url in self._endpoints
        ]

    async def _draw(self, kind: str, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._emulator.config), _read_body(call)
        request = CreateRequest(
            call=call,
            account=account,
            body=body,
            read=lambda scenario: _make_draft(kind, body, scenario),
        )
        task = await self._engine.create(request)
        scenario = task.scenario
        if body.get("stream") is True:
            return Reply(
                Pieces(self._build_events(kind, task, body)), media_type="text/event-stream"
            )
        await self._engine.wait(task)
        if scenario.has(OpenAIWord.GATEWAY_TIMEOUT):
            return Reply(b"<html>524: a timeout occurred</html>", 524, media_type="text/html")
        if task.status != SUCCEED:
            raise CodedRefusal(500, "server_error", "the server had an error")
        answer = encode_json(_build_whole_answer(task))
        if scenario.has(OpenAIWord.CUT_LATE):
            return Reply(Pieces(_cut_short(answer)), media_type="application/json")
        return Reply(answer, headers={"x-request-id": f"req_{task.task_id}"}, media_type=_JSON)

    async def _build_events(
        self, kind: str, task: VideoTask, body: Mapping[str, object]
    ) -> AsyncIterator[bytes]:
        previews = body.get("partial_images")
        for index in range(previews if isinstance(previews, int) else 0):
            file = _build_file(task, f"preview-{index}.png")
            yield _build_event(f"{kind}.partial_image", b64_json=file, partial_image_index=index)
        await self._engine.wait(task)
        if task.scenario.has(OpenAIWord.CUT_LATE):
            raise BrokenAnswerSignal(BrokenAnswer.CUT)
        if task.status != SUCCEED:
            error = {"message": "blocked by our safety system", "code": "moderation_blocked"}
            yield _build_event("error", error={**error, "type": "image_generation_user_error"})
            return
        for name in task.artifacts:
            yield _build_event(f"{kind}.completed", b64_json=_build_file(task, name), usage=_TOKENS)

    async def _respond(self, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._emulator.config), call.parse_object()
        if body.get("background") is not True:
            raise CodedRefusal(400, "invalid_request", "only responses in the background are here")
        request = CreateRequest(
            call=call, account=account, body=body, read=lambda _scenario: _make_response_draft(body)
        )
        task = await self._engine.create(request)
        return Reply(_build_response(task, body), headers={"x-request-id": f"req_{task.task_id}"})

    async def _get_response(self, call: ApiCall) -> Reply:
        return Reply(_build_response(await self._find(call), {}))

    async def _cancel_response(self, call: ApiCall) -> Reply:
        task = await self._find(call)
        await self._engine.cancel(task)
        return Reply(_build_response(task, {}))

    async def _find(self, call: ApiCall) -> VideoTask:
        account = find_account_by_header(call, self._emulator.config)
        try:
            return await self._engine.find(account, call.values["id"])
        except Refusal as refusal:
            if refusal.kind not in (RefusalKind.NOT_FOUND, RefusalKind.GONE):
                raise
            raise CodedRefusal(404, "not_found", "there is no such response") from refusal

    async def _add_endpoint(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._emulator.config)
        url = call.parse_object().get("url")
        if not isinstance(url, str):
            raise CodedRefusal(400, "invalid_request", "url is missing")
        self._endpoints.append(url)
        secret = self._emulator.config.webhook_secret or EXAMPLE_SECRET
        return Reply({"id": f"we_{len(self._endpoints)}", "url": url, "signing_secret": secret})


_JSON = "application/json"


def _read_body(call: ApiCall) -> Mapping[str, object]:
    """Return the JSON, or the fields of a form; an edit of a form needs a file."""
    if not call.headers.get("content-type", "").startswith(_FORM):
        return call.parse_object()
    body: dict[str, object] = {}
    for part in parse_form(call):
        value: object = part.filename or part.content.decode("utf-8", "replace")
        value = {"true": True, "false": False}.get(str(value), value)
        is_number = isinstance(value, str) and value.isdigit()
        body[part.name] = int(str(value)) if is_number else value
    if not any(name in body for name in ("image", "image[]")):
        raise CodedRefusal(400, "invalid_request", "image is missing")
    return body


def _make_draft(
    kind: str, body: Mapping[str, object], scenario: Scenario
) -> TaskDraft[VideoDetails]:
    if scenario.has(OpenAIWord.NO_QUOTA):
        raise CodedRefusal(429, "insufficient_quota", "you exceeded your current quota")
    names = ("image", "n") if kind == _VARIATION else ("prompt", "n")
    known = {name: value for name, value in body.items() if name in names}
    flaw = (_CHECK_VARIATION if kind == _VARIATION else _CHECK)(known)
    if flaw is not None:
        raise CodedRefusal(400, "invalid_request", str(flaw))
    wanted = body.get("n")
    count = wanted if isinstance(wanted, int) else 1
    count -= 1 if scenario.has(OpenAIWord.ONE_LESS) else 0
    if scenario.has(OpenAIWord.NO_PICTURE):
        count = 0
    return TaskDraft(
        operation=kind,
        details=VideoDetails(str(body.get("model")), "", str(body.get("size") or "1024x1024")),
        creation_key=str(body.get("prompt")),
        artifacts=tuple(f"{number}.png" for number in range(count)),
    )


def _make_response_draft(body: Mapping[str, object]) -> TaskDraft[VideoDetails]:
    flaw = record({"model": accept_text(least=1), "tools": list_of(lambda _value: None)})(
        {name: value for name, value in body.items() if name in ("model", "tools")}
    )
    if flaw is not None:
        raise CodedRefusal(400, "invalid_request", str(flaw))
    return TaskDraft(
        operation=_RESPONSE,
        details=VideoDetails(str(body.get("model")), "", ""),
        creation_key=json.dumps(body.get("input")),
        artifacts=("0.png",) if body.get("tools") else (),
    )


def _build_file(task: VideoTask, name: str) -> str:
    picture = make_media(task.task_id, name) or b""
    return b64encode(picture.ljust(_LEAST_BYTES, b"\0")).decode()


def _build_whole_answer(task: VideoTask) -> dict[str, Any]:
    if task.scenario.has(OpenAIWord.NO_PICTURE):
        data = [{"revised_prompt": "I cannot draw that."}]
    else:
        data = [{"b64_json": _build_file(task, name)} for name in task.artifacts]
    return {
        "created": task.created_at // 1000,
        "background": "opaque",
        "output_format": "png",
        "quality": "high",
        "size": task.details.size,
        "data": data,
        "usage": _TOKENS,
    }


async def _cut_short(answer: bytes) -> AsyncIterator[bytes]:
    """Break off when 99 of 100 parts have been told."""
    whole = answer[: len(answer) * 99 // 100]
    for start in range(0, len(whole), _PIECE_BYTES):
        yield whole[start : start + _PIECE_BYTES]
    raise BrokenAnswerSignal(BrokenAnswer.CUT)


def _build_event(kind: str, **more: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()


def _find_word(task: VideoTask) -> str:
    is_incomplete = task.status == FAILED and task.scenario.has(OpenAIWord.INCOMPLETE)
    return "incomplete" if is_incomplete else _WORDS.get(task.status, task.status)


def _build_response(task: VideoTask, body: Mapping[str, object]) -> dict[str, Any]:
    word = _find_word(task)
    output: list[dict[str, Any]] = []
    if task.status == SUCCEED and not task.scenario.has(OpenAIWord.NO_PICTURE):
        output = [
            {
                "type": "image_generation_call",
                "id": f"ig_{task.task_id}",
                "status": "completed",
                "result": _build_file(task, name),
                "output_format": "png",
                "revised_prompt": "a cat, drawn",
            }
            for name in task.artifacts
        ]
    elif task.status == SUCCEED:
        refusal = {"type": "refusal", "refusal": "I cannot draw that."}
        output = [{"type": "message", "id": "msg_1", "role": "assistant", "content": [refusal]}]
    failed = {"code": "server_error", "message": task.message}
    return {
        "id": task.task_id,
        "object": "response",
        "created_at": task.created_at // 1000,
        "status": word,
        "background": True,
        "model": task.details.model,
        "output": output,
        "error": failed if word == "failed" else None,
        "incomplete_details": {"reason": "content_filter"} if word == "incomplete" else None,
        "metadata": body.get("metadata") or {},
        "usage": _TOKENS if task.status == SUCCEED else None,
    }
