"""Gateways of videos, against their emulator: bills, files, and verdicts that are taken back."""

from collections.abc import Mapping

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tracker.domain.cost import Phase
from tracker.domain.events import Source
from tracker.domain.exchange import HttpCall
from tracker.domain.outcome import Observed
from tracker.domain.task import FollowUp, Task, TaskState

FULL = "4000000"


async def _looked(caller: Caller, task: Task) -> Task:
    outcome = await caller.poll(task)
    assert isinstance(outcome, Observed)
    return caller.seen(task, outcome.observation, Source.POLL)


def _bill(task: Task) -> list[tuple[Phase, str]]:
    return [(one.phase, one.amount) for one in task.costs]


@pytest.mark.parametrize(
    ("lie", "entries"),
    [
        ("charged_failure", [(Phase.SETTLE, FULL)]),
        ("refund_late=60", [(Phase.SETTLE, FULL)]),
        ("failed", [(Phase.SETTLE, FULL), (Phase.REFUND, FULL)]),
        ("refund_twice", [(Phase.SETTLE, FULL), (Phase.REFUND, "8000000")]),
    ],
)
def test_what_a_failure_cost_is_told_as_the_gateway_bills_it(
    lie: str, entries: list[tuple[Phase, str]]
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "openai rows")
        caller.play(lie)
        task = await caller.made()
        await stage.advance(1)
        task = await _looked(caller, task)
        assert _bill(task) == [(Phase.RESERVE, FULL)]
        await stage.advance(1)
        failed = await _looked(caller, task)
        assert failed.state is TaskState.FAILED
        assert _bill(failed) == entries
        await stage.advance(60)
        later = await caller.poll(failed)
        assert isinstance(later, Observed)
        told = [(one.phase, one.amount) for one in later.observation.costs]
        assert told == ([*entries, (Phase.REFUND, FULL)] if "late" in lie else entries)

    play()


def test_two_charges_for_one_create_are_seen_and_nothing_is_sent_twice() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "openai rows")
        caller.play("two_upstreams")
        task = await caller.made()
        await stage.advance(2)
        assert _bill(await _looked(caller, task)) == [(Phase.SETTLE, "8000000")]
        assert sum(stage.emulator.count_creations().values()) == 1

    play()


@pytest.mark.parametrize("lie", ["sweep_timeout", "channel_removed", "no_reason", "false_failure"])
def test_a_doubted_failure_is_asked_about_until_the_success_replaces_it(lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "openai videos")
        caller.play(lie)
        task = await caller.made()
        await stage.advance(2)
        failed = await _looked(caller, task)
        assert (failed.state, failed.follow_up) == (TaskState.FAILED, FollowUp.DOUBTFUL)
        await stage.advance(1)
        assert (await _looked(caller, failed)).state is TaskState.SUCCEEDED

    play()


@pytest.mark.parametrize("lie", ["ok", "content_redirect"])
def test_the_content_is_fetched_with_the_key(lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "openai videos")
        caller.play(f"done_without_url=9,{lie}")
        task = await caller.made()
        await stage.advance(2)
        (piece,) = (await _looked(caller, task)).artifacts
        assert piece.needs_auth
        assert piece.url is not None
        headers = {"authorization": "Bearer wrong"}
        refused = await caller.send(HttpCall("GET", piece.url, headers))
        assert refused.status == 401
        given = caller.provider.results.credentials
        assert given is not None
        (own,) = given(caller.account).values()
        answer = await stage.http.get(piece.url, headers=dict(own))
        if lie == "ok":
            assert answer.content[4:8] == b"ftyp"
        else:
            assert answer.status_code == 302

    play()


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        ("videos/remix", {"id": "ours"}),
        ("videos/edits", {"video": {"id": "ours"}}),
        ("videos/extensions", {"video": "data:video/mp4;base64,aGVsbG8="}),
    ],
)
def test_a_change_makes_a_task_of_its_own(operation: str, named: Mapping[str, object]) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "openai videos")
        parent = await caller.made()
        input_ = {**named, "prompt": "it rains"}
        child = await caller.made(operation, input_=input_, parent=parent)
        assert child.provider_task_id != parent.provider_task_id
        assert (await caller.polled_to_its_end(child)).state is TaskState.SUCCEEDED

    play()


def test_what_the_upstream_lost_patience_with_is_a_doubted_failure() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "openai videos")
        caller.play("expires")
        task = await caller.polled_to_its_end(await caller.made())
        assert task.error is not None
        assert (task.provider_status, task.error.doubtful) == ("expired", True)

    play()


@pytest.mark.parametrize("scenario", ["failed", "failed,error_text", "failed,url_in_fail_reason"])
def test_a_reason_is_read_in_every_place(scenario: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "openai videos")
        caller.play(scenario)
        task = await caller.polled_to_its_end(await caller.made())
        assert task.error is not None
        assert "Something went wrong" in task.error.message
        assert not task.error.doubtful

    play()
