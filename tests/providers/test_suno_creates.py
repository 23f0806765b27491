"""Suno's creates that fail, in each kind of upstream: what their answers prove."""

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.suno_caller import PROFILES, Upstream
from tracker.domain.outcome import (
    Deferred,
    Refused,
    Unknown,
)
from tracker.domain.task import TaskState

S = TaskState


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("lie", ["error_created", "html_error_created", "error_lost", "html_error"])
def test_a_create_of_unknown_outcome_proves_nothing(profile: str, lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        caller.play(lie)
        _, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        assert sum(stage.emulator.creations().values()) == ("created" in lie)

    play()


def test_a_gateway_may_make_two_songs_of_one_create_and_tells_of_one() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage)
        caller.play("two_jobs")
        done = await caller.polled_to_its_end(await caller.made())
        assert done.state is S.SUCCEEDED
        assert sum(stage.emulator.creations().values()) == 2

    play()


@pytest.mark.parametrize(
    ("profile", "scenario", "kind", "blames"),
    [
        ("gateway", "refused", Refused, False),
        ("gateway", "busy", Deferred, False),
        ("gateway", "rate_limited", Deferred, False),
        ("gateway", "unavailable", Unknown, False),
        ("sunoapi", "code_in_200=429", Refused, True),
        ("kie", "code_in_200=429", Deferred, False),
        ("kie", "code_in_200=402", Refused, True),
        ("sunoapi", "code_in_200=455", Deferred, False),
        ("sunoapi", "code_in_200=500", Unknown, False),
        ("sunoapi", "rate_limited", Deferred, False),
        ("kie", "busy", Deferred, False),
        ("sunoapi", "refused", Refused, False),
        ("gcui", "busy", Unknown, False),
        ("gcui", "unavailable", Unknown, False),
    ],
)
def test_a_create_that_makes_nothing_says_whose_fault_it_is(
    profile: str, scenario: str, kind: type, *, blames: bool
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        caller.play(scenario)
        _, outcome = await caller.submit()
        assert type(outcome) is kind, outcome
        assert stage.emulator.creations() == {}
        if isinstance(outcome, Refused):
            assert outcome.blames_account is blames

    play()
