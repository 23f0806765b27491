"""Vidu's adapter against its emulator: lost creates, cancellations, every operation."""

from dataclasses import replace

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller, inbound_of
from tests.providers.test_vidu import VIDU_INPUTS
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Absence,
    Absent,
    Accepted,
    CancelAsked,
    Observed,
    TooLate,
    Unanswered,
    Unknown,
)
from tracker.domain.task import Task, TaskState
from tracker.providers.vidu.inputs import AT_ONCE, KINDS

FLAW = "no signature fits"


async def lost(caller: Caller, scenario: str) -> Task:
    """Make a create whose answer is lost."""
    caller.play(scenario)
    task, outcome = await caller.submit()
    assert isinstance(outcome, Unknown)
    return replace(task, created_at=caller.now, updated_at=caller.now)


@pytest.mark.parametrize("scenario", ["error_created", "html_error_created", "cut_after_accept"])
@pytest.mark.parametrize("others", [0, 12])
def test_a_create_that_made_its_task_is_found(scenario: str, others: int) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "vidu")
        task = await lost(caller, scenario)
        caller.play("no_callback")
        for _ in range(others):
            await caller.made()
        caller.play("small_pages,no_callback")
        found = await caller.poll(task)
        assert isinstance(found, Observed)
        task = caller.seen(task, found.observation, Source.POLL)
        assert (await caller.polled_to_its_end(task)).state is TaskState.SUCCEEDED
        assert set(stage.emulator.count_creations().values()) == {1}

    play()


@pytest.mark.parametrize("scenario", ["error_lost", "html_error", "unavailable"])
def test_a_create_that_made_nothing_is_denied_and_made_once(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "vidu")
        task = await lost(caller, f"{scenario}=1")
        caller.play("small_pages,no_callback")
        for _ in range(12):
            await caller.made()
        early = await caller.poll(task)
        assert isinstance(early, Absent)
        assert early.kind is Absence.NOT_YET
        await stage.advance(31)
        late = await caller.poll(task)
        assert isinstance(late, Absent)
        assert late.kind is Absence.DENIED
        _, outcome = await caller.submit(again=task)
        assert isinstance(outcome, Accepted)
        assert set(stage.emulator.count_creations().values()) == {1}

    play()


@pytest.mark.parametrize("scenario", ["error_created,payload_hidden", "error_created,lagging=20"])
def test_a_list_that_hides_a_task_does_not_deny_it(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "vidu")
        task = await lost(caller, scenario)
        first = await caller.poll(task)
        assert not isinstance(first, Absent) or first.kind is Absence.NOT_YET
        await stage.advance(31)
        second = await caller.poll(task)
        assert isinstance(second, Unanswered if "hidden" in scenario else Observed)

    play()


def test_a_list_with_more_pages_than_a_look_reads_denies_nothing() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "vidu")
        task = await lost(caller, "error_lost=1")
        caller.play("small_pages,no_callback")
        for _ in range(45):
            await caller.made()
            await stage.advance(3)
        assert not isinstance(await caller.poll(task), Absent | Observed)

    play()


@pytest.mark.parametrize(
    ("scenario", "waits_s", "answer", "state"),
    [
        ("off_peak", 0, CancelAsked, TaskState.FAILED),
        ("ok", 0, CancelAsked, TaskState.FAILED),
        ("ok", 1, TooLate, TaskState.SUCCEEDED),
        ("cancel_lost", 0, CancelAsked, TaskState.SUCCEEDED),
    ],
)
def test_what_has_not_begun_is_cancelled(
    scenario: str, waits_s: int, answer: type, state: TaskState
) -> None:
    """Vidu has no published word for a cancelled task: it ends as failed."""

    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "vidu")
        caller.play(scenario)
        task = caller.asked_to_cancel(await caller.made())
        await stage.advance(waits_s)
        assert type(await caller.cancel(task)) is answer
        assert (await caller.polled_to_its_end(task)).state is state

    play()


@pytest.mark.parametrize("operation", VIDU_INPUTS.keys() - AT_ONCE)
def test_vidu_makes_every_operation(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "vidu")
        task = await caller.made(operation, input_=VIDU_INPUTS[operation])
        done = await caller.polled_to_its_end(task)
        kind = KINDS.get(operation, "video")
        made, cover, branded = [(one.kind, one.key) for one in done.artifacts]
        assert (made, cover) == ((kind, "0"), ("image", "cover/0"))
        assert branded == ("video", "watermarked/0")
        assert [(one.unit, one.amount) for one in done.costs][-1][0] == "credits"

    play()


@pytest.mark.parametrize("scenario", ["sound_queued", "sound_queued,empty_creations=2"])
def test_speech_that_takes_longer_is_asked_for(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "vidu")
        caller.play(scenario)
        task = await caller.made("audio-tts", input_=VIDU_INPUTS["audio-tts"])
        done = await caller.polled_to_its_end(task)
        assert done.artifacts[0].kind == "audio"
        assert stage.calls == []

    play()


@pytest.mark.parametrize("scenario", ["ok", "duplicated=2", "reordered", "late_processing"])
def test_vidu_calls_back_with_a_signature_of_the_key(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "vidu")
        caller.play(scenario)
        task = await caller.made()
        await stage.advance(3)
        assert caller.told(task).state is TaskState.SUCCEEDED
        assert {said.headers["x-hmac-access-key"] for said in stage.calls} == {"vidu"}

    play()


@pytest.mark.parametrize(("scenario", "flaw"), [("body_altered", None), ("prefix_stripped", FLAW)])
def test_what_a_callback_says_is_asked_for_and_never_believed(
    scenario: str, flaw: str | None
) -> None:
    """The signature covers the request line and not the body, which says a failure here."""

    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "vidu")
        caller.play(scenario)
        task = await caller.made()
        await stage.advance(3)
        scheme = caller.provider.calls_back and caller.provider.calls_back.get_proof_scheme(
            caller.account
        )
        assert scheme
        for call in stage.calls:
            proof = scheme.verify(inbound_of(call), now=caller.now)
            assert (proof.flaw, proof.covers_body) == (flaw, False)
        assert (await caller.polled_to_its_end(task)).state is TaskState.SUCCEEDED

    play()
