"""fal's adapter against its emulator: every model, every lie."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.emulator_contract import looked_at
from tests.providers.support import called_back
from tests.providers.test_fal import FAL, INPUTS
from tracker.domain.outcome import Absent, CancelAsked, Observed, TooLate
from tracker.domain.task import Task, TaskState


def _played(scenario: str, check: Any, input_: Mapping[str, Any] | None = None) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "fal")
        caller.play(scenario)
        await check(caller, await caller.made(input_=input_))

    play()


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("failed", "content_policy_violation"),
        ("silent_failure", "content_policy_violation"),
        ("model_broken", "internal_error"),
    ],
)
def test_completed_is_no_success(scenario: str, code: str) -> None:
    async def check(caller: Caller, task: Task) -> None:
        ended = await looked_at(caller, task)
        assert ended.state is TaskState.FAILED
        assert ended.error is not None
        assert (ended.error.code, ended.error.doubtful) == (code, scenario == "model_broken")

    _played(scenario, check)


def test_an_input_that_the_model_refuses_is_accepted_and_fails() -> None:
    async def check(caller: Caller, task: Task) -> None:
        for ended in (await looked_at(caller, task), caller.told(task)):
            assert ended.state is TaskState.FAILED
            assert ended.error is not None
            assert ended.error.message == "body, prompt: Field required"

    _played("ok", check, {"input": {"seed": 1}})


def test_a_result_that_is_gone_is_a_success_without_files() -> None:
    async def check(caller: Caller, task: Task) -> None:
        await caller.stage.advance(3)
        outcome = await caller.poll(task)
        assert isinstance(outcome, Observed)
        assert outcome.observation.state is TaskState.SUCCEEDED
        assert outcome.observation.artifacts == ()
        known = replace(task, state=TaskState.SUCCEEDED)
        assert isinstance(await caller.poll(known), Absent)

    _played("result_gone=0", check)


@pytest.mark.parametrize("scenario", ["ok", "cancelled_hidden"])
def test_a_cancelled_request_ends_as_cancelled_once_that_was_asked_for(scenario: str) -> None:
    async def check(caller: Caller, task: Task) -> None:
        task = caller.asked_to_cancel(task)
        assert isinstance(await caller.cancel(task), CancelAsked)
        outcome = await caller.poll(task)
        assert isinstance(outcome, Observed)
        assert outcome.observation.state is TaskState.CANCELLED

    _played(scenario, check)


def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    async def check(caller: Caller, task: Task) -> None:
        await caller.stage.advance(3)
        assert isinstance(await caller.cancel(task), TooLate)
        ended = await looked_at(caller, caller.asked_to_cancel(task))
        assert ended.state is TaskState.SUCCEEDED

    _played("ok", check)


@pytest.mark.parametrize("operation", INPUTS)
def test_fal_makes_every_model(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "fal")
        done = await looked_at(
            caller, await caller.made(operation, input_={"input": {"prompt": "rain"}})
        )
        assert done.state is TaskState.SUCCEEDED
        kind = "video" if "video" in operation else "image"
        assert [piece.kind for piece in done.artifacts] == [kind]
        assert [(one.amount, one.unit) for one in done.costs] == [("1.5", "billable units")]

    play()


def test_webhooks_of_two_keys_are_proved_by_what_the_source_publishes_then() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "fal")
        assert FAL.calls_back is not None
        scheme = FAL.calls_back.get_proof_scheme(caller.account)
        assert scheme is not None
        assert scheme.key_source is not None
        sets = []
        for scenario in ("ok", "rotated", "bad_signature", "stale_signature"):
            caller.play(scenario)
            await caller.made()
            await stage.advance(2)
            sets.append((await stage.http.get(scheme.key_source.url)).json()["keys"])
        now = datetime.now(UTC)
        old, new, wrong, stale = [
            called_back(one.content, dict(one.headers)) for one in stage.calls[:4]
        ]
        assert scheme.verify(old, now=now, keys=sets[0]).flaw is None
        assert scheme.verify(new, now=now, keys=sets[0]).awaits_keys
        for genuine in (old, new):
            assert scheme.verify(genuine, now=now, keys=sets[1]).flaw is None
        assert scheme.verify(wrong, now=now, keys=sets[1]).flaw
        assert scheme.verify(stale, now=now, keys=sets[1]).flaw

    play()
