"""Suno's answers with holes: a success without songs, songs without a status, creates held open."""

import json
from dataclasses import replace

import pytest

from tests.providers.suno_answers import SUNO, a_clip, a_record, a_row, account_of, polled
from tests.providers.support import a_task, asked_of, sent_to
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Accepted, Observed, Unanswered
from tracker.domain.task import Artifact, ArtifactState, TaskState
from tracker.providers.suno.front.songs import build_clip_view, list_songs


@pytest.mark.parametrize(
    ("profile", "operation", "empty"),
    [
        ("gateway", "submit/music", a_row("SUCCESS")),
        ("gateway", "submit/lyrics", a_row("SUCCESS")),
        ("sunoapi", "generate", a_record("SUCCESS", None)),
        ("kie", "wav/generate", a_record("SUCCESS", [])),
        ("gcui", "gcui/generate", [a_clip("t1", "complete", "")]),
        ("raw", "raw/generate", [a_clip("t1", "complete", "https://a.example/None.mp3")]),
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


@pytest.mark.parametrize("profile", ["raw", "gcui"])
def test_a_create_that_is_answered_with_songs_that_are_done_needs_no_look(profile: str) -> None:
    songs = [a_clip("c1", "complete"), a_clip("c2", "error", "")]
    answer = HttpResult(200, {}, json.dumps(songs).encode())
    sending = sent_to(account_of(profile), a_task(f"{profile}/generate"))
    outcome = SUNO.submits.parse_submit(sending, answer)
    assert isinstance(outcome, Accepted)
    assert outcome.said is not None
    assert (outcome.said.state, outcome.provider_task_id) == (TaskState.SUCCEEDED, "c1,c2")


def test_a_row_without_an_envelope_is_read() -> None:
    """A client of https://yunwu.ai (2026-11-30) reads one so."""
    done = a_row("SUCCESS", a_clip("c1", "complete"), a_clip("c2", "complete"))["data"]
    assert polled("gateway", "submit/music", done).observation.state is TaskState.SUCCEEDED
    failed = a_row("FAILURE", failReason="no faces")["data"]
    said = polled("gateway", "submit/music", failed).observation
    assert (said.state, said.message) == (TaskState.FAILED, "no faces")
    error = {"status": "failed", "message": "too many requests", "data": None}
    assert isinstance(polled("gateway", "submit/music", error), Unanswered)


def test_a_row_in_a_list_may_hold_its_songs_as_text() -> None:
    assert SUNO.polls is not None
    rows = [a_row("SUCCESS", a_clip(f"c{n}", "complete"), task_id=f"t{n}")["data"] for n in (1, 2)]
    texts = [{**row, "data": json.dumps(row["data"])} for row in rows]
    answer = HttpResult(200, {}, json.dumps({"code": "success", "data": texts}).encode())
    waiting = [a_task("submit/music", provider_task_id=f"t{n}") for n in (1, 2)]
    found = SUNO.polls.parse_poll(asked_of(account_of("gateway"), *waiting), answer)
    states = [one.observation.state for one in found if isinstance(one, Observed)]
    assert states == [TaskState.SUCCEEDED] * 2


def test_songs_that_never_came_end_for_a_client_of_the_feed() -> None:
    done = a_task("raw/generate", state=TaskState.SUCCEEDED, message="complete without a song")
    shown = [build_clip_view(done, song, {}) for song in list_songs(done)]
    assert [one["status"] for one in shown] == ["error", "error"]
    assert {one["metadata"]["error_message"] for one in shown} == {"complete without a song"}
    mute = replace(done, artifacts=(Artifact("audio", None, state=ArtifactState.PREVIEW),))
    assert [one.status for one in list_songs(mute)] == ["error"]
