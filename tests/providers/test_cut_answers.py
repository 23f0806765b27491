"""Answers that are the result, cut at each byte, where no length tells that they are cut.

Whoever is answered by HTTP/1.0, or by a proxy that closes the connection at the end, sees no more.
"""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.domain.test_media_extent import GLB, JPEG, PNG, SVG, riff
from tests.providers.support import a_task, an_account, sent_to
from tests.providers.test_lies_over_http import Reading
from tests.support.named_sinks import NamedSinks
from tracker.domain.exchange import Certainty, HttpFailure, HttpResult
from tracker.domain.outcome import Accepted, SubmitOutcome, Unknown
from tracker.domain.task import TaskState
from tracker.egress.answers import AnswerReader
from tracker.egress.decoding import Undecodable
from tracker.precedence import Precedence
from tracker.providers.registry import PROVIDERS

pytestmark = pytest.mark.anyio
FILE = "data:image/png;base64,aGVsbG8="
CAT = {"prompt": "a cat"}
LINK = "https://x.example/a.png"
HELD = b64encode(PNG).decode()
SPOKEN = {"model": "suno-v3.5", "messages": [{"role": "user", "content": "a song"}]}


@dataclass(frozen=True)
class Answered:
    """A create, and a whole answer that is its result.

    may_end: lengths from which on nothing that counts is missing.
    """

    provider: str
    operation: str
    input: Mapping[str, Any]
    answer: bytes
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    may_end: Collection[int] = ()


def said(value: Any) -> bytes:
    return json.dumps(value).encode()


def events(*told: Mapping[str, Any]) -> bytes:
    return b"".join(b"data: " + said(one) + b"\n\n" for one in told) + b"data: [DONE]\n\n"


CORE = ("stability", "stable-image/generate/core", CAT)
MADE = {"type": "image_generation.completed", "b64_json": HELD}
STREAM = events(MADE)
SONG = {"choices": [{"delta": {"content": f"[a]({LINK})"}}]}
CASES = {
    "OpenAI": Answered("openai", "images/generations", CAT, said({"data": [{"b64_json": HELD}]})),
    "OpenAI's edit": Answered(
        "openai", "images/edits", CAT | {"image": FILE}, said({"data": [{"url": LINK}]})
    ),
    "OpenAI's stream": Answered(
        "openai",
        "images/generations",
        CAT | {"stream": True},
        STREAM,
        "text/event-stream",
        may_end=range(len(STREAM) - len("\n\ndata: [DONE]\n\n"), len(STREAM)),
    ),
    "Recraft": Answered("recraft", "images/generations", CAT, said({"data": [{"url": LINK}]})),
    "Recraft's tool": Answered(
        "recraft", "images/vectorize", {"file": FILE}, said({"image": {"url": LINK}})
    ),
    "Recraft's drawing": Answered(
        "recraft", "images/vectorize", {"file": FILE}, SVG, "image/svg+xml"
    ),
    "Stability in JSON": Answered(*CORE, said({"image": HELD, "finish_reason": "SUCCESS"})),
    "Stability's PNG": Answered(*CORE, PNG, "image/png", {"finish-reason": "SUCCESS"}),
    "Stability's JPEG": Answered(*CORE, JPEG, "image/jpeg"),
    "Stability's WebP": Answered(*CORE, riff(b"WEBP"), "image/webp"),
    "Stability's model": Answered(
        "stability", "3d/stable-fast-3d", {"image": FILE}, GLB, "model/gltf-binary"
    ),
    "Ark": Answered(
        "ark", "images/generations", CAT | {"model": "s"}, said({"data": [{"url": LINK}]})
    ),
    "Vidu's speech": Answered(
        "vidu",
        "audio-tts",
        {"text": "a", "voice_setting_voice_id": "v"},
        said({"task_id": "84", "state": "success", "file_url": LINK}),
    ),
    "CogView": Answered(
        "cogvideox",
        "images/generations",
        CAT | {"model": "cogview-4"},
        said({"data": [{"url": LINK}]}),
    ),
    "a chat": Answered(
        "chat",
        "chat/completions",
        SPOKEN,
        events(SONG),
        "text/event-stream",
        may_end=range(len(events(SONG)) - 2, len(events(SONG))),
    ),
}


class _Body(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self.content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.content:
            yield self.content


async def outcome_of(case: Answered, answer: bytes, answers: AnswerReader) -> SubmitOutcome:
    provider = PROVIDERS[case.provider]
    account, asks = an_account(provider), provider.results.answers_with_files
    body = provider.submits.check(case.operation, case.input).body
    sending, reading = sent_to(account, a_task(case.operation), body), Reading()
    streams = provider.streams
    is_read = streams is not None and streams.get_time_limit_s(account, case.operation) is not None
    if is_read:
        reading.reader = streams.make_reader(sending, {})  # type: ignore[union-attr] # is_read says so
    response = httpx.Response(
        200, headers={"content-type": case.kind, **case.headers}, stream=_Body(answer)
    )
    files = NamedSinks() if asks is not None and asks(case.operation) else None
    found: HttpResult | HttpFailure
    try:
        found = await answers.read(response, files=files, pieces=reading.open if is_read else None)
    except Undecodable as error:
        found = HttpFailure(Certainty.UNKNOWN, str(error))
    if not reading.is_open:
        return provider.submits.parse_submit(sending, found)
    text = reading.text + reading.reader.read_rest()
    return reading.reader.finish(text, found.reason if isinstance(found, HttpFailure) else None)


@pytest.mark.parametrize("name", CASES)
async def test_a_cut_answer_proves_nothing(name: str) -> None:
    case, answers = CASES[name], AnswerReader(Precedence())
    whole = await outcome_of(case, case.answer, answers)
    assert isinstance(whole, Accepted)
    assert whole.said is not None
    assert whole.said.state is TaskState.SUCCEEDED
    proved = [
        size
        for size in range(len(case.answer))
        if not isinstance(await outcome_of(case, case.answer[:size], answers), Unknown)
    ]
    assert proved == [*case.may_end]
