"""A wrapper that makes a task, watches it and tells of it as text.

Sources: https://github.com/SunoAI-API/Suno-API and https://github.com/LumaAI-API/Luma-API (their
handlers of chat completions) and https://github.com/gcui-art/suno-api, read 2026-11.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.emulator.core.calls import ApiCall, ApiRoute, Pieces, Reply
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
from tracker.emulator.core.refusals import (
    BrokenAnswer,
    BrokenAnswerSignal,
    Refusal,
    RefusalKind,
)
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import SUCCEED, EmulatedTask
from tracker.emulator.providers.chat.words import CHAT_WORDS, ChatWord

__all__ = ["create"]

_MODELS = ("suno-v3.5", "luma", "runway", "pika-1.5", "udio", "mj-chat")
_ENDINGS = {"suno": "mp3", "udio": "mp3", "mj": "png"}
_FAILURE = '{"error":{"message":"the language model is overloaded","code":"chat_failed"}}'


@dataclass(frozen=True)
class ChatDetails:
    """The facts of a task that the core does not know."""

    model: str


ChatTask = EmulatedTask[ChatDetails]


class ChatApi:
    """The handlers of the routes."""

    def __init__(self, emulator: Emulator) -> None:
        """Take the emulator that they run in."""
        self._emulator = emulator
        self.engine: Engine[ChatDetails] = Engine(
            emulator, ProviderRules(name="chat", callbacks=lambda _task: (), words=CHAT_WORDS)
        )

    def list_routes(self) -> Sequence[ApiRoute]:
        """Return the table of routes."""
        return (
            ApiRoute("POST", "/v1/chat/completions", self._complete),
            ApiRoute("GET", "/v1/models", self._get_models),
        )

    async def _get_models(self, call: ApiCall) -> Reply:
        find_account_by_header(call, self._emulator.config)
        models = [{"id": name, "object": "model"} for name in _MODELS]
        return Reply({"object": "list", "data": models})

    async def _complete(self, call: ApiCall) -> Reply:
        account, body = find_account_by_header(call, self._emulator.config), call.parse_object()
        model, said = _read_question(body)
        request = CreateRequest(
            call=call,
            account=account,
            body=body,
            read=lambda scenario: _make_draft(model, said, scenario),
        )
        scenario = self.engine.find_scenario(request)
        if scenario.has(ChatWord.SLOW_FIRST_BYTE):
            await self._emulator.timeline.sleep(scenario.read_seconds(ChatWord.SLOW_FIRST_BYTE))
        if scenario.has(ChatWord.LM_FIRST_FAILS):
            return _reply_streaming(self._stream_failure(model))
        task = await self.engine.create(request)
        if scenario.has(ChatWord.MARKDOWN_BODY):
            text = await self._await_text(task)
            return Reply(text.encode(), media_type="text/plain; charset=utf-8")
        if body.get("stream") is True and not scenario.has(ChatWord.DELTA_IN_MESSAGE):
            return _reply_streaming(self._iterate_chunks(task))
        place = "delta" if scenario.has(ChatWord.DELTA_IN_MESSAGE) else "message"
        message = {"role": "assistant", "content": await self._await_text(task)}
        choice = {"index": 0, place: message, "finish_reason": "stop"}
        return Reply(_build_head(model, "chat.completion") | {"choices": [choice]})

    async def _stream_failure(self, model: str) -> AsyncIterator[bytes]:
        yield _build_chunk(model, {"content": _FAILURE})
        yield b"data: [DONE]\n\n"

    async def _iterate_chunks(self, task: ChatTask) -> AsyncIterator[bytes]:
        """Tell of a task until its end, as its scenario has it."""
        scenario, model = task.scenario, task.details.model
        is_bare = scenario.has(ChatWord.CHAR_CHUNKS)
        if not is_bare:
            yield _build_chunk(model, {"role": "assistant", "content": ""})
        async for text in self._write_texts(task):
            for part in text if is_bare else [text]:
                yield _build_chunk(model, {"content": part})
        if scenario.has(ChatWord.CUT_HALFWAY):
            raise BrokenAnswerSignal(BrokenAnswer.CUT)
        gives_up = (ChatWord.NO_DONE, ChatWord.TIMEOUT_WORD, ChatWord.FAILED_WATCHED)
        if any(scenario.has(word) for word in gives_up):
            return
        if not is_bare:
            yield _build_chunk(model, {}, "stop")
        yield b"data: [DONE]" if scenario.has(ChatWord.DONE_NO_BLANK) else b"data: [DONE]\n\n"

    async def _write_texts(self, task: ChatTask) -> AsyncIterator[str]:
        scenario, step_s = task.scenario, self._emulator.config.step_seconds
        yield f"**{task.details.model}** ♪ submitted\n\n"
        if scenario.has(ChatWord.FAILED_WATCHED):
            await self._emulator.timeline.sleep(scenario.read_seconds(ChatWord.FAILED_WATCHED))
            yield "timeout"
            return
        if scenario.has(ChatWord.TIMEOUT_WORD):
            await self._emulator.timeline.sleep(step_s)
            yield "timeout"
            return
        ends = False
        while not ends:
            if scenario.has(ChatWord.TICKS):
                yield f"🎵 {task.progress or 50}% "
            ends = await self._emulator.wait_for(task.ended, step_s)
            if self._emulator.closing.is_set() and not ends:
                raise BrokenAnswerSignal(BrokenAnswer.CUT)
        end = _end_of(task)
        yield end[: len(end) // 2] if scenario.has(ChatWord.CUT_HALFWAY) else end

    async def _await_text(self, task: ChatTask) -> str:
        await self._emulator.wait_for(task.ended)
        return _end_of(task)


MAIN_JOB = MainJob(
    address="/chat/v1",
    operation="chat/completions",
    input={
        "model": "suno-v3.5",
        "messages": [{"role": "user", "content": "a song about a cat in the rain"}],
    },
)


def create(emulator: Emulator) -> EmulatedProvider[ChatDetails]:
    """Return the emulator of wrappers."""
    api = ChatApi(emulator)
    service = RoutedService(("/chat",), api.list_routes, _refuse)
    return EmulatedProvider(name="chat", engine=api.engine, services=(service,), main_job=MAIN_JOB)


def _read_question(body: Mapping[str, object]) -> tuple[str, str]:
    """Return the model and the last message; raises Refusal, also for content in parts."""
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    said = last.get("content") if isinstance(last, dict) else None
    model = body.get("model")
    if not isinstance(model, str) or not model or not isinstance(said, str):
        raise Refusal(RefusalKind.INVALID, "parse_body_failed")
    return model, said


def _make_draft(model: str, said: str, scenario: Scenario) -> TaskDraft[ChatDetails]:
    ending = next((end for name, end in _ENDINGS.items() if model.startswith(name)), "mp4")
    count = 2 if scenario.has(ChatWord.TWO_SONGS) else 1
    return TaskDraft(
        operation="chat/completions",
        details=ChatDetails(model),
        creation_key=said,
        artifacts=tuple(f"{number}.{ending}" for number in range(count)),
    )


def _end_of(task: ChatTask) -> str:
    """Return the text about a task that has ended."""
    if task.scenario.has(ChatWord.ERROR_AS_CONTENT):
        return _FAILURE
    if task.status != SUCCEED:
        return f"generation failed: {task.message}"
    if task.scenario.has(ChatWord.NO_LINK):
        return "here you are."
    links = [build_media_url(task, name) for name in task.artifacts]
    return "\n\n".join(f"## {n}\n[listen or watch]({url})" for n, url in enumerate(links, 1))


def _reply_streaming(chunks: AsyncIterator[bytes]) -> Reply:
    return Reply(Pieces(chunks), media_type="text/event-stream")


def _build_head(model: str, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-emulated", "object": kind, "created": 1790000000, "model": model}


def _build_chunk(model: str, delta: Mapping[str, str], reason: str | None = None) -> bytes:
    choice: dict[str, Any] = {"index": 0, "delta": delta}
    if reason is not None:
        choice["finish_reason"] = reason
    text = json.dumps(_build_head(model, "chat.completion.chunk") | {"choices": [choice]})
    return f"data: {text}\n\n".encode()


def _refuse(refusal: Refusal, _call: ApiCall) -> Reply:
    error = {"message": refusal.message, "type": "new_api_error", "code": refusal.kind.value}
    return Reply({"error": error}, refusal.kind.http_status)
