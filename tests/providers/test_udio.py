"""Udio's adapter: two shapes of gateways, held to the contracts, to samples and to every lie."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.kinds import Kind
from tests.providers.provider_contract import PollContract, ProbeContract, SubmitContract
from tests.providers.recorded import RecordedContract
from tests.providers.support import NOW, a_task, an_account, refused_fields, sent_to
from tracker.domain.events import Source
from tracker.domain.outcome import Absent, Deferred, Observed, Refused, Unknown
from tracker.domain.task import Artifact, FollowUp, TaskState
from tracker.providers.ports.adapter import Asking, Finds
from tracker.providers.ports.commands import Get
from tracker.providers.ports.front_call import FrontCall
from tracker.providers.registry import PROVIDERS

UDIO = PROVIDERS["udio"]
PARAMS = {"prompt": "rain", "lyrics_type": "generate", "seed": -1, "prompt_strength": 0.5}
S = TaskState


class TestTasks(SubmitContract, PollContract, ProbeContract, RecordedContract):
    provider = UDIO
    inputs = {"submit/music": {"gen_params": PARAMS}}  # noqa: RUF012 - read only


class TestSongs(SubmitContract, PollContract, ProbeContract):
    provider = UDIO
    options = {"profile": "songs"}  # noqa: RUF012
    inputs = {"generate-proxy": PARAMS}  # noqa: RUF012


@dataclass
class UdioUpstream(Caller):
    """The adapter in front of one shape."""

    upstream: Kind | str = "udio"
    profile: str = "songs"

    @property
    def tried(self) -> Kind:
        input_ = PARAMS if self.profile == "songs" else {"gen_params": PARAMS}
        operation = "generate-proxy" if self.profile == "songs" else "submit/music"
        return Kind("udio", "/udio", operation, input_, {"profile": self.profile})


def sounds(task: Any) -> Sequence[str]:
    return [piece.state.value for piece in task.artifacts if piece.kind == "audio"]


BOTH = pytest.mark.parametrize("profile", ["songs", "task"])


@BOTH
@pytest.mark.parametrize(
    "lie",
    [
        *("ok", "finished_without_path=3", "mute_query=2", "rate_limited_query=2"),
        *("html_query=2", "html_ok=2", "denied=2", "resigned", "unknown_word"),
    ],
)
def test_a_lie_about_songs_does_not_hide_them(profile: str, lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = UdioUpstream(stage, profile=profile)
        caller.play(lie)
        done = await caller.polled_to_its_end(await caller.made(), looks=16)
        assert done.state is S.SUCCEEDED
        for _ in range(4):
            if done.follow_up is not FollowUp.NO_RESULT:
                break
            outcome = await caller.poll(done)
            assert isinstance(outcome, Observed)
            done = caller.seen(done, outcome.observation, Source.POLL)
        assert sounds(done) == ["ready", "ready"]

    play()


@BOTH
def test_songs_end_one_by_one(profile: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = UdioUpstream(stage, profile=profile)
        task = await caller.made()
        await stage.advance(2)
        outcome = await caller.poll(task)
        assert isinstance(outcome, Observed)
        task = caller.seen(task, outcome.observation, Source.POLL)
        assert (task.state, sounds(task)) == (S.RUNNING, ["ready"])

    play()


@BOTH
def test_one_of_two_is_a_result(profile: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = UdioUpstream(stage, profile=profile)
        caller.play("one_of_two")
        done = await caller.polled_to_its_end(await caller.made())
        assert (done.state, sounds(done)) == (S.SUCCEEDED, ["ready", "failed"])
        assert done.message

    play()


def test_an_error_that_goes_away_again_is_taken_back() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = UdioUpstream(stage)
        caller.play("false_failure")
        done = await caller.polled_to_its_end(await caller.made())
        assert (done.state, done.follow_up) == (S.FAILED, FollowUp.DOUBTFUL)
        await stage.advance(2)
        outcome = await caller.poll(done)
        assert isinstance(outcome, Observed)
        assert caller.seen(done, outcome.observation, Source.POLL).state is S.SUCCEEDED

    play()


@BOTH
def test_what_never_finishes_never_ends(profile: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = UdioUpstream(stage, profile=profile)
        caller.play("stuck")
        assert (await caller.polled_to_its_end(await caller.made(), looks=20)).state is S.RUNNING

    play()


def test_songs_that_a_list_leaves_out_are_weakly_absent() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = UdioUpstream(stage)
        caller.play("missing_in_list=1")
        task = await caller.made()
        outcome = await caller.poll(task)
        assert isinstance(outcome, Absent)
        assert outcome.weak
        assert (await caller.polled_to_its_end(task)).state is S.SUCCEEDED

    play()


@pytest.mark.parametrize("query", ["songIds=a,b", "songIds=a&songIds=b", "songIds[]=a&songIds[]=b"])
def test_a_front_reads_every_song_that_is_asked_for(query: str) -> None:
    assert UDIO.front is not None
    command = UDIO.front.read(FrontCall("GET", "songs", NOW, query=parse_qsl(query)))
    assert isinstance(command, Get)
    assert command.names == ["a", "b"]


def test_many_tasks_are_asked_for_in_one_call() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = UdioUpstream(stage)
        tasks = [await caller.made() for _ in range(3)]
        await stage.advance(4)
        assert UDIO.polls is not None
        asking = Asking(caller.account, tasks, caller.now)
        answer = await caller.send(UDIO.polls.build_poll(asking))
        outcomes = UDIO.polls.parse_poll(asking, answer)
        states = [one.observation.state for one in outcomes if isinstance(one, Observed)]
        assert states == [S.SUCCEEDED] * 3

    play()


def test_a_task_that_fails_says_so_in_either_word() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        for lie in ("failed", "failed,fail_word"):
            caller = UdioUpstream(stage, profile="task")
            caller.play(lie)
            done = await caller.polled_to_its_end(await caller.made())
            assert done.state is S.FAILED
            assert done.error is not None

    play()


@pytest.mark.parametrize(
    ("profile", "scenario", "kind"),
    [
        ("songs", "int_code_error=400", Refused),
        ("songs", "int_code_error=429", Deferred),
        ("songs", "int_code_error=50001", Unknown),
        ("songs", "no_id_in_answer", Unknown),
        ("task", "no_id_in_answer", Unknown),
        ("songs", "error_created", Unknown),
        ("task", "html_error_created", Unknown),
        ("songs", "rate_limited", Deferred),
        ("task", "rate_limited", Deferred),
        ("songs", "refused", Refused),
        ("task", "refused", Refused),
    ],
)
def test_a_create_proves_what_its_answer_proves(profile: str, scenario: str, kind: type) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = UdioUpstream(stage, profile=profile)
        caller.play(scenario)
        _, outcome = await caller.submit()
        assert type(outcome) is kind, outcome

    play()


@pytest.mark.parametrize("wraps", [False, True])
def test_a_song_of_ours_is_continued_by_the_providers_id(*, wraps: bool) -> None:
    pieces = tuple(Artifact("audio", "https://a.example", f"up-{n}", key=str(n)) for n in (0, 1))
    parent = a_task("generate-proxy", provider_task_id="up-0,up-1", artifacts=pieces)
    config = {
        "mode": "continuation",
        "source": {"source_type": "song", "song_id": f"{parent.id}-1"},
    }
    params = {**PARAMS, "config": config}
    operation = "submit/music" if wraps else "generate-proxy"
    request = UDIO.submits.check(operation, {"gen_params": params} if wraps else params)
    assert request.parent == str(parent.id)
    account = an_account(UDIO, profile="task" if wraps else "songs")
    call = UDIO.submits.build_submit(
        sent_to(account, a_task(operation), request.body, parent=parent)
    )
    body = json.loads(call.body or b"")
    sent = body["gen_params"] if wraps else body
    assert sent["config"]["source"]["song_id"] == "up-1"


@pytest.mark.parametrize(
    ("input_", "field"),
    [
        ({**PARAMS, "prompt": ""}, "prompt"),
        ({**PARAMS, "lyrics_type": "other"}, "lyrics_type"),
        ({**PARAMS, "generation_quality": 2}, "generation_quality"),
        ({**PARAMS, "config": {"mode": "backwards"}}, "config.mode"),
    ],
)
def test_a_wrong_input_is_refused_by_its_field(input_: Any, field: str) -> None:
    assert refused_fields(UDIO.submits, "generate-proxy", input_) == [field]
    wrong = {"gen_params": input_}
    assert refused_fields(UDIO.submits, "submit/music", wrong) == [f"gen_params.{field}"]


def test_nothing_finds_a_lost_submit() -> None:
    for profile in ("songs", "task"):
        assert UDIO.submits.get_lookup_kind(an_account(UDIO, profile=profile)) is Finds.NEVER
    assert (UDIO.looks, UDIO.cancels, UDIO.calls_back) == (None, None, None)
    ours = UDIO.options.model_validate({"api_key": "k"})
    account = UDIO.make_account("default", ours)
    assert UDIO.submits.explain_unserved(account, "generate-proxy") is None
    assert isinstance(UDIO.submits.explain_unserved(account, "submit/music"), str)
    assert "udioapi.pro" in (UDIO.submits.explain_unserved(account, "api/v2/generate") or "")
