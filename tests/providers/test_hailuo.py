"""Hailuo's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import (
    CALLBACK_URL,
    a_task,
    an_account,
    asked_of,
    called_back,
    refused_fields,
    sent_to,
)
from tracker.domain.errors import Misuse
from tracker.domain.events import Source
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.outcome import (
    Accepted,
    Deferred,
    Follow,
    Observed,
    PollOutcome,
    Refused,
    Unanswered,
)
from tracker.domain.task import Task, TaskError, TaskState
from tracker.providers.ports.adapter import Finds, Sending
from tracker.providers.ports.callbacks import Hint
from tracker.providers.registry import PROVIDERS

HAILUO = PROVIDERS["hailuo"]
TEXT = {"type": "text", "text": "a cat"}
V1, V2 = "v1/video_generation", "v2/video_generation"
V2_INPUT = {"model": "MiniMax-H3", "content": [TEXT], "duration": 5, "resolution": "768P"}
HAILUO_INPUTS: Mapping[str, Mapping[str, Any]] = {
    V1: {"model": "MiniMax-Hailuo-2.3", "prompt": "a cat", "duration": 10, "resolution": "768P"},
    V2: V2_INPUT | {"seed": -1},
    "v2/h3_context_ir": {"content": [TEXT]},
}


class TestHailuo(
    SubmitContract,
    CallbackUrlContract,
    PollContract,
    CallbackContract,
    ProbeContract,
    RecordedContract,
):
    provider = HAILUO
    inputs = HAILUO_INPUTS


@pytest.mark.parametrize(
    ("operation", "changes", "field"),
    [
        (V1, {"model": None}, "model"),
        (V1, {"prompt": "a" * 2001}, "prompt"),
        (V1, {"prompt": None}, "prompt"),
        (V1, {"duration": 8}, "duration"),
        (V1, {"resolution": "2K"}, "resolution"),
        (V1, {"resolution": "1080P"}, "duration"),
        (V1, {"model": "MiniMax-Hailuo-2.3-Fast"}, "first_frame_image"),
        (V1, {"model": "I2V-01-live"}, "first_frame_image"),
        (V1, {"model": "S2V-01"}, "subject_reference"),
        (V1, {"subject_reference": [{"type": "character", "image": []}]}, None),
        (V2, {"content": []}, "content"),
        (V2, {"content": [TEXT, TEXT]}, "content"),
        (V2, {"content": [{"type": "image_url", "role": "middle_frame"}]}, "content[0].role"),
        (V2, {"duration": 16}, "duration"),
        (V2, {"resolution": "1080P"}, "resolution"),
        (V2, {"seed": 2**32}, "seed"),
        ("v2/h3_context_ir", {"content": None}, "content"),
    ],
)
def test_a_field_that_minimax_would_refuse_is_named(
    operation: str, changes: Mapping[str, Any], field: str | None
) -> None:
    wrong = {**HAILUO_INPUTS[operation], **changes}
    assert refused_fields(HAILUO.submits, operation, wrong) == [
        field or "subject_reference[0].image"
    ]


def test_a_task_is_made_again_by_their_name_of_it() -> None:
    request = HAILUO.submits.check("v2/video_regeneration", {"source_task_id": "ours"})
    assert (request.parent, request.parent_field) == ("ours", "source_task_id")
    task, account = a_task("v2/video_regeneration"), an_account(HAILUO)
    parent = a_task(V2, provider_task_id="theirs/1")
    call = HAILUO.submits.build_submit(sent_to(account, task, request.body, parent=parent))
    assert b'"source_task_id": "theirs/1"' in (call.body or b"")
    with pytest.raises(Misuse):
        HAILUO.submits.build_submit(sent_to(account, task, request.body))


def test_an_account_may_do_without_callbacks() -> None:
    silent = an_account(HAILUO, callbacks=False)
    assert HAILUO.calls_back is not None
    assert not HAILUO.calls_back.has_callbacks(silent, V1)
    assert HAILUO.calls_back.has_callbacks(an_account(HAILUO), V1)
    body = HAILUO.submits.build_submit(sent_to(silent, a_task(V1), HAILUO_INPUTS[V1])).body
    assert b"callback" not in (body or b"callback")
    assert HAILUO.submits.get_lookup_kind(silent) is Finds.NEVER


@pytest.mark.parametrize(
    ("body", "echo"),
    [
        (b'{"challenge":"abc"}', b'{"challenge": "abc"}'),
        (b'{ "challenge" : "\\u00e9\\"" }', b'{"challenge": "\\u00e9\\""}'),
        (b'{"challenge":7}', None),
        (b'["challenge"]', None),
        (b'{"challenge":"abc","task_id":"1","status":"success"}', None),
        (b'{"challenge":"abc","task":{"task_id":"1","status":"success"}}', None),
        (b'{"task_id":"1","status":"success"}', None),
        (b'{"challenge"', None),
        (b"", None),
    ],
)
def test_a_challenge_is_repeated_and_nothing_else_is(body: bytes, echo: bytes | None) -> None:
    assert HAILUO.calls_back is not None
    assert HAILUO.calls_back.has_handshake
    assert HAILUO.calls_back.answer_challenge(called_back(body)) == echo


def test_a_challenge_that_comes_with_news_is_repeated_once_these_are_kept() -> None:
    assert HAILUO.calls_back is not None
    both = called_back(b'{"challenge":"abc","task_id":"1","status":"Success"}')
    assert [type(one) for one in HAILUO.calls_back.parse_callback(both)] == [Hint]
    assert HAILUO.calls_back.acknowledge(both) == (200, b'{"challenge": "abc"}')
    assert HAILUO.calls_back.acknowledge(called_back(b'{"task_id":"1"}')) is None


def file_answered(answer: HttpResult | HttpFailure, **options: Any) -> tuple[HttpCall, PollOutcome]:
    """Return the call for the file of a success, and what its answer tells."""
    assert HAILUO.polls is not None
    asking = asked_of(an_account(HAILUO, **options), a_task(V1, provider_task_id="359"))
    body = b'{"task_id":"359","status":"Success","file_id":20570000000000001,"video_width":1366}'
    (led,) = HAILUO.polls.parse_poll(asking, HttpResult(200, {}, body))
    assert isinstance(led, Follow)
    (outcome,) = HAILUO.polls.parse_poll(replace(asking, page=led.page), answer)
    return led.call, outcome


def test_the_file_gives_the_address_of_the_result() -> None:
    body = b'{"file":{"file_id":2057,"download_url":"https://m.example/v.mp4"}}'
    call, outcome = file_answered(HttpResult(200, {}, body), group_id="17")
    assert call.url.endswith("/v1/files/retrieve?file_id=20570000000000001&GroupId=17")
    assert isinstance(outcome, Observed)
    (piece,) = outcome.observation.artifacts
    assert (piece.url, piece.id, piece.refreshable) == (
        *("https://m.example/v.mp4", "20570000000000001"),
        True,
    )
    assert piece.extra == {"video_width": "1366"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b'{"base_resp":{"status_code":2013,"status_msg":"no file"}}'),
        (200, b'{"base_resp":{"status_code":1026,"status_msg":"sensitive"}}'),
        (200, b'{"file":{"download_url":"ftp://x"}}'),
        (500, b"oops"),
    ],
)
def test_a_success_whose_file_is_not_there_still_runs(status: int, body: bytes) -> None:
    _, outcome = file_answered(HttpResult(status, {}, body))
    assert isinstance(outcome, Observed)
    assert outcome.observation.state is TaskState.RUNNING


@pytest.mark.parametrize(
    ("code", "fails"), [(1027, True), ("1026", True), (2013, False), (1000, False)]
)
def test_a_look_that_is_answered_by_a_code_about_content_tells_of_a_failure(
    code: Any, *, fails: bool
) -> None:
    assert HAILUO.polls is not None
    said = {"task_id": "", "status": "", "base_resp": {"status_code": code, "status_msg": "no"}}
    asking = asked_of(an_account(HAILUO), a_task(V1, provider_task_id="359"))
    answer = HttpResult(200, {}, json.dumps(said).encode())
    (outcome,) = HAILUO.polls.parse_poll(asking, answer)
    assert isinstance(outcome, Observed) is fails
    if isinstance(outcome, Observed):
        error = TaskError("provider", str(code), "no", doubtful=True)
        found = outcome.observation
        assert (found.state, found.provider_task_id) == (TaskState.FAILED, "359")
        assert found.error == error


def test_a_file_that_could_not_be_asked_for_tells_nothing() -> None:
    broken = HttpFailure(Certainty.UNKNOWN, "cut")
    slow = HttpResult(200, {}, b'{"base_resp":{"status_code":1002,"status_msg":"slow"}}')
    assert file_answered(broken)[1] == Unanswered("cut")
    outcome = file_answered(slow)[1]
    assert isinstance(outcome, Unanswered)
    assert outcome.slow_down


# Against the emulator.


async def looked_at(caller: Caller, task: Task) -> Task:
    return await caller.polled_to_its_end(task)


@pytest.mark.parametrize("operation", HAILUO_INPUTS)
@pytest.mark.parametrize(
    "scenario", ["ok", "challenge_twice", "callback_early", "resigned", "no_callback"]
)
def test_hailuo_makes_every_operation(operation: str, scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "hailuo")
        caller.play(scenario)
        task = await caller.made(operation, input_=HAILUO_INPUTS[operation])
        done = await looked_at(caller, task)
        kind = "text" if operation == "v2/h3_context_ir" else "video"
        assert [one.kind for one in done.artifacts] == [kind]
        hints = [told for call in stage.calls for told in _read(call.content)]
        assert all(isinstance(one, Hint) for one in hints)
        assert bool(hints) is (scenario != "no_callback")
        assert {one.provider_task_id for one in hints} <= {task.provider_task_id}

    play()


def _read(body: bytes) -> Any:
    assert HAILUO.calls_back is not None
    return HAILUO.calls_back.parse_callback(called_back(body))


def test_a_task_of_v2_is_made_again() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "hailuo")
        parent = await looked_at(caller, await caller.made(V2, input_=V2_INPUT))
        again, input_ = "v2/video_regeneration", {"source_task_id": "ours"}
        done = await looked_at(caller, await caller.made(again, input_=input_, parent=parent))
        assert done.state is TaskState.SUCCEEDED

    play()


@pytest.mark.parametrize(
    "lie", ["file_id_number", "no_file_id=3", "file_refused=3", "no_file_id=2,file_refused=2"]
)
def test_a_result_is_found_however_long_its_file_takes(lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "hailuo")
        caller.play(lie)
        task = await caller.made()
        for _ in range(10):
            await stage.advance(0.5)
            outcome = await caller.poll(task)
            assert isinstance(outcome, Observed)
            task = caller.seen(task, outcome.observation, Source.POLL)
        assert (task.state, len(task.artifacts)) == (TaskState.SUCCEEDED, 1)

    play()


@pytest.mark.parametrize(
    ("scenario", "kind", "blames"),
    [
        ("code=1008", Refused, True),
        ("code=2049", Refused, True),
        ("code=1026", Refused, False),
        ("code=2013", Refused, False),
        ("code=1039", Deferred, False),
        ("code=2056", Deferred, False),
        ("code=1030", Refused, True),
        ("code=2061", Refused, False),
    ],
)
def test_a_refusal_comes_with_http_200(scenario: str, kind: type, *, blames: bool) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "hailuo")
        caller.play(scenario)
        _, outcome = await caller.submit()
        assert type(outcome) is kind
        assert getattr(outcome, "blames_account", False) is blames

    play()


def test_a_callback_url_that_echoes_nothing_is_our_fault_and_tried_again() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "hailuo")
        sending = Sending(
            *(caller.account, a_task(V1), caller.tried.input, None, "http://us.example/mute"),
            now=caller.now,
        )
        answer = await caller.send(HAILUO.submits.build_submit(sending))
        outcome = HAILUO.submits.parse_submit(sending, answer)
        assert isinstance(outcome, Deferred)
        assert "TRACKER_PUBLIC_URL" in outcome.message
        assert stage.emulator.count_creations() == {}
        again = replace(sending, callback_url=CALLBACK_URL)
        answer = await caller.send(HAILUO.submits.build_submit(again))
        assert isinstance(HAILUO.submits.parse_submit(again, answer), Accepted)

    play()


def test_v2_may_let_a_task_expire() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "hailuo")
        caller.play("expired")
        done = await looked_at(caller, await caller.made(V2, input_=V2_INPUT))
        assert done.error is not None
        assert (done.state, done.error.code) == (TaskState.FAILED, "expired")

    play()


def test_a_success_without_its_result_in_a_creates_answer_is_asked_for() -> None:
    body = {"task_id": "T", "status": "Success", "base_resp": {"status_code": 0}}
    outcome = HAILUO.submits.parse_submit(
        sent_to(an_account(HAILUO), a_task(V1)), HttpResult(200, {}, json.dumps(body).encode())
    )
    assert isinstance(outcome, Accepted)
    assert (outcome.said, outcome.look_now) == (None, True)
