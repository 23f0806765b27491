"""Runway at kie.ai, and at a gateway with numbers. What was recorded: test_runway.py."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.provider_contract import (
    CallbackContract,
    PollContract,
    ProbeContract,
    SubmitContract,
    check_call,
)
from tests.providers.support import (
    NOW,
    a_task,
    an_account,
    asked_of,
    called_back,
    refused_fields,
    sent_to,
)
from tracker.domain.access import Scope
from tracker.domain.errors import Misuse
from tracker.domain.exchange import HttpResult
from tracker.domain.lifecycle import create_task
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed, Unanswered
from tracker.domain.task import Artifact, TaskState
from tracker.emulator import EmulatorConfig
from tracker.providers.ports.account import Account
from tracker.providers.ports.commands import Create, Get
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import Fault, FrontCall, FrontRefusal
from tracker.providers.registry import PROVIDERS

RUNWAY = PROVIDERS["runway"]
KIE: Mapping[str, Any] = {"profile": "kie"}
PICTURE = "https://pictures.example/a.png"


ADDED: Mapping[str, Any] = {
    "taskType": "gen2",
    "images": [{"frameIndex": 0, "image": PICTURE}],
    "ratio": "9:16",
    "seconds": 10,
}


class TestRunwayAtKie(SubmitContract, PollContract, ProbeContract, CallbackContract):
    provider = RUNWAY
    options = KIE
    inputs = {  # noqa: RUF012 - read only
        "runway/generate": {"prompt": "rain", "duration": 10, "quality": "720p", "waterMark": ""},
        "aleph/generate": {"prompt": "rain", "videoUrl": "https://videos.example/a.mp4", "seed": 1},
    }


class TestNumbered(SubmitContract, PollContract, ProbeContract):
    provider = RUNWAY
    options = {"profile": "numbered"}  # noqa: RUF012 - read only
    inputs = {"add": ADDED}  # noqa: RUF012 - read only


class TestRunwayByFeed(SubmitContract, PollContract, ProbeContract, CallbackContract):
    provider = RUNWAY
    options = {"profile": "feed"}  # noqa: RUF012 - read only
    inputs = {  # noqa: RUF012 - read only
        "pro/generate": {"prompt": "rain", "model": "gen3", "options": {"seconds": 10}}
    }

    def test_a_poll_asks_by_their_id(self, account: Account) -> None:
        call = check_call(account, self.polls.build_poll(asked_of(account, self.known_task())))
        assert (call.method, json.loads(call.body or b"")) == ("POST", {"task_id": "theirs/1"})

    def test_a_probe_changes_nothing(self, account: Account) -> None:
        call = check_call(account, self.probes.build_probe(account, now=NOW))
        assert call.url.endswith("/feed")
        assert json.loads(call.body or b"")["task_id"].startswith("00000000")


def test_gateways_that_are_asked_by_feed_tell_each_status() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "runway by feed")
        task = await caller.made()
        await stage.advance(5)
        assert RUNWAY.calls_back is not None
        told = [RUNWAY.calls_back.parse_callback(called_back(one.content)) for one in stage.calls]
        seen = [one for some in told for one in some if isinstance(one, Observation)]
        assert [one.state for one in seen] == [TaskState.RUNNING, TaskState.SUCCEEDED]
        assert {one.provider_task_id for one in seen} == {task.provider_task_id}

    play()


def test_clients_that_ask_by_feed_find_their_words() -> None:
    front, task = RUNWAY.front, a_task("pro/generate", state=TaskState.QUEUED)
    assert front is not None
    call = FrontCall("POST", "v1/pro/generate", NOW, body={"prompt": "rain", "key": "theirs"})
    made = front.read(call)
    assert isinstance(made, Create)
    assert (made.operation, made.input) == ("pro/generate", {"prompt": "rain"})
    told = front.show(call, made, Shown([task]), "1").body
    assert (told["code"], told["data"]) == (200, {"task_id": str(task.id)})
    piece = Artifact("video", PICTURE, key="0")
    for state, pieces, status in (
        (TaskState.QUEUED, (), "0"),
        (TaskState.RUNNING, (), "1"),
        (TaskState.SUCCEEDED, (), "1"),
        (TaskState.SUCCEEDED, (piece,), "3"),
        (TaskState.EXPIRED, (), "2"),
    ):
        after = replace(task, state=state, artifacts=pieces)
        for asked in (
            FrontCall("POST", "feed", NOW, body={"task_id": str(task.id)}),
            FrontCall("GET", "feed", NOW, query=[("task_id", str(task.id))]),
        ):
            command = front.read(asked)
            assert isinstance(command, Get)
            assert front.get_scope(asked) is Scope.TASKS_READ
            data = front.show(asked, command, Shown([after]), "1").body["data"]
            assert (data["status"], data["video_url"]) == (status, PICTURE if pieces else "")
    step = create_task(replace(task, version=1)).transition
    assert step is not None
    assert front.tell(task, step, {}, base="http://t") is None  # nothing has changed yet
    done = json.loads(front.tell(after, step, {}, base="http://t") or b"")
    assert (done["task_id"], done["status"], "code" in done) == (str(task.id), "2", False)
    refused = front.refuse(FrontRefusal(Fault.NO_MONEY, "no"), "1", call)
    assert (refused.body["code"], refused.body["msg"]) == (refused.status, "no")


@pytest.mark.parametrize(
    ("operation", "input_", "field"),
    [
        ("pro/generate", {"model": "gen3"}, "prompt"),
        ("add", {**ADDED, "callbackUrl": "https://caller.example/cb"}, "callbackUrl"),
        ("runway/generate", {"duration": 5}, "prompt"),
        ("runway/generate", {"prompt": "a", "duration": 7}, "duration"),
        ("runway/generate", {"prompt": "a", "duration": 10, "quality": "1080p"}, "quality"),
        ("runway/extend", {"prompt": "a"}, "taskId"),
        ("aleph/generate", {"prompt": "a"}, "videoUrl"),
        ("add", {"taskType": "gen9", "images": [], "ratio": "16:9", "seconds": 5}, "taskType"),
        ("add", {"taskType": "gen2", "images": [{}], "ratio": "16:9", "seconds": 5}, "images"),
    ],
)
def test_a_field_that_would_be_refused_is_named(
    operation: str, input_: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(RUNWAY.submits, operation, input_) == [field]


def test_an_extension_names_a_task_of_ours_and_sends_their_id() -> None:
    account, task = an_account(RUNWAY, **KIE), a_task("runway/extend")
    request = RUNWAY.submits.check("runway/extend", {"taskId": "ours", "prompt": "more"})
    assert (request.parent, request.parent_field) == ("ours", "taskId")
    parent = a_task("runway/generate", provider_task_id="theirs")
    call = RUNWAY.submits.build_submit(sent_to(account, task, request.body, parent=parent))
    assert call.url == f"{account.base_url}/runway/extend"
    assert json.loads(call.body or b"")["taskId"] == "theirs"
    unnamed = replace(parent, provider_task_id=None)
    with pytest.raises(Misuse):
        RUNWAY.submits.build_submit(sent_to(account, task, request.body, parent=unnamed))


def test_files_that_are_deleted_are_said_to_be_over() -> None:
    assert RUNWAY.polls is not None
    data = {
        "taskId": "x",
        "state": "success",
        "videoInfo": {"videoUrl": PICTURE},
        "expireFlag": 1,
    }
    answer = HttpResult(200, {}, json.dumps({"code": 200, "data": data}).encode())
    asking = asked_of(an_account(RUNWAY, **KIE), a_task("runway/generate", provider_task_id="x"))
    (outcome,) = RUNWAY.polls.parse_poll(asking, answer)
    assert isinstance(outcome, Observed)
    (piece,) = outcome.observation.artifacts
    assert (outcome.observation.state, piece.expires_at) == (TaskState.SUCCEEDED, NOW)


def test_the_own_host_answers_about_the_task_that_was_asked_for() -> None:
    assert RUNWAY.polls is not None
    account = an_account(RUNWAY, base_url=None, region="kie")
    assert account.base_url == "https://api.kie.ai/api/v1"
    data = {"taskId": "another", "state": "fail", "failMsg": "no"}
    answer = HttpResult(200, {}, json.dumps({"code": 200, "data": data}).encode())
    asking = asked_of(account, a_task("runway/generate", provider_task_id="x"))
    (outcome,) = RUNWAY.polls.parse_poll(asking, answer)
    assert isinstance(outcome, Unanswered)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"profile": "kie", "base_url": None}, "set region or base_url"),
        ({"profile": "official", "base_url": "https://api.kie.ai/api/v1"}, "that of kie"),
        ({"profile": "numbered", "base_url": None}, "base_url"),
        ({"profile": "numbered", "webhook_secrets": ["a-secret"]}, "webhook_secrets"),
        ({"profile": "feed", "webhook_secrets": ["a-secret"]}, "webhook_secrets"),
    ],
)
def test_options_that_cannot_work_are_refused(options: Mapping[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        an_account(RUNWAY, **options)


@pytest.mark.parametrize("name", ["runway at kie", "aleph at kie"])
def test_callbacks_of_kie_tell_the_end_and_are_proved_by_id_and_time(name: str) -> None:
    @play_in(Scene, config=EmulatorConfig(manual_clock=True, webhook_secret="a-secret-of-kie"))
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        task = await caller.made()
        await stage.advance(3)
        done = caller.told(task)
        assert done.state is TaskState.SUCCEEDED
        assert [piece.kind for piece in done.artifacts] == ["video"]
        calls_back = RUNWAY.calls_back
        assert calls_back is not None
        scheme = calls_back.get_proof_scheme(
            an_account(RUNWAY, **KIE, webhook_secrets=["a-secret-of-kie"])
        )
        assert scheme is not None
        (request,) = stage.calls
        inbound = called_back(request.content, dict(request.headers))
        stamp = int(request.headers["x-webhook-timestamp"])
        at = NOW.fromtimestamp(stamp, NOW.tzinfo)
        proof = scheme.verify(inbound, now=at)
        assert (proof.flaw, proof.covers_body) == (None, False)
        assert scheme.verify(called_back(request.content), now=at).flaw is not None

    play()


def test_only_resellers_call_back() -> None:
    assert RUNWAY.calls_back is not None
    for profile, is_calling in ((None, False), ("kie", True), ("feed", True), ("numbered", False)):
        assert RUNWAY.calls_back.has_callbacks(an_account(RUNWAY, profile=profile)) is is_calling


@pytest.mark.parametrize(
    ("options", "state"),
    [({"region": "kie", "base_url": None}, None), (KIE, TaskState.FAILED)],
    ids=["kie.ai", "a relay"],
)
def test_a_word_that_kie_has_not_ends_a_task_of_a_relay_alone(
    options: Mapping[str, Any], state: TaskState | None
) -> None:
    asking = asked_of(
        an_account(RUNWAY, **options), a_task("runway/generate", provider_task_id="theirs")
    )
    body = b'{"code": 200, "data": {"taskId": "theirs", "state": "FAILED", "failMsg": "no"}}'
    assert RUNWAY.polls is not None
    (outcome,) = RUNWAY.polls.parse_poll(asking, HttpResult(200, {}, body))
    assert isinstance(outcome, Observed)
    assert outcome.observation.state is state


def test_nobody_is_called_back_at_the_word_that_stands_for_a_url() -> None:
    request = RUNWAY.submits.check("runway/generate", {"prompt": "x", "callBackUrl": "playground"})
    assert (request.callback_url, dict(request.body)) == (None, {"prompt": "x"})
