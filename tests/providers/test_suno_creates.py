"""Suno's creates that fail, in each kind of upstream: what their answers prove."""

import json

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.suno_caller import PROFILES, Upstream
from tests.providers.support import a_task, an_account, sent_to
from tracker.domain.errors import InvalidRequest
from tracker.domain.outcome import (
    Deferred,
    Refused,
    Unknown,
)
from tracker.domain.task import TaskState
from tracker.providers.registry import PROVIDERS

S = TaskState
SUNO = PROVIDERS["suno"]
OURS = "01a22cf3-d89e-7732-a6ab-595d6ac9ebdc"


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("lie", ["error_created", "html_error_created", "error_lost", "html_error"])
def test_a_create_of_unknown_outcome_proves_nothing(profile: str, lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage, profile=profile)
        caller.play(lie)
        _, outcome = await caller.submit()
        assert isinstance(outcome, Unknown)
        assert sum(stage.emulator.count_creations().values()) == ("created" in lie)

    play()


def test_a_gateway_may_make_two_songs_of_one_create_and_tells_of_one() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Upstream(stage)
        caller.play("two_jobs")
        done = await caller.polled_to_its_end(await caller.made())
        assert done.state is S.SUCCEEDED
        assert sum(stage.emulator.count_creations().values()) == 2

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
        assert stage.emulator.count_creations() == {}
        if isinstance(outcome, Refused):
            assert outcome.blames_account is blames

    play()


@pytest.mark.parametrize(
    ("profile", "operation"), [("gateway", "submit/music"), ("raw", "raw/generate")]
)
@pytest.mark.parametrize(
    "field", ["cover_clip_id", "underpainting_clip_id", "overpainting_clip_id", "upsample_clip_id"]
)
def test_a_song_that_is_worked_on_needs_no_words_and_may_be_ours(
    profile: str, operation: str, field: str
) -> None:
    """Callers of gateways send empty texts and nulls beside it, e.g. with `task: cover`."""
    rest = {"prompt": "", "tags": "", "title": "", "mv": "chirp-v4", "continue_clip_id": None}
    request = SUNO.submits.check(operation, {**rest, "task": "cover", field: "c1"})
    assert (request.body[field], request.parent) == ("c1", None)
    named = SUNO.submits.check(operation, {**rest, field: f"{OURS}-1"})
    assert (named.parent, named.parent_field) == (OURS, field)
    parent = a_task("submit/music", provider_task_id="c1,c2")
    sending = sent_to(
        an_account(SUNO, profile=profile), a_task(operation), named.body, parent=parent
    )
    call = SUNO.submits.build_submit(sending)
    assert json.loads(call.body or b"")[field] == "c2"
    with pytest.raises(InvalidRequest, match="prompt: is needed"):
        SUNO.submits.check(operation, {**rest, "task": "cover"})


def test_songs_of_ours_are_named_as_the_provider_knows_them_at_any_depth() -> None:
    body = {
        "prompt": "la",
        "metadata": {"mashup_clip_ids": [f"{OURS}-1", "c9"], "mode": ["a"]},
        "persona": {"artist_clip_id": f"{OURS}-0"},
    }
    request = SUNO.submits.check("submit/music", body)
    assert (request.parent, request.parent_field) == (OURS, "metadata.mashup_clip_ids")
    parent = a_task("submit/music", provider_task_id="c1,c2")
    sending = sent_to(an_account(SUNO), a_task("submit/music"), request.body, parent=parent)
    sent = json.loads(SUNO.submits.build_submit(sending).body or b"")
    assert sent["metadata"] == {"mashup_clip_ids": ["c2", "c9"], "mode": ["a"]}
    assert sent["persona"] == {"artist_clip_id": "c1"}
    other = OURS.replace("01a2", "01a3")
    with pytest.raises(InvalidRequest, match="clip_id: is a song of another task than"):
        SUNO.submits.check("submit/music", {**body, "artist_clip_id": f"{other}-0"})
