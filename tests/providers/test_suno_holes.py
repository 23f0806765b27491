"""Suno's answers with holes: a success without songs, songs without a status, creates held open."""

import json

import pytest

from tests.providers.suno_answers import SUNO, a_record, a_row, account_of, polled
from tests.providers.support import a_task, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Accepted
from tracker.domain.task import TaskState


@pytest.mark.parametrize(
    ("profile", "operation", "empty"),
    [
        ("gateway", "submit/music", a_row("SUCCESS")),
        ("gateway", "submit/lyrics", a_row("SUCCESS")),
        ("sunoapi", "generate", a_record("SUCCESS", None)),
        ("kie", "wav/generate", a_record("SUCCESS", [])),
    ],
)
def test_a_success_that_names_nothing_is_waited_for(
    profile: str, operation: str, empty: object
) -> None:
    stage, words = None, []
    for _ in range(4):
        said = polled(profile, operation, empty, stage=stage).observation
        words.append(said.state)
        stage = said.stage
    assert words == [TaskState.RUNNING] * 3 + [TaskState.SUCCEEDED]


def test_a_row_may_name_its_song_by_a_link_alone() -> None:
    link = "https://a.example/only.mp3"
    said = polled("gateway", "submit/music", a_row("SUCCESS", result_url=link)).observation
    assert (said.state, [one.url for one in said.artifacts]) == (TaskState.SUCCEEDED, [link])


@pytest.mark.parametrize(
    ("profile", "operation"), [("raw", "raw/generate"), ("gcui", "gcui/concat")]
)
def test_songs_that_have_no_status_yet_are_a_task(profile: str, operation: str) -> None:
    """Their ids prove that they were made: what is not known may be made twice."""
    answer = HttpResult(200, {}, json.dumps({"clips": [{"id": "c1"}, {"id": "c2"}]}).encode())
    sending = sent_to(account_of(profile), a_task(operation))
    outcome = SUNO.submits.parse_submit(sending, answer)
    assert isinstance(outcome, Accepted)
    assert outcome.provider_task_id == "c1,c2"


@pytest.mark.parametrize(
    ("profile", "operation"), [("gateway", "submit/lyrics"), ("gcui", "gcui/generate_lyrics")]
)
def test_a_create_that_may_be_held_for_its_lyrics_is_waited_for(
    profile: str, operation: str
) -> None:
    sending = sent_to(account_of(profile), a_task(operation), {"prompt": "rain"})
    assert SUNO.submits.build_submit(sending).lasts_s == 600


def test_lyrics_that_a_create_was_held_for_are_asked_for_at_once() -> None:
    body = json.dumps({"code": "success", "message": "", "data": "t1"}).encode()
    for operation, is_asked in (("submit/lyrics", True), ("submit/music", False)):
        sending = sent_to(account_of("gateway"), a_task(operation))
        outcome = SUNO.submits.parse_submit(sending, HttpResult(200, {}, body))
        assert isinstance(outcome, Accepted)
        assert outcome.look_now is is_asked
