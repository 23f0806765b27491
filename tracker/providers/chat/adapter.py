"""Media models of gateways that are asked through OpenAI's chat completions.

The wrapper makes the task, watches it and tells of it as text. There is no id, nothing to ask and
nothing to cancel: a stream that breaks leaves a task that may exist, and is charged. Sources:
https://github.com/SunoAI-API/Suno-API, https://github.com/LumaAI-API/Luma-API and
https://platform.openai.com/docs/api-reference/chat, read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.outcome import DeferralScope, Deferred, SubmitOutcome
from tracker.domain.task import TaskState
from tracker.providers.chat.completion import CompletionReader
from tracker.providers.chat.front import ChatFront, ChatPassing
from tracker.providers.chat.words import COMPLETIONS, MODELS
from tracker.providers.kit.gateways import GatewayAdapter
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.kit.useless_options import OneKindOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Request, Sending
from tracker.providers.ports.provider import Provider, ResultHosting


class ChatOptions(OneKindOptions):
    """The options of an account.

    max_in_flight: each open stream holds one of a worker's submits.
    stream_s:      seconds that a whole answer may take.
    media_hosts:   whose links are results whatever they end in.
    """

    max_in_flight: int | None = Field(16, ge=1)
    stream_s: float = Field(900, ge=30, le=3600)
    media_hosts: tuple[str, ...] = Field((), max_length=50, strict=False)


class ChatInput(OpenInputs):
    """The fields that every wrapper needs."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
    messages: Annotated[list[dict[str, Any]], Field(min_length=1)]


class Chat(GatewayAdapter):
    """Submits, and reads streams. Nothing is polled."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {COMPLETIONS: CreatePath(COMPLETIONS, ChatInput)}
    )
    poll_path: ClassVar[str] = MODELS
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType({})
    probe_path: ClassVar[str | None] = MODELS

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table. How the answer is to come is our choice alone."""
        request = super().check(operation, input_)
        body = {name: value for name, value in request.body.items() if name not in _OURS}
        return replace(request, body=body)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Ask for a stream always: whatever stands before a wrapper cuts a call that is silent."""
        call = super().build_submit(replace(sending, body={**sending.body, "stream": True}))
        return replace(call, headers={**call.headers, "accept": "text/event-stream"})

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Read an answer that came whole."""
        if not isinstance(answer, HttpResult) or not 200 <= answer.status < 300:
            return super().parse_submit(sending, answer)
        reader = self.make_reader(sending, answer.headers)
        return reader.finish(reader.feed(answer.body) + reader.read_rest(), None)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Let nothing wait with a task whose model has no channel: all models share one call."""
        found = super().classify_refusal(sending, answer, parsed)
        if isinstance(found, Deferred) and found.scope is DeferralScope.MODEL:
            return replace(found, scope=DeferralScope.TASK)
        return found

    def get_time_limit_s(self, account: Account, operation: str) -> float | None:
        """Return the account's own time."""
        del operation
        return account.get_options(ChatOptions).stream_s

    def make_reader(self, sending: Sending, headers: Mapping[str, str]) -> CompletionReader:
        """Read by the body's beginning: what the headers say of it is often wrong."""
        del headers
        hosts = sending.account.get_options(ChatOptions).media_hosts
        return CompletionReader(hosts, sending.body.get("messages"))


_OURS = ("stream", "stream_options")


_ADAPTER = Chat()
REVISION = 9
PROVIDER = Provider(
    name="chat",
    revision=REVISION,
    regions={
        "openai-next": "https://api.openai-next.com/v1",
        "draw": "https://draw.openai-next.com/v1",
    },
    options=ChatOptions,
    # No operation needs the store, which takes large pictures out of texts where there is one.
    results=ResultHosting(answers_with_files=lambda _operation: False),
    submits=_ADAPTER,
    streams=_ADAPTER,
    probes=_ADAPTER,
    front=ChatFront(),
    passes_on=ChatPassing(),
    examples={
        "a song": {
            "operation": "chat/completions",
            "input": {
                "model": "suno-v3.5",
                "messages": [{"role": "user", "content": "a song about a cat in the rain"}],
            },
        }
    },
)
