"""Creates whose answer was lost, against the emulated providers: found in their lists."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import CALLBACK_URL, Caller
from tests.providers.emulator_contract import LOST
from tests.providers.kinds import CALLING, KINDS
from tests.providers.provider_contract import BEFORE
from tests.providers.support import HTML, a_task
from tracker.domain.events import Source
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import (
    Alike,
    NotSeen,
    Observed,
    Unanswered,
    Unknown,
)
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import Sending
from tracker.providers.ports.listing import ListRequest
from tracker.providers.registry import PROVIDERS


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
        assert sum(stage.emulator.count_creations().values()) == is_made
        assert isinstance(found, Observed if is_made else NotSeen)
        if isinstance(found, Observed):
            task = caller.seen(task, found.observation, Source.POLL)
            assert (await caller.polled_to_its_end(task)).state is TaskState.SUCCEEDED

    play()


@pytest.mark.parametrize(("name", "is_decisive"), [("fal", True), ("wan", False)])
def test_a_list_without_a_mark_shows_what_is_like_a_lost_create(
    name: str, *, is_decisive: bool
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        await caller.made(input_=ANOTHER[name])
        await stage.advance(3600)
        task, _ = await caller.submit()
        assert isinstance(await caller.search(task, ANOTHER[name]), NotSeen)
        caller.play("error_created")
        for count in (1, 2):
            lost, outcome = await caller.submit(input_=ANOTHER[name])
            assert isinstance(outcome, Unknown)
            found = await caller.search(lost, ANOTHER[name])
            assert isinstance(found, Alike)
            assert (len(found.found), found.is_decisive) == (count, is_decisive)
            known = replace(lost, provider_task_id=found.found[0].provider_task_id)
        known = replace(known, state=TaskState.SUBMITTED)
        assert (await caller.polled_to_its_end(known)).state is TaskState.SUCCEEDED

    play()


ANOTHER: Mapping[str, Mapping[str, Any]] = {
    "fal": {"input": {"prompt": "a dog", "seed": 7}},
    "wan": {"model": "wan2.5-t2v-preview", "input": {"prompt": "a dog"}},
}


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


@pytest.mark.parametrize("name", ["luma", "replicate", "ark", "vidu"])
def test_a_list_tells_a_restored_database_what_it_lacks(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        before, _ = await caller.submit()
        await stage.advance(3600)
        restored_to = caller.now
        caller.play("error_created")
        lost, _ = await caller.submit()
        (one,) = await caller.listed(restored_to)
        assert name != "vidu" or one.external_task_id == lost.external_task_id
        assert name not in CALLING or one.callback_url == CALLBACK_URL
        adopted = replace(a_task(one.operation), provider_task_id=one.provider_task_id)
        adopted = replace(adopted, state=TaskState.SUBMITTED)
        assert (await caller.polled_to_its_end(adopted)).state is TaskState.SUCCEEDED
        assert one.operation in caller.provider.submits.operations or "/" in one.operation
        assert before.id != lost.id

    play()


@pytest.mark.parametrize("name", ["luma", "replicate", "ark", "vidu"])
def test_a_list_that_does_not_come_is_no_end(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        lists = caller.provider.lists
        assert lists is not None
        request = ListRequest(caller.account, caller.now, caller.now)
        for answer in (BEFORE, HTML, HttpResult(500, {}, b"{}"), HttpResult(200, {}, b"{}")):
            assert isinstance(lists.parse_list(request, answer), Unanswered)

    play()
