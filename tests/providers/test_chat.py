"""The adapter of wrappers behind chat completions, held to its contracts and to their answers."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.provider_contract import ProbeContract, SubmitContract
from tests.providers.recorded import RecordedContract
from tests.providers.support import a_task, an_account, answers, check_storable, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.inline_files import make_lost_name
from tracker.domain.outcome import Accepted, Deferred, Observed, SubmitOutcome, Unknown
from tracker.domain.task import TERMINAL, TaskState
from tracker.providers.kit.pieces import read_text_url
from tracker.providers.registry import PROVIDERS

CHAT = PROVIDERS["chat"]
OPERATION = "chat/completions"
INPUT: Mapping[str, Any] = {
    "model": "suno-v3.5",
    "messages": [{"role": "user", "content": "a song about rain"}],
}
SONG, VIDEO = "https://cdn.example/a.mp3", "https://cdn.example/b.mp4?sig=1"
LOST, FAILED = make_lost_name("it is no base64"), TaskState.FAILED
HELD = "data:image/png;base64,iVBORw0KGgo="


class TestChat(SubmitContract, ProbeContract, RecordedContract):
    provider = CHAT
    inputs = {OPERATION: INPUT}  # noqa: RUF012 - read only


def _read(pieces: Sequence[bytes], *, broken: str | None = None, **options: Any) -> SubmitOutcome:
    """Read a body as services do, piece by piece."""
    assert CHAT.streams is not None
    sending = sent_to(an_account(CHAT, **options), a_task(OPERATION))
    reader = CHAT.streams.make_reader(sending, {})
    text = "".join(reader.feed(piece) for piece in pieces) + reader.read_rest()
    return reader.finish(text, broken)


def _event(content: str, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": content}} | more
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()


def _ended(outcome: SubmitOutcome) -> tuple[TaskState | None, list[str | None], str]:
    """Return the state that an answer leads to, its links and its text."""
    assert isinstance(outcome, Accepted), outcome
    assert outcome.provider_task_id is None
    assert outcome.said is not None
    pieces = outcome.said.artifacts
    links = [piece.url for piece in pieces if piece.kind != "text"]
    return (
        outcome.said.state,
        links,
        "".join(read_text_url(one.url) for one in pieces if one.kind == "text"),
    )


DONE = b"data: [DONE]"


@pytest.mark.parametrize(
    "end",
    [
        [DONE],
        [DONE + b"\n\n"],
        [_event("", finish_reason="stop")],
        [b": ping\r\n", b"data:[DONE]\r\n"],
    ],
)
def test_an_end_with_a_link_is_a_success(end: list[bytes]) -> None:
    body = b"".join([_event(char) for char in f"♪ [song]({SONG}), ![]({VIDEO})."] + end)
    cuts = [body[at : at + 7] for at in range(0, len(body), 7)]
    state, links, text = _ended(_read(cuts))
    assert (state, links) == (TaskState.SUCCEEDED, [SONG, VIDEO])
    assert text == f"♪ [song]({SONG}), ![]({VIDEO})."


@pytest.mark.parametrize("cut", [1, 2, 7, 4096])
@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + _event(f"[song]({SONG})") + DONE,
        (b": ping\n\n" + _event(f"[song]({SONG})") + DONE + b"\n\n").replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf"
        + json.dumps({"choices": [{"message": {"content": f"[song]({SONG})"}}]}).encode(),
        f"[song]({SONG})".encode(),
        f"\n![]({SONG})".encode(),
    ],
)
def test_marks_and_ends_of_lines_hide_no_result(body: bytes, cut: int) -> None:
    outcome = _read([body[at : at + cut] for at in range(0, len(body), cut)])
    state, links, _ = _ended(outcome)
    assert (state, links) == (TaskState.SUCCEEDED, [SONG])


ERROR = b'event: error\ndata: {"error": {"message": "late"}}\n\n'


def test_an_error_behind_a_link_is_told_beside_the_result() -> None:
    outcome = _read([_event(f"[song]({SONG})"), ERROR, DONE])
    state, links, _ = _ended(outcome)
    assert (state, links) == (TaskState.SUCCEEDED, [SONG])
    assert isinstance(outcome, Accepted)
    assert outcome.said is not None
    assert outcome.said.message == "late"


def test_an_error_that_breaks_an_answer_with_a_link_off_proves_nothing() -> None:
    assert isinstance(_read([_event(f"[song]({SONG})"), ERROR]), Unknown)
    assert isinstance(_read([_event(f"[song]({SONG})"), ERROR, DONE], broken="cut"), Unknown)
    state, _, _ = _ended(_read([_event("no song"), ERROR]))
    assert state is TaskState.FAILED


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        ([_event(f"[song]({SONG})")], None),
        ([_event(f"[song]({SONG})"), DONE], "cut"),
        ([_event("timeout")], None),
        ([_event("timeout"), DONE], None),
        ([b"no link here"], None),
        ([b"<html>", SONG.encode()], None),
        ([b'{"choices": []}'], None),
        ([b""], None),
    ],
)
def test_whatever_has_no_end_of_its_own_proves_nothing(
    body: list[bytes], broken: str | None
) -> None:
    assert isinstance(_read(body, broken=broken), Unknown)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([_event("not allowed"), DONE], "not allowed"),
        ([_event('{"error":{"message":"full"}}'), DONE], "full"),
        ([_event('♪ {"code":"bad","message":"no such model"}')], "no such model"),
        ([b'data: {"error":{"message":"boom"}}\n\n'], "boom"),
        ([b'{"error":{"message":"boom","code":"x"}}'], "boom"),
        ([DONE], "the answer has no text and no link"),
    ],
)
def test_an_error_that_is_told_is_a_failure(body: list[bytes], message: str) -> None:
    outcome = _read(body)
    assert _ended(outcome)[0] is TaskState.FAILED
    assert isinstance(outcome, Accepted)
    assert outcome.said is not None
    assert outcome.said.error is not None
    assert outcome.said.error.message == message


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"choices": [{"message": {"content": f"a {SONG}"}}]}).encode(),
        json.dumps({"choices": [{"delta": {"content": f"a {SONG}"}}]}).encode(),
        f"# done\n![]({SONG})".encode(),
        b'data: {"choices":[]}{"choices":[{"delta":{"reasoning_content":"%s"}}]}\n%s'
        % (SONG.encode(), DONE),
        b'data: {"choices":[{"delta":{"content":[{"type":"text","text":"%s"}]}}]}\n%s'
        % (SONG.encode(), DONE),
        b"data: %s\n%s" % (SONG.encode(), DONE),
    ],
)
def test_answers_of_every_form_are_read(body: bytes) -> None:
    assert _ended(_read([body]))[:2] == (TaskState.SUCCEEDED, [SONG])


@pytest.mark.parametrize(
    "said",
    [
        {"content": f"![image]({HELD})"},
        {"content": "", "images": [{"type": "image_url", "image_url": {"url": HELD}}]},
        {"content": [{"type": "image_url", "image_url": {"url": HELD}}]},
    ],
)
@pytest.mark.parametrize("holder", ["delta", "message"])
def test_a_picture_that_the_answer_holds_is_a_result(said: Mapping[str, Any], holder: str) -> None:
    body = json.dumps({"choices": [{holder: said, "finish_reason": "stop"}]}).encode()
    for whole in (body, b"data: %s\n\n" % body):
        assert _ended(_read([whole]))[:2] == (TaskState.SUCCEEDED, [HELD])


NAME = f"tracker-asset:0198-a?bytes=9&sha256={sha256(b'kept').hexdigest()}&mark=0a"
"""Stands in the place of a large picture."""


@pytest.mark.parametrize(
    ("said", "asked", "state", "links"),
    [
        ({"content": f"![a](data:image/webp;base64,{NAME})b"}, "", TaskState.SUCCEEDED, [NAME]),
        ({"images": [{"image_url": {"url": NAME}}]}, "", TaskState.SUCCEEDED, [NAME]),
        (
            {"content": f"![a](data:image/png;base64,{LOST}) {SONG}"},
            "",
            TaskState.SUCCEEDED,
            [SONG, None],
        ),
        ({"content": NAME}, f"data:image/png;base64,{b64encode(b'kept').decode()}", FAILED, []),
    ],
)
def test_a_picture_that_was_taken_out_is_a_result_and_its_name_is_not_shown(
    said: Mapping[str, Any], asked: str, state: TaskState, links: list[str | None]
) -> None:
    body = json.dumps({"choices": [{"delta": said, "finish_reason": "stop"}]}).encode()
    sending = sent_to(an_account(CHAT), a_task(OPERATION))
    sending = replace(sending, body={**INPUT, "messages": [{"content": [{"url": asked}]}]})
    assert CHAT.streams is not None
    reader = CHAT.streams.make_reader(sending, {})
    found = _ended(reader.finish(reader.feed(b"data: %s\n\n" % body) + reader.read_rest(), None))
    assert found[:2] == (state, links)
    assert "picture" in found[2]
    assert "tracker-" not in found[2]


def test_an_answer_whose_only_picture_cannot_be_read_proves_nothing() -> None:
    assert isinstance(_read([_event(LOST), DONE]), Unknown)


def test_links_end_where_the_text_goes_on_and_count_once() -> None:
    text = f"听：{SONG}，再听 {SONG}。 See <https://page.example/help> https://cdn.example/c/x"
    state, links, _ = _ended(_read([_event(text), DONE]))
    assert (state, links) == (TaskState.SUCCEEDED, [SONG])
    at = "https://cdn.example"
    paired = f"[v]({at}/a_(1).mp4) ({at}/b.mp4) {at}/c.mp4(完成)"
    _, links, _ = _ended(_read([_event(paired), DONE]))
    assert links == [f"{at}/{one}.mp4" for one in ("a_(1)", "b", "c")]
    _, links, _ = _ended(_read([_event(text), DONE], media_hosts=["cdn.example"]))
    assert links == [SONG, "https://cdn.example/c/x"]


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("submitted\n", None),
        ("🎵 5% 🎵 40 % 🎵 12%\n", 40),
        ("进度：33.5％，请稍候", 33.5),
        ("进度7%…", 7),
        ("100% done", 100),
        ("1000% of 250% or 0%.", None),
        ("https://cdn.example/1%20a/b=2%3Ac.mp3 and so on, for long", None),
        ("v1.5% x9%", None),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_largest_percentage_of_the_text_is_its_progress(
    text: str, percent: float | None, size: int
) -> None:
    assert CHAT.streams is not None
    reader = CHAT.streams.make_reader(sent_to(an_account(CHAT), a_task(OPERATION)), {})
    for at in range(0, len(text), size):
        reader.feed(_event(text[at : at + size]))
    assert reader.progress == percent


@pytest.mark.parametrize(
    "content", [f"like {SONG} here", [{"type": "image_url", "image_url": {"url": SONG}}]]
)
def test_links_that_the_request_held_are_no_result(content: Any) -> None:
    assert CHAT.streams is not None
    asked = {"model": "mj-chat", "messages": [{"role": "user", "content": content}]}
    sending = sent_to(an_account(CHAT), a_task(OPERATION), asked)
    for told, state, links in (
        (f"**{SONG}** was refused", TaskState.FAILED, []),
        (f"**{SONG}** ![]({VIDEO})", TaskState.SUCCEEDED, [VIDEO]),
    ):
        reader = CHAT.streams.make_reader(sending, {})
        outcome = reader.finish(reader.feed(_event(told) + DONE) + reader.read_rest(), None)
        assert _ended(outcome)[:2] == (state, links)


@given(answer=answers, more=st.lists(st.binary(max_size=60), max_size=4))
def test_no_body_breaks_a_reader(answer: HttpResult, more: list[bytes]) -> None:
    outcome = _read([answer.body, b"\ndata: ", *more])
    assert isinstance(outcome, Accepted | Unknown)
    if isinstance(outcome, Accepted) and outcome.said is not None:
        assert check_storable(Observed(outcome.said))


def test_a_stream_is_asked_for_whatever_the_caller_wants() -> None:
    request = CHAT.submits.check(OPERATION, {**INPUT, "stream": False, "seed": 7})
    call = CHAT.submits.build_submit(sent_to(an_account(CHAT), a_task(OPERATION), request.body))
    assert json.loads(call.body or b"") == {**INPUT, "seed": 7, "stream": True}
    assert call.headers["accept"] == "text/event-stream"


def test_a_model_without_a_channel_holds_no_other_back() -> None:
    answer = HttpResult(503, {}, json.dumps({"error": {"code": "model_not_found"}}).encode())
    outcome = CHAT.submits.parse_submit(sent_to(an_account(CHAT), a_task(OPERATION)), answer)
    assert isinstance(outcome, Deferred)
    assert outcome.scope.value == "task"


@pytest.mark.parametrize(
    ("scenario", "state", "links"),
    [
        ("ok", TaskState.SUCCEEDED, 1),
        ("char_chunks,ticks", TaskState.SUCCEEDED, 1),
        ("done_no_blank", TaskState.SUCCEEDED, 1),
        ("two_songs", TaskState.SUCCEEDED, 2),
        ("delta_in_message", TaskState.SUCCEEDED, 1),
        ("markdown_body", TaskState.SUCCEEDED, 1),
        ("slow_first_byte=90", TaskState.SUCCEEDED, 1),
        ("error_as_content", TaskState.FAILED, 0),
        ("lm_first_fails", TaskState.FAILED, 0),
        ("no_link", TaskState.FAILED, 0),
        ("failed", TaskState.FAILED, 0),
        ("no_done", None, 0),
        ("timeout_word", None, 0),
        ("failed_watched=600", None, 0),
    ],
)
def test_every_lie_of_the_emulated_wrapper_is_survived(
    scenario: str, state: TaskState | None, links: int
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "chat")
        caller.play(scenario)
        task, outcome = await stage.while_time_passes(caller.submit())
        assert task.state not in TERMINAL
        if state is None:
            assert isinstance(outcome, Unknown)
        else:
            found = _ended(outcome)
            assert (found[0], len(found[1])) == (state, links)
        made = 0 if scenario == "lm_first_fails" else 1
        assert sum(stage.emulator.count_creations().values()) == made

    play()
