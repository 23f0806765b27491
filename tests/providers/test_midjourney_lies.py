"""The adapter of Midjourney proxies against each kind of proxy: every operation, every lie."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.midjourney_proxy import KINDS, OPEN, PICTURE, PROVIDER, ended, played
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Absent,
    Deferred,
    NotSeen,
    Observed,
    Refused,
    Unknown,
)
from tracker.domain.task import ArtifactState, TaskState

S = TaskState


@pytest.mark.parametrize("kind", KINDS)
def test_every_operation_ends_with_its_result(kind: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, kind)
        inputs: Mapping[str, Mapping[str, Any]] = {
            "imagine": {"prompt": "a cat", "state": "mine"},
            "blend": {"base64Array": [PICTURE, PICTURE]},
            "describe": {"base64": PICTURE},
            "shorten": {"prompt": "a long cat"},
            "edits": {"prompt": "a hat", "image": PICTURE},
            "edit": {"prompt": "a hat", "image": PICTURE},
            "retexture": {"prompt": "fur", "image": PICTURE},
            "show": {"jobId": "3fa85f64"},
            "video": {"prompt": "it walks", "batchSize": 2},
            "insight-face/swap": {"sourceBase64": PICTURE, "targetBase64": PICTURE},
        }
        for operation, input_ in inputs.items():
            if PROVIDER.submits.explain_unserved(proxy.account, operation) is not None:
                continue
            done = await ended(proxy, operation, input_)
            assert done.state is S.SUCCEEDED, operation
            kinds = {piece.kind for piece in done.artifacts}
            if operation in ("describe", "shorten"):
                assert kinds == {"text"}
            elif operation == "video" and kind == "trueai":
                assert [piece.kind for piece in done.artifacts] == ["video", "video"]
            elif operation != "video":  # a gateway's row has no field for it
                assert kinds == {"image"}

    play()


@pytest.mark.parametrize("kind", KINDS)
def test_follow_ups_continue_a_task(kind: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, kind)
        parent = await ended(proxy, "imagine", {"prompt": "a cat"})
        inputs: list[tuple[str, Mapping[str, Any]]] = [
            ("change", {"taskId": "ours", "action": "UPSCALE", "index": 1}),
            ("change", {"taskId": "ours", "action": "REROLL"}),
            ("simple-change", {"content": "ours V3"}),
            ("action", {"taskId": "ours", "customId": "MJ::JOB::upsample::1::x"}),
            ("video", {"taskId": "ours", "action": "extend", "index": 1}),
        ]
        for operation, input_ in inputs:
            if PROVIDER.submits.explain_unserved(proxy.account, operation) is None:
                done = await ended(proxy, operation, input_, parent=parent)
                assert done.state is S.SUCCEEDED
        gone = replace(parent, provider_task_id="1")
        _, outcome = await proxy.submit("change", inputs[0][1], gone)
        assert isinstance(outcome, Refused)
        assert not outcome.blames_account

    play()


@pytest.mark.parametrize("kind", OPEN)
def test_callbacks_tell_status_and_percent(kind: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, kind)
        task = await proxy.made()
        await stage.advance(3)
        words = [(body["status"], body["progress"]) for body in stage.bodies]
        assert words[0] == ("SUBMITTED", "0%")
        assert words[-1] == ("SUCCESS", "100%")
        assert len(words) >= 6
        assert {body["state"] for body in stage.bodies} == {task.external_task_id}
        assert proxy.told(task).state is S.SUCCEEDED

    play()


def test_a_gateway_strips_the_callback_and_shows_our_mark_late() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "new-api")
        task = await proxy.made()
        outcome = await proxy.poll(task)
        assert isinstance(outcome, Observed)
        assert (outcome.observation.state, outcome.observation.word) == (S.SUBMITTED, "")
        assert (await proxy.polled_to_its_end(task)).state is S.SUCCEEDED
        assert stage.bodies == []

    play()


TRUE_LIES = ("echoes", "falling", "number_id", "rewritten_image", "duplicated", "reordered")
SILENT_LIES = ("silent", "final_only", "queued", "unknown_word", "instant", "delayed=1")
EARLY_LIES = ("callback_first",)
QUERY_LIES = ("mute_query=2", "rate_limited_query=2", "html_query=2", "html_ok=2", "denied=2")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lie", [*TRUE_LIES, *SILENT_LIES, *EARLY_LIES, *QUERY_LIES])
def test_a_lie_about_a_task_does_not_hide_its_result(kind: str, lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, kind, lie)
        task = await proxy.made()
        done = await proxy.polled_to_its_end(task)
        assert done.state is S.SUCCEEDED
        assert {piece.state for piece in done.artifacts} == {ArtifactState.READY}
        assert proxy.told(done).version == done.version
        assert proxy.told(task).state is not S.FAILED

    play()


@pytest.mark.parametrize(
    ("scenario", "state", "word"),
    [
        ("never_starts", S.SUBMITTED, "NOT_START"),
        ("stuck_85", S.RUNNING, "IN_PROGRESS"),
        ("gateway_deaf", S.RUNNING, "IN_PROGRESS"),
        ("stuck", S.RUNNING, "IN_PROGRESS"),
    ],
)
def test_a_task_that_stands_still_is_never_ended_by_us(
    scenario: str, state: TaskState, word: str
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "trueai", scenario)
        task = await proxy.polled_to_its_end(await proxy.made("describe", input_={"base64": "x"}))
        await stage.advance(24 * 3600)
        outcome = await proxy.poll(task)
        assert isinstance(outcome, Observed)
        assert (outcome.observation.state, outcome.observation.word) == (state, word)
        assert proxy.told(task).state is state

    play()


def test_what_stands_at_its_end_with_a_reason_has_failed_at_the_second_look() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "new-api", "dead_corner")
        tasks = [await proxy.made(), await proxy.made()]
        await stage.advance(3)
        first = await proxy.polled_together(tasks)
        assert [one.observation.state for one in first] == [S.RUNNING] * 2
        seen = [
            proxy.seen(task, one.observation, Source.POLL)
            for task, one in zip(tasks, first, strict=True)
        ]
        again = await proxy.polled_together(seen)
        assert [one.observation.state for one in again] == [S.FAILED] * 2
        done = proxy.seen(seen[0], again[0].observation, Source.POLL)
        assert done.error is not None
        assert (done.error.message, done.error.doubtful) == ("构图失败", True)

    play()


@pytest.mark.parametrize("kind", OPEN)
def test_a_false_timeout_is_taken_back_by_the_picture(kind: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, kind, "false_timeout")
        task = await proxy.made()
        await stage.advance(3)
        assert [body["failReason"] for body in stage.bodies] == ["任务超时"]
        failed = proxy.told(task)
        assert failed.state is S.FAILED
        outcome = await proxy.poll(failed)
        assert isinstance(outcome, Observed)
        assert proxy.seen(failed, outcome.observation, Source.POLL).state is S.SUCCEEDED

    play()


@pytest.mark.parametrize(
    ("scenario", "state"), [("lost_finish", S.FAILED), ("late_overwrite", S.SUCCEEDED)]
)
def test_a_timeout_never_takes_a_success_back(scenario: str, state: TaskState) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "novicezk", scenario)
        task = await proxy.made()
        done = await proxy.polled_to_its_end(task)
        await stage.advance(3)
        done = proxy.told(done)
        assert done.state is state
        if done.error is not None:
            assert done.error.doubtful

    play()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scenario", ["forgotten=0", "restarted=0"])
def test_a_ghost_is_absent_and_never_a_failure(kind: str, scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, kind, scenario)
        tasks = [await proxy.made(), await proxy.made()]
        for outcome in [await proxy.poll(tasks[0]), *await proxy.polled_together(tasks)]:
            assert isinstance(outcome, Absent)
            assert outcome.weak

    play()


@pytest.mark.parametrize(
    ("kind", "scenario", "outcome_type", "is_made"),
    [
        ("novicezk", "queue_full", Deferred, False),
        ("trueai", "queue_full", Deferred, False),
        ("novicezk", "banned", Refused, False),
        ("new-api", "banned", Refused, False),
        ("novicezk", "no_account", Deferred, False),
        ("trueai", "limit=concurrent", Deferred, False),
        ("trueai", "limit=queue", Deferred, False),
        ("new-api", "saturated", Deferred, False),
        ("new-api", "quota", Refused, False),
        ("trueai", "rate_limited", Deferred, False),
        ("new-api", "rate_limited", Deferred, False),
        ("trueai", "busy", Deferred, False),
        ("novicezk", "code_9=made", Unknown, True),
        ("novicezk", "code_9=lost", Unknown, False),
        ("trueai", "exception=made", Unknown, True),
        ("trueai", "exception=lost", Unknown, False),
        ("trueai", "empty_answer=made", Unknown, True),
        ("new-api", "empty_answer=lost", Unknown, False),
        ("new-api", "gateway_error=do_request_failed", Unknown, True),
        ("new-api", "gateway_error=read_response_body_failed", Unknown, True),
        ("new-api", "gateway_error=unmarshal_response_body_failed", Unknown, True),
        ("new-api", "gateway_error=insert_midjourney_task_failed", Unknown, True),
        ("new-api", "gateway_error=empty_response_body", Unknown, True),
        ("new-api", "error_created", Unknown, True),
        ("new-api", "html_error", Unknown, False),
        ("trueai", "cut_after_accept", Unknown, True),
    ],
)
def test_a_create_says_what_it_proves_and_no_more(
    kind: str, scenario: str, outcome_type: type, *, is_made: bool
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, kind, scenario)
        task, outcome = await proxy.submit()
        assert type(outcome) is outcome_type
        assert sum(stage.emulator.count_creations().values()) == is_made
        if isinstance(outcome, Refused):
            assert outcome.blames_account is (scenario == "quota")
        if isinstance(outcome, Unknown) and kind in OPEN:
            proxy.play("ok")
            found = await proxy.search(task)
            assert isinstance(found, Observed if is_made else NotSeen)

    play()


@pytest.mark.parametrize("kind", OPEN)
def test_a_lost_create_is_found_among_those_of_others(kind: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, kind, "cut_after_accept")
        task, outcome = await proxy.submit()
        assert isinstance(outcome, Unknown)
        proxy.play("ok")
        for _ in range(90):
            await proxy.made()
            await stage.advance(0.2)
        found = await proxy.search(task)
        assert isinstance(found, Observed)
        task = proxy.seen(task, found.observation, Source.POLL)
        assert (await proxy.polled_to_its_end(task)).state is S.SUCCEEDED

    play()


def test_the_newest_hundred_of_all_prove_nothing_about_an_older_one() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "trueai", "cut_after_accept")
        task, _ = await proxy.submit()
        proxy.play("ok")
        for _ in range(105):
            await proxy.made()
            await stage.advance(1)
        assert isinstance(await proxy.search(task), NotSeen)

    play()
