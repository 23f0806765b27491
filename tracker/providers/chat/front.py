"""OpenAI's chat completions in front of our tasks, as a stream and as one answer.

For `openai` (3.57.0, PyPI) and whatever speaks like it
(https://platform.openai.com/docs/api-reference/chat-streaming, read 2026-11). The first text names
the task: it goes on when its client has gone, and can be asked for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.chat.words import COMPLETIONS, MODELS
from tracker.providers.kit.error_object_front import ErrorObjectFront
from tracker.providers.kit.front_answers import find_reason
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.kit.pieces import read_text_url
from tracker.providers.ports.commands import Command, Create, Get, PassOn
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall, FrontRefusal, WantsBody
from tracker.providers.ports.passing import PassedCall

_ROOT = "v1/"
_ID = "chatcmpl-"
_HELD_S = 590
"""Seconds that an answer without a stream is held back; clients wait for 600."""
_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
"""Wrappers invent tokens; nothing is charged by them."""
_BROKE_OFF = (
    "The answer broke off: it is not known whether anything was made, and it may be charged for."
)
_GOES_ON = "The task goes on."


class ChatPassing(PlainCalls):
    """The models that a gateway lists."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType({MODELS: PassedCall("GET")})


@dataclass(frozen=True, slots=True)
class CompletionStream:
    """Shows one task as chunks. See ports/commands.TextStream.

    base: the front's address. has_usage: whether the client asked for a chunk with the usage.
    """

    base: str
    model: str
    has_usage: bool

    media_type: ClassVar[str] = "text/event-stream"
    has_files: ClassVar[bool] = True
    beat: ClassVar[bytes] = b": the task goes on\n\n"

    def begin(self, task: Task) -> bytes:
        """Say who speaks, and which task it is."""
        name = f"{task.id}: {_build_address(task, self.base)}\n\n"
        return self._render_chunk(task, {"role": "assistant", "content": ""}) + self.write_piece(
            task, name
        )

    def write_piece(self, task: Task, text: str) -> bytes:
        """Say more."""
        return self._render_chunk(task, {"content": text})

    def end(self, task: Task) -> bytes:
        """End in order, also where nothing came of it: a client reads no other end."""
        note = _note_on(task, self.base)
        told = self.write_piece(task, f"\n\n{note}") if note else b""
        usage = self._render_event(task, [], {"usage": _USAGE}) if self.has_usage else b""
        return told + self._render_chunk(task, {}, "stop") + usage + b"data: [DONE]\n\n"

    def _render_chunk(
        self, task: Task, delta: Mapping[str, Any], reason: str | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return self._render_event(task, [choice], {})

    def _render_event(self, task: Task, choices: list[Any], more: Mapping[str, Any]) -> bytes:
        head = _show_head(task, "chat.completion.chunk", self.model)
        text = json.dumps({**head, "choices": choices, **more}, ensure_ascii=False)
        return f"data: {text}\n\n".encode()


class ChatFront(ErrorObjectFront):
    """See providers/ports/front.py."""

    prefixes = ("/chat",)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = call.path.removeprefix(_ROOT)
        if path == MODELS:
            return PassOn(MODELS) if call.is_read else refuse_method(call)
        if path == COMPLETIONS:
            return _create(call) if call.method == "POST" else refuse_method(call)
        name = find_name(path.removeprefix(f"{COMPLETIONS}/"))
        if not path.startswith(f"{COMPLETIONS}/") or not name or "/" in name:
            return refuse_path(call)
        return Get([name.removeprefix(_ID)]) if call.is_read else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show a task as a completion: its text, or what became of it."""
        del command, request_id
        [task] = shown.tasks
        said = [*_list_texts(task), *_list_links(task), _note_on(task, call.base)]
        content = "\n\n".join(filter(None, said))
        message = {"role": "assistant", "content": content, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        model = str(shown.get_input(task).get("model") or "")
        head = _show_head(task, "chat.completion", model)
        return FrontAnswer({**head, "choices": [choice], "usage": _USAGE})


def _create(call: FrontCall) -> Command | WantsBody:
    if call.body is None:
        return WantsBody()
    body = call.body
    if body.get("stream") is not True:
        return Create(COMPLETIONS, body, wait_s=_HELD_S, waits_for="sent")
    options = body.get("stream_options")
    has_usage = isinstance(options, dict) and options.get("include_usage") is True
    model = str(body.get("model") or "")
    return Create(COMPLETIONS, body, stream=CompletionStream(call.base, model, has_usage))


def _show_head(task: Task, kind: str, model: str) -> dict[str, Any]:
    return {
        "id": f"{_ID}{task.id}",
        "object": kind,
        "created": int(task.created_at.timestamp()),
        "model": model,
    }


def _build_address(task: Task, base: str) -> str:
    return f"{base}/{_ROOT}{COMPLETIONS}/{_ID}{task.id}"


def _list_texts(task: Task) -> list[str]:
    return [read_text_url(piece.url) for piece in task.artifacts if piece.kind == "text"]


def _list_links(task: Task) -> list[str]:
    """Return the links to results that do not stand in the text, of which only a part is kept."""
    said = "".join(_list_texts(task))
    urls = [(one.kind, one.url) for one in task.artifacts if one.kind != "text" and one.url]
    return [f"![image]({url})" if kind == "image" else url for kind, url in urls if url not in said]


def _note_on(task: Task, base: str) -> str | None:
    """Return what is to be said of a task whose text is not its result; None for a success."""
    if task.state is TaskState.SUCCEEDED:
        return None
    if task.state in TERMINAL:
        reason = find_reason(task) or ""
        return None if any(reason in text for text in _list_texts(task)) else reason
    said = _BROKE_OFF if task.state is TaskState.UNCERTAIN else _GOES_ON
    return f"{said} {task.id}: {_build_address(task, base)}"
