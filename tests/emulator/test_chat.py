"""The emulator of wrappers behind chat completions: its streams, its one answer, its refusals."""

import json
from typing import Any

import httpx
import pytest

from tests.emulator.scene import Scene, play_in
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

PATH = "/chat/v1/chat/completions"
ASKED = {"model": "luma", "messages": [{"role": "user", "content": "a cat"}]}


def _chunks(answer: httpx.Response) -> list[Any]:
    """Return the choices of a stream's chunks; the last line is its end or none."""
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n") if line]
    return [json.loads(line)["choices"][0] for line in lines if line != "[DONE]"]


@play_in(Scene)
async def test_a_stream_tells_role_text_and_reason(stage: Scene) -> None:
    answer = await stage.while_time_passes(
        stage.http.post(PATH, json=ASKED | {"stream": True, "emulator_scenario": "ticks"})
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, *rest, last = _chunks(answer)
    assert (first["delta"]["role"], last["finish_reason"]) == ("assistant", "stop")
    text = "".join(one["delta"]["content"] for one in rest)
    assert "50%" in text
    assert ".mp4" in text
    assert answer.text.endswith("data: [DONE]\n\n")
    assert stage.emulator.count_creations() == {"a cat": 1}


@play_in(Scene)
async def test_a_bare_stream_has_a_chunk_for_each_character(stage: Scene) -> None:
    lies = "char_chunks,done_no_blank"
    answer = await stage.while_time_passes(
        stage.http.post(PATH, json=ASKED | {"stream": True, "emulator_scenario": lies})
    )
    found = _chunks(answer)
    assert {len(one["delta"]["content"]) for one in found} == {1}
    assert not any("finish_reason" in one for one in found)
    assert answer.text.endswith("\n\ndata: [DONE]")


@play_in(Scene)
async def test_one_answer_waits_for_the_end(stage: Scene) -> None:
    answer = await stage.while_time_passes(stage.http.post(PATH, json=ASKED))
    [choice] = answer.json()["choices"]
    assert ".mp4" in choice["message"]["content"]


@play_in(Scene)
async def test_content_in_parts_and_no_content_are_refused(stage: Scene) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "a cat"}]}]
    for messages in (parts, []):
        answer = await stage.http.post(PATH, json=ASKED | {"messages": messages})
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, "parse_body_failed")
    assert stage.emulator.count_creations() == {}


def test_a_stream_that_is_cut_has_no_end() -> None:
    asked = ASKED | {"stream": True, "emulator_scenario": "cut_halfway"}
    headers = {"authorization": "Bearer emulator-key"}
    with (
        Emulator(EmulatorConfig(step_seconds=0.01)) as running,
        httpx.Client(base_url=running.url, headers=headers, trust_env=False, timeout=60) as http,
        http.stream("POST", PATH, json=asked) as answer,
    ):
        pieces = answer.iter_text()
        assert "luma" in next(pieces)
        with pytest.raises(httpx.TransportError):
            "".join(pieces)
