"""Answers about several tasks in one call that list none, or list them elsewhere."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.support import a_task, an_account, asked_of
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Observed, PollOutcome, Unanswered
from tracker.domain.task import TaskState
from tracker.providers.registry import PROVIDERS

ASKED: Mapping[str, tuple[str, str, str]] = {
    "midjourney": ("trueai", "imagine", "1"),
    "suno": ("raw", "raw/generate", "c1,c2"),
    "suno gateway": ("gateway", "submit/music", "t1"),
    "udio": ("songs", "generate-proxy", "s1,s2"),
    "haimian": ("web", "generate/lyric2song", "t1"),
}
"""Of what asks for several in one call: profile, operation, and the provider's id of a task."""


def _answered(name: str, answer: HttpResult) -> list[PollOutcome]:
    profile, operation, theirs = ASKED[name]
    provider = PROVIDERS[name.partition(" ")[0]]
    assert provider.polls is not None
    task = a_task(operation, provider_task_id=theirs)
    other = replace(task, key=2, provider_task_id="other-2")
    asking = asked_of(an_account(provider, profile=profile), task, other)
    return list(provider.polls.parse_poll(asking, answer))


@pytest.mark.parametrize("name", ASKED)
def test_each_is_asked_for_by_itself_after_json_that_lists_none(name: str) -> None:
    for status, body in (
        (200, {"code": 400, "status_code": 1, "msg": "no such id", "data": None}),
        (400, {"error": {"message": "no such id"}}),
        (404, {"detail": "not found"}),
    ):
        for outcome in _answered(name, HttpResult(status, {}, json.dumps(body).encode())):
            assert isinstance(outcome, Unanswered)
            assert outcome.alone, (status, body)


@pytest.mark.parametrize("name", [one for one in ASKED if one != "suno gateway"])
def test_all_are_asked_for_together_after_an_answer_that_says_nothing(name: str) -> None:
    for answer in (
        HttpResult(502, {"content-type": "text/html"}, b"<html>502</html>"),
        HttpResult(429, {"retry-after": "7"}, b'{"error": {"message": "slow"}}'),
        HttpResult(200, {}, b'{"songs": [{"id"'),
        HttpResult(200, {}, b"<html>welcome</html>"),
    ):
        for outcome in _answered(name, answer):
            assert isinstance(outcome, Unanswered)
            assert (outcome.alone, outcome.slow_down) == (False, answer.status == 429)


@pytest.mark.parametrize("holder", [None, "data", "result"])
def test_a_list_of_midjourneys_tasks_is_found_in_its_envelope(holder: str | None) -> None:
    row = {"id": 1, "status": "success", "progress": "100%", "imageUrl": "https://i.example/a.png"}
    body: Any = [row] if holder is None else {"code": 1, holder: [row]}
    first, second = _answered("midjourney", HttpResult(200, {}, json.dumps(body).encode()))
    assert isinstance(first, Observed)
    assert first.observation.state is TaskState.SUCCEEDED
    assert not isinstance(second, Observed)


def test_a_null_list_of_midjourneys_tasks_is_asked_for_one_by_one() -> None:
    for outcome in _answered("midjourney", HttpResult(200, {}, b"null")):
        assert isinstance(outcome, Unanswered)
        assert outcome.alone


SONG = "https://songs.example/a.mp3"
TWICE: Mapping[str, tuple[Any, ...]] = {
    "midjourney": (
        {"id": 1, "status": "IN_PROGRESS", "progress": "50%"},
        {"id": "1", "status": "SUCCESS", "progress": "100%", "imageUrl": "https://i.example/a.png"},
        {"id": "1", "status": "FAILURE", "failReason": "no"},
    ),
    "suno": (
        {"id": "c1", "status": "queued"},
        {"id": "c1", "status": "complete", "audio_url": SONG},
        {"id": "c1", "status": "error"},
    ),
    "suno gateway": tuple(
        {"task_id": "t1", "status": word, "fail_reason": why, "data": songs}
        for word, why, songs in (
            ("IN_PROGRESS", "", []),
            ("SUCCESS", "", [{"id": one, "status": "complete", "audio_url": SONG} for one in "ab"]),
            ("FAILURE", "no", []),
        )
    ),
    "udio": (
        {"id": "s1", "finished": False},
        {"id": "s1", "finished": True, "song_path": SONG},
        {"id": "s1", "error_type": "MODERATION"},
    ),
}
"""Entries about one task or song: one that is behind, its success, and a failure."""


@pytest.mark.parametrize("name", TWICE)
def test_of_entries_that_repeat_a_task_the_furthest_is_believed(name: str) -> None:
    profile, operation, theirs = ASKED[name]
    provider = PROVIDERS[name.partition(" ")[0]]
    assert provider.polls is not None
    first = theirs.partition(",")[0]
    tasks = [a_task(operation, provider_task_id=one) for one in (first, "another")]
    asking = asked_of(an_account(provider, profile=profile), *tasks)
    for order in itertools.permutations(TWICE[name]):
        holder = {"midjourney": None, "suno": None, "udio": "songs"}.get(name, "data")
        rows: Any = [*order, "no entry"]
        body = rows if holder is None else {"code": "success", holder: rows}
        told = provider.polls.parse_poll(asking, HttpResult(200, {}, json.dumps(body).encode()))
        assert isinstance(told[0], Observed), told[0]
        assert told[0].observation.state is TaskState.SUCCEEDED
        assert not isinstance(told[1], Observed)
