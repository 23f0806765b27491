"""Domo's bot behind its unofficial wrapper. What was recorded: test_domo.py."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.scene import HOOK, Scene, play_in
from tests.providers.caller import Caller
from tests.providers.provider_contract import PollContract, ProbeContract, SubmitContract
from tests.providers.support import (
    a_task,
    an_account,
    asked_of,
    called_back,
    refused_fields,
    sent_to,
)
from tracker.domain.errors import Misuse
from tracker.domain.outcome import Absent, Deferred, Observed, Refused, Unknown
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import Finds
from tracker.providers.ports.callbacks import Hint
from tracker.providers.registry import PROVIDERS

DOMO = PROVIDERS["domo"]
BOT: Mapping[str, Any] = {"profile": "discord"}
PICTURE = "data:image/png;base64,aGVsbG8="
FILM = "data:video/mp4;base64,AAAA"
INPUTS: Mapping[str, Mapping[str, Any]] = {
    "gen": {"prompt": "rain", "mode": "relax"},
    "real": {"image": PICTURE},
    "animate": {"image": PICTURE, "length": "3s", "intensity": "low"},
    "video": {
        "video": FILM,
        "model": "ANIME_V6",
        "refer_mode": "VIDEO_MORE",
        "length": "5s",
        "prompt": "rain",
        "subject_only": True,
    },
    "move": {"image": PICTURE, "video": FILM, "model": "M", "length": "3s", "prompt": "rain"},
}


class TestBot(SubmitContract, PollContract, ProbeContract):
    provider = DOMO
    options = BOT
    inputs = INPUTS


@pytest.mark.parametrize(
    ("operation", "changes", "field"),
    [
        ("gen", {"prompt": None}, "prompt"),
        ("gen", {"mode": "slow"}, "mode"),
        ("real", {"image": "https://pictures.example/a.png"}, "image"),
        ("animate", {"length": "4s"}, "length"),
        ("video", {"refer_mode": "MORE"}, "refer_mode"),
    ],
)
def test_a_field_that_would_be_refused_is_named(
    operation: str, changes: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(DOMO.submits, operation, {**INPUTS[operation], **changes}) == [field]


@pytest.mark.parametrize("operation", list(INPUTS))
def test_each_command_makes_a_task_by_a_form(operation: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo by its bot")
        task = await caller.made(operation, input_=INPUTS[operation])
        done = await caller.polled_to_its_end(task)
        assert done.state is TaskState.SUCCEEDED
        kinds = {piece.kind for piece in done.artifacts}
        assert kinds == ({"image"} if operation in ("gen", "real") else {"video"})
        assert stage.calls == []

    play()


@pytest.mark.parametrize("name", ["upscale", "vary"])
def test_a_follow_up_names_a_task_of_ours_and_sends_the_wrappers_id(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo by its bot")
        first = await caller.made()
        input_ = {"task_id": "ours", "index": 2}
        assert DOMO.submits.check(name, input_).parent == "ours"
        task = await caller.made(name, input_=input_, parent=first)
        assert (await caller.polled_to_its_end(task)).state is TaskState.SUCCEEDED
        unnamed = replace(first, provider_task_id=None)
        with pytest.raises(Misuse):
            DOMO.submits.build_submit(sent_to(caller.account, task, input_, parent=unnamed))

    play()


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("success_false", Unknown),
        ("error_created", Unknown),
        ("refused", Refused),
        ("rate_limited", Deferred),
    ],
)
def test_a_create_proves_what_its_answer_proves(scenario: str, kind: type) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo by its bot")
        caller.play(scenario)
        _, outcome = await caller.submit()
        assert type(outcome) is kind

    play()


def test_a_failure_is_silence_and_a_task_that_was_forgotten_is_no_verdict() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo by its bot")
        caller.play("failed")
        task = await caller.made()
        await stage.advance(3600)
        outcome = await caller.poll(task)
        assert isinstance(outcome, Observed)
        assert (outcome.observation.state, outcome.observation.word) == (
            TaskState.RUNNING,
            "RUNNING",
        )
        caller.play("forgotten")
        absent = await caller.poll(await caller.made())
        assert isinstance(absent, Absent)
        assert absent.weak

    play()


def test_nothing_is_found_called_back_or_asked_for_without_an_address() -> None:
    account = an_account(DOMO, **BOT)
    assert DOMO.calls_back is not None
    assert DOMO.polls is not None
    assert DOMO.submits.get_lookup_kind(account) is Finds.NEVER
    assert not DOMO.calls_back.has_callbacks(account)
    assert DOMO.submits.explain_unserved(account, "video/text2video") is not None
    assert DOMO.submits.explain_unserved(an_account(DOMO), "gen") is not None
    assert DOMO.polls.build_poll(asked_of(account, a_task("gen"))) is None
    assert DOMO.options.model_validate({"profile": "discord"}).has_credentials()
    for options, reason in (
        ({"profile": "discord", "base_url": None}, "base_url"),
        ({"profile": "discord", "base_url": "https://api.domoai.com/v1"}, "that of official"),
    ):
        with pytest.raises(ValueError, match=reason):
            an_account(DOMO, **options)


def test_an_event_of_the_wrapper_makes_the_service_ask() -> None:
    """Its one URL may lead to the shared callback URL; the task in it is JSON within a string."""

    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo by its bot")
        caller.play("json_in_string")
        task = await caller.made("gen", input_={"prompt": "rain", "event_callback_url": HOOK})
        await stage.advance(3)
        (call,) = stage.calls
        assert DOMO.calls_back is not None
        (hint,) = DOMO.calls_back.parse_callback(called_back(call.content))
        assert isinstance(hint, Hint)
        assert hint.provider_task_id == task.provider_task_id

    play()


def test_of_two_tasks_at_once_the_wrapper_may_swap_the_files() -> None:
    """Nothing in its answers tells: what it says is shown."""

    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, "domo by its bot")
        first = await caller.made()
        caller.play("swapped")
        second = await caller.made()
        done = await caller.polled_to_its_end(second)
        assert first.provider_task_id is not None
        assert all(first.provider_task_id in str(one.url) for one in done.artifacts)

    play()
