"""Creates whose answer was lost, against the emulated providers: found in their lists."""

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import CALLING, KINDS, POLLED, Caller
from tests.providers.support import a_task
from tracker.domain.events import Source
from tracker.domain.outcome import (
    NotSeen,
    Observed,
    Unknown,
)
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import Sending
from tracker.providers.registry import PROVIDERS

LOST = [
    ("error_created", True),
    ("html_error_created", True),
    ("cut_after_accept", True),
    ("error_lost", False),
    ("html_error", False),
    ("unavailable", False),
    ("cut_before_accept", False),
]
"""Scenarios, and whether they make the task."""


@pytest.mark.parametrize("name", CALLING)
@pytest.mark.parametrize(("scenario", "is_made"), LOST)
def test_a_create_whose_answer_was_lost_is_found_in_the_list(
    name: str, scenario: str, *, is_made: bool
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        task, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        found = await caller.search(task)
        assert sum(stage.emulator.creations().values()) == is_made
        assert isinstance(found, Observed if is_made else NotSeen)
        if isinstance(found, Observed):
            task = caller.seen(task, found.observation, Source.POLL)
            assert (await caller.polled_to_its_end(task)).state is TaskState.SUCCEEDED

    play()


@pytest.mark.parametrize("name", CALLING)
def test_a_lost_create_is_found_beyond_the_first_page(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play("error_created")
        task, _ = await caller.submit()
        caller.play("no_callback")
        submits = PROVIDERS[name].submits
        operation, input_ = (KINDS[name].operation, KINDS[name].input)
        body = submits.check(operation, input_).body
        for _ in range(105):
            other = a_task(operation)
            url = f"http://tracker.example/callbacks/p/{other.id}/token"
            sending = Sending(caller.account, other, body, None, url, caller.now)
            await caller.send(submits.build_submit(sending))
            await stage.advance(3)
        found = await caller.search(task)
        assert isinstance(found, Observed)

    play()


@pytest.mark.parametrize(
    ("name", "word"), [("luma", "echo_missing"), ("replicate", "webhook_hidden")]
)
def test_a_list_without_our_mark_proves_nothing(name: str, word: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(f"{word},error_created")
        task, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        assert isinstance(await caller.search(task), NotSeen)

    play()


@pytest.mark.parametrize("name", POLLED)
@pytest.mark.parametrize(("scenario", "is_made"), LOST)
def test_a_create_whose_answer_was_lost_stays_unknown(
    name: str, scenario: str, *, is_made: bool
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play(scenario)
        _, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        assert sum(stage.emulator.creations().values()) == is_made

    play()
