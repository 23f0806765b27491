"""Suno's adapter against each kind of upstream: every operation, every lie."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import inbound_of
from tests.providers.suno_answers import OF_TASK, SONG, UPLOADED
from tests.providers.suno_caller import PROFILES, SUNO, Upstream, playable, sounds
from tracker.domain.cost import Phase
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Absent,
    Accepted,
    Observed,
    Unanswered,
)
from tracker.domain.task import FollowUp, TaskState
from tracker.emulator import EmulatorConfig
from tracker.providers.ports.callbacks import Hint, Inbound, Scheme

S = TaskState
CALLING = ("sunoapi", "kie")
SIGNED = EmulatorConfig(manual_clock=True, webhook_secret="whsec_c2VjcmV0")


OPERATIONS: Sequence[tuple[str, str, Mapping[str, Any], str]] = (
    ("gateway", "submit/music", {"gpt_description_prompt": "rain"}, "audio"),
    ("gateway", "submit/lyrics", {"prompt": "rain"}, "text"),
    ("gateway", "submit/concat", {"clip_id": "c1"}, "audio"),
    ("gateway", "uploads/audio-url", {"url": "https://files.example/a.mp3"}, "audio"),
    ("raw", "raw/description-mode", {"gpt_description_prompt": "rain"}, "audio"),
    ("raw", "raw/lyrics", {"prompt": "rain"}, "text"),
    ("gcui", "gcui/generate", {"prompt": "rain"}, "audio"),
    ("gcui", "gcui/extend_audio", {"audio_id": "a1", "continue_at": 30}, "audio"),
    ("gcui", "gcui/concat", {"clip_id": "c1"}, "audio"),
    ("gcui", "gcui/generate_stems", {"audio_id": "a1"}, "audio"),
    ("sunoapi", "generate/upload-cover", SONG | UPLOADED, "audio"),
    ("sunoapi", "lyrics", {"prompt": "rain"}, "text"),
    ("sunoapi", "wav/generate", OF_TASK, "audio"),
    ("kie", "mp4/generate", OF_TASK, "video"),
    ("kie", "vocal-removal/generate", OF_TASK, "audio"),
    ("kie", "midi/generate", {"taskId": "t"}, "file"),
    ("sunoapi", "suno/cover/generate", {"taskId": "t"}, "image"),
    ("kie", "voice/generate", {"voice": "x"}, "audio"),
)


@pytest.mark.parametrize(("profile", "operation", "input_", "kind"), OPERATIONS)
def test_every_operation_comes_to_its_result(
    profile: str, operation: str, input_: Mapping[str, Any], kind: str
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        parent = None
        if "taskId" in input_:
            parent = await caller.polled_to_its_end(await caller.made())
            song = f"{parent.id}-0"
            input_with_ours = {"taskId": str(parent.id), "audioId": song}
            given = {**input_, **{k: v for k, v in input_with_ours.items() if k in input_}}
        else:
            given = dict(input_)
        task = await caller.made(operation, input_=given, parent=parent)
        done = await caller.polled_to_its_end(task)
        assert done.state is S.SUCCEEDED
        assert kind in [piece.kind for piece in done.artifacts]
        assert done.follow_up is None
        if profile in CALLING:
            assert caller.told(task).state is S.SUCCEEDED

    play()


@pytest.mark.parametrize("operation", ["generate/generate-persona", "style/generate"])
def test_calls_that_make_no_task_end_at_once(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        input_ = {**OF_TASK, "name": "x", "description": "y", "content": "rock"}
        _, outcome = await Upstream(stage, profile="sunoapi").submit(operation, input_)
        assert isinstance(outcome, Accepted)
        assert outcome.said is not None
        assert outcome.said.state is S.SUCCEEDED

    play()


@pytest.mark.parametrize("profile", PROFILES)
def test_songs_can_be_heard_before_the_end_one_after_the_other(profile: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        task, seen = await Upstream(stage, profile=profile).seen_at_each_half()
        assert seen == [[], ["ready", "preview"], ["ready", "ready"]]
        assert task.state is S.SUCCEEDED
        assert len(playable(task)) == 2

    play()


QUERY_LIES = (
    *("mute_query=2", "rate_limited_query=2", "html_query=2", "html_ok=2", "denied=2"),
    *("resigned", "none_mp3=2"),
)
LIES = {
    "gateway": ("camel", "clips_only", "number_id", "unknown_word", "frozen"),
    "raw": ("frozen",),
    "sunoapi": ("success_flag=word", "success_flag=number", "callback_exception", "unknown_word"),
    "kie": ("callback_exception",),
    "gcui": ("wait_audio_short",),
}


@pytest.mark.parametrize(
    ("profile", "lie"),
    [(profile, lie) for profile in PROFILES for lie in (*QUERY_LIES, *LIES[profile])],
)
def test_a_lie_about_a_task_does_not_hide_its_songs(profile: str, lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        caller.play(lie)
        task = await caller.made()
        done = await caller.polled_to_its_end(task, looks=16)
        assert done.state is S.SUCCEEDED
        for _ in range(4):  # a success without a sound is asked about on
            if done.follow_up is not FollowUp.NO_RESULT:
                break
            outcome = await caller.poll(done)
            assert isinstance(outcome, Observed)
            done = caller.seen(done, outcome.observation, Source.POLL)
        assert len(playable(done)) == 2
        assert set(sounds(done)) == {"ready"}

    play()


@pytest.mark.parametrize("profile", ["gateway", "raw", "gcui"])
def test_one_of_two_songs_is_a_result(profile: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        caller.play("pair_fail")
        done = await caller.polled_to_its_end(await caller.made())
        assert (done.state, done.follow_up) == (S.SUCCEEDED, None)
        assert sounds(done) == ["ready", "failed"]
        assert done.message
        assert len(playable(done)) == 1

    play()


@pytest.mark.parametrize("profile", ["gateway", "raw", "gcui"])
def test_a_time_out_does_not_take_the_songs_away(profile: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        caller.play("timeout_lie")
        done = await caller.polled_to_its_end(await caller.made())
        assert done.state is S.SUCCEEDED
        assert len(playable(done)) == 2

    play()


@pytest.mark.parametrize("profile", PROFILES)
def test_songs_that_stream_for_ever_are_no_end(profile: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        caller.play("streaming_forever")
        task = await caller.polled_to_its_end(await caller.made(), looks=20)
        assert task.state is S.RUNNING
        assert playable(task)
        assert "ready" not in sounds(task)

    play()


@pytest.mark.parametrize("lie", ["data_null", "omit_ids"])
def test_a_list_that_leaves_out_is_no_denial(lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage)
        caller.play(lie)
        tasks = [await caller.made() for _ in range(2)]
        await stage.advance(4)
        for outcome in await caller.polled_together(tasks):
            assert isinstance(outcome, Unanswered)
            assert outcome.alone
        done = await caller.poll(tasks[1])
        assert isinstance(done, Observed)
        assert done.observation.state is S.SUCCEEDED

    play()


@pytest.mark.parametrize("profile", ["gateway", "raw", "gcui"])
def test_many_tasks_are_asked_for_in_one_call(profile: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        tasks = [await caller.made() for _ in range(3)]
        await stage.advance(4)
        outcomes = await caller.polled_together(tasks)
        states = [one.observation.state for one in outcomes if isinstance(one, Observed)]
        assert states == [S.SUCCEEDED] * 3
        ids = [one.observation.artifacts[0].id for one in outcomes if isinstance(one, Observed)]
        assert len(set(ids)) == 3

    play()


@pytest.mark.parametrize(
    ("form", "kind"), [("400", Absent), ("404", Absent), ("unknown", Unanswered)]
)
def test_an_id_that_a_gateway_does_not_know(form: str, kind: type) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage)
        task = await caller.made()
        caller.play(f"not_found={form}")
        outcome = await caller.poll(replace(task, provider_task_id="nobody"))
        assert type(outcome) is kind

    play()


@pytest.mark.parametrize(
    ("lie", "back"), [("failed", "150000"), ("failed,double_refund", "300000")]
)
def test_a_failure_gives_the_quota_back_once_or_twice(lie: str, back: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage)
        caller.play(lie)
        task = await caller.made()
        first = await caller.poll(task)
        assert isinstance(first, Observed)
        assert [cost.phase for cost in first.observation.costs] == [Phase.RESERVE]
        done = await caller.polled_to_its_end(task)
        assert done.state is S.FAILED
        told = [(cost.phase, cost.amount) for cost in done.costs]
        assert told == [(Phase.SETTLE, "150000"), (Phase.REFUND, back)]

    play()


@pytest.mark.parametrize("lie", ["ok", "duplicated", "reordered", "final_only", "callback_first"])
@pytest.mark.parametrize("profile", CALLING)
def test_stages_may_skip_repeat_and_come_in_any_order(profile: str, lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        caller.play(lie)
        task = await caller.made()
        await stage.advance(5)
        done = caller.told(task)
        assert done.state is S.SUCCEEDED
        assert len(playable(done)) == 2

    play()


async def _signed(stage: Scene, lie: str) -> tuple[Upstream, Scheme]:
    """Make a task of an account with a secret, and have its callbacks come."""
    caller = Upstream(stage, profile="kie", secrets=(SIGNED.webhook_secret or "",))
    caller.play(lie)
    await caller.made()
    await stage.advance(2)
    assert SUNO.calls_back is not None
    scheme = SUNO.calls_back.get_proof_scheme(caller.account)
    assert scheme is not None
    return caller, scheme


def test_a_signed_callback_may_lie_all_the_same() -> None:
    @play_in(Scene, config=SIGNED)
    async def play(stage: Scene) -> None:
        caller, scheme = await _signed(stage, "sign_not_body")
        lie = next(one for one in stage.calls if b'"error"' in one.content)
        inbound = Inbound("POST", "/x", "", dict(lie.headers), lie.content)
        stamp = int(lie.headers["x-webhook-timestamp"])
        proof = scheme.verify(inbound, now=caller.now.fromtimestamp(stamp, tz=caller.now.tzinfo))
        assert (proof.flaw, proof.covers_body) == (None, False)

    play()


def test_a_callback_without_its_signature_is_told_apart() -> None:
    @play_in(Scene, config=SIGNED)
    async def play(stage: Scene) -> None:
        caller, scheme = await _signed(stage, "unsigned")
        assert stage.calls
        flaws = [scheme.verify(inbound_of(one), now=caller.now).flaw for one in stage.calls]
        assert all(flaws)

    play()


def test_a_create_that_is_held_until_the_end_is_accepted_once() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage)
        caller.play("blocked_submit")
        call = caller.made("submit/lyrics", input_={"prompt": "rain"})
        task = await stage.while_time_passes(call)
        assert (await caller.polled_to_its_end(task)).state is S.SUCCEEDED
        assert list(stage.emulator.count_creations().values()) == [1]

    play()


@pytest.mark.parametrize("profile", PROFILES)
def test_an_account_is_tried_by_one_harmless_query(profile: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        assert SUNO.probes is not None
        good = caller.account
        key = {"api_key": "wrong", "profile": profile, "base_url": good.base_url}
        bad = SUNO.make_account("default", SUNO.options.model_validate(key))
        levels = []
        for account in (good, bad):
            call = SUNO.probes.build_probe(account, now=caller.now)
            probed = SUNO.probes.parse_probe(account, await caller.send(call))
            levels.append(probed.level)
        assert levels == ["ok", "ok" if profile == "gcui" else "error"]
        assert stage.emulator.count_creations() == {}

    play()


def test_a_hook_of_a_gateway_is_a_hint() -> None:
    assert SUNO.calls_back is not None
    body = b'{"task_id": "t1", "status": "SUCCESS"}'
    (said,) = SUNO.calls_back.parse_callback(Inbound("POST", "/x", "", {}, body))
    assert isinstance(said, Hint)
