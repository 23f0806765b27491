"""Suno's adapter: four protocols, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.providers.suno_answers import (
    OF_TASK,
    READY_SONG,
    SONG,
    SUNO,
    UPLOADED,
    a_clip,
    a_record,
    a_row,
    account_of,
    polled,
)
from tests.providers.support import a_task, an_account, asked_of, sent_to
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Absent, Follow, Observed, Unanswered
from tracker.domain.task import Artifact, Task, TaskState
from tracker.providers.kit.piece_names import build_piece_name
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Finds


class TestGateway(
    SubmitContract,
    CallbackUrlContract,
    PollContract,
    CallbackContract,
    ProbeContract,
    RecordedContract,
):
    provider = SUNO
    url_field = "notify_hook"
    inputs = {  # noqa: RUF012 - read only
        "submit/music": {"prompt": "[Verse] la", "tags": "pop", "mv": "chirp-v4"},
        "submit/lyrics": {"prompt": "a song about rain"},
        "submit/concat": {"clip_id": "c1"},
        "uploads/audio-url": {"url": "https://files.example/a.mp3"},
    }


class TestRaw(SubmitContract, PollContract, ProbeContract):
    provider = SUNO
    options = {"profile": "raw"}  # noqa: RUF012
    inputs = {  # noqa: RUF012
        "raw/generate": {"prompt": "la", "mv": "chirp-v4"},
        "raw/description-mode": {"gpt_description_prompt": "rain"},
        "raw/lyrics": {"prompt": "rain"},
    }


class TestSunoapi(SubmitContract, CallbackUrlContract, PollContract, ProbeContract):
    provider = SUNO
    url_field = "callBackUrl"
    options = {"profile": "sunoapi"}  # noqa: RUF012
    inputs = {  # noqa: RUF012
        "generate": SONG,
        "generate/extend": {"audioId": "a1", "defaultParamFlag": False, "model": "V5"},
        "generate/upload-cover": SONG | UPLOADED,
        "generate/upload-extend": {**UPLOADED, "defaultParamFlag": False, "model": "V5"},
        "generate/mashup": SONG | {"uploadUrlList": ["https://a.example", "https://b.example"]},
        "generate/replace-section": OF_TASK
        | {"prompt": "la", "infillStartS": 1.5, "infillEndS": 9.0},
        "generate/sounds": {"prompt": "rain on a roof"},
        "generate/add-vocals": UPLOADED | {"prompt": "la", "title": "t", "style": "pop"},
        "generate/add-instrumental": UPLOADED | {"title": "t", "tags": "pop"},
        "lyrics": {"prompt": "rain"},
        "wav/generate": OF_TASK,
        "mp4/generate": OF_TASK | {"author": "me"},
        "vocal-removal/generate": OF_TASK | {"type": "split_stem"},
        "midi/generate": {"taskId": "theirs"},
        "suno/cover/generate": {"taskId": "theirs"},
        "voice/generate": {"voice": "x"},
    }

    def check_silence(self, account: Account, task: Task, body: Mapping[str, Any]) -> None:
        """A URL is required: one that leads nowhere stands in for ours."""
        call = SUNO.submits.build_submit(sent_to(account, task, body, None))
        assert json.loads(call.body or b"")["callBackUrl"] == "https://callback.invalid/none"


class TestSunoAtKie(SubmitContract, PollContract, ProbeContract):
    provider = SUNO
    options = {"profile": "kie"}  # noqa: RUF012
    inputs = {"generate": SONG}  # noqa: RUF012


class TestSelfHosted(SubmitContract, PollContract, ProbeContract):
    provider = SUNO
    options = {"profile": "gcui"}  # noqa: RUF012
    inputs = {  # noqa: RUF012
        "gcui/generate": {"prompt": "rain", "make_instrumental": False, "wait_audio": True},
        "gcui/custom_generate": {"prompt": "la", "tags": "pop", "title": "t"},
        "gcui/extend_audio": {"audio_id": "a1", "continue_at": 30},
        "gcui/concat": {"clip_id": "c1"},
        "gcui/generate_stems": {"audio_id": "a1"},
        "gcui/generate_lyrics": {"prompt": "rain"},
    }


def test_no_dialect_finds_a_lost_submit() -> None:
    for profile in ("gateway", "raw", "sunoapi", "kie", "gcui"):
        assert SUNO.submits.get_lookup_kind(account_of(profile)) is Finds.NEVER
    assert SUNO.looks is None
    assert SUNO.cancels is None


@pytest.mark.parametrize(
    ("url", "operation"),
    [
        ("https://api.sunoapi.org/api/v1", "generate"),
        ("https://api.kie.ai/api/v1", "generate"),
        ("https://notkie.ai/suno", "submit/music"),
        ("https://gateway.example/suno", "submit/music"),
    ],
)
def test_an_address_tells_its_profile(url: str, operation: str) -> None:
    account = an_account(SUNO, base_url=url)
    served = [
        one
        for one in ("generate", "submit/music")
        if not SUNO.submits.explain_unserved(account, one)
    ]
    assert served == [operation]


@pytest.mark.parametrize(
    ("row", "state", "urls"),
    [
        (a_row("IN_PROGRESS", a_clip("c1", "streaming"), a_clip("c2", "queued", "")), "running", 1),
        (a_row("IN_PROGRESS", a_clip("c1", "complete"), a_clip("c2", "streaming")), "running", 2),
        # One of two songs failed, and the gateway fails both.
        (a_row("FAILURE", a_clip("c1", "complete"), a_clip("c2", "error", None)), "succeeded", 1),
        # 600 s are over at the gateway, and the song exists.
        (a_row("FAILURE", a_clip("c1", "complete"), a_clip("c2", "complete")), "succeeded", 2),
        (a_row("SUCCESS", a_clip("c1", "complete"), a_clip("c2", "streaming")), "succeeded", 2),
        (a_row("SUCCESS", a_clip("c1", "error", ""), a_clip("c2", "error", "")), "failed", 0),
        # The gateway never moves the row again after one error of its network.
        (a_row("IN_PROGRESS", a_clip("c1", "complete"), a_clip("c2", "complete")), "succeeded", 2),
        (a_row("SUCCESS", a_clip("c1", "complete", "https://x.example/None.mp3")), "succeeded", 0),
    ],
)
def test_songs_that_exist_count_whatever_the_task_says(
    row: Mapping[str, Any], state: str, urls: int
) -> None:
    outcome = polled("gateway", "submit/music", row)
    assert isinstance(outcome, Observed)
    said = outcome.observation
    assert said.state is TaskState(state)
    assert len([piece for piece in said.artifacts if piece.kind == "audio" and piece.url]) == urls
    assert not [piece for piece in said.artifacts if (piece.url or "").endswith("None.mp3")]


def test_a_failure_that_may_be_taken_back_is_doubtful() -> None:
    late = a_row("FAILURE", fail_reason="task time out")
    streaming = a_row("FAILURE", a_clip("c1", "streaming"), fail_reason="no")
    plain = a_row("FAILURE", fail_reason="sensitive words")
    outcomes = [polled("gateway", "submit/music", body) for body in (late, streaming, plain)]
    errors = [one.observation.error for one in outcomes]
    assert [one.doubtful for one in errors] == [True, True, False]


def test_songs_alone_are_followed_to_their_task_until_they_are_over() -> None:
    clips = [a_clip("c1", "streaming"), a_clip("c2", "queued", "")]
    outcome = polled("gateway", "submit/music", {"code": "success", "data": clips})
    assert isinstance(outcome, Follow)
    assert outcome.call.method == "POST"
    assert json.loads(outcome.call.body or b"") == {"ids": ["t1"], "action": "MUSIC"}
    done = [a_clip("c1", "complete"), a_clip("c2", "complete")]
    outcome = polled("gateway", "submit/music", {"code": "success", "data": done})
    assert outcome.observation.state is TaskState.SUCCEEDED


def test_songs_alone_count_where_no_list_tells_of_their_task() -> None:
    assert SUNO.polls is not None
    task = a_task("submit/music", provider_task_id="t1")
    asking = asked_of(account_of("gateway"), task)
    clips = [a_clip("c1", "streaming"), a_clip("c2", "queued", "")]
    bare = HttpResult(200, {}, json.dumps({"code": "success", "data": clips}).encode())
    (follow,) = SUNO.polls.parse_poll(asking, bare)
    assert isinstance(follow, Follow)
    none = HttpResult(404, {}, b"{}")
    (outcome,) = SUNO.polls.parse_poll(replace(asking, page=follow.page), none)
    assert isinstance(outcome, Observed)
    assert outcome.observation.state is TaskState.RUNNING


@pytest.mark.parametrize("name", ["raw/uploads/audio", "v1/chat/completions"])
def test_what_is_not_served_is_refused_by_its_name(name: str) -> None:
    reason = SUNO.submits.explain_unserved(account_of("raw"), name)
    assert reason is not None
    assert "no such operation" not in reason


def test_the_seeds_camel_case_is_read() -> None:
    row = {"taskId": "t1", "status": "FAILURE", "failReason": "no", "submitTime": 1758435704}
    outcome = polled("gateway", "submit/music", {"code": "success", "data": row})
    assert (outcome.observation.state, outcome.observation.message) == (TaskState.FAILED, "no")
    lyrics = {"taskId": "t1", "status": "SUCCESS", "failReason": None}
    lyrics["data"] = {"text": "la", "title": "x", "status": "SUCCESS"}  # type: ignore[assignment]
    outcome = polled("gateway", "submit/lyrics", {"code": "success", "data": lyrics})
    assert [piece.kind for piece in outcome.observation.artifacts] == ["text"]


@pytest.mark.parametrize("data", [None, [], [{"task_id": "t2", "status": "SUCCESS", "data": []}]])
def test_what_a_list_leaves_out_is_asked_for_by_itself(data: object) -> None:
    assert SUNO.polls is not None
    tasks = [a_task("submit/music", provider_task_id=f"t{n}") for n in (1, 2)]
    asking = asked_of(account_of("gateway"), *tasks)
    call = SUNO.polls.build_poll(asking)
    assert call is not None
    assert json.loads(call.body or b"")["ids"] == ["t1", "t2"]
    body = json.dumps({"code": "success", "data": data}).encode()
    outcomes = SUNO.polls.parse_poll(asking, HttpResult(200, {}, body))
    assert isinstance(outcomes[0], Unanswered)
    assert outcomes[0].alone


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": "task_not_exist", "message": "task_not_exist", "data": None}, Absent),
        (400, {"code": "invalid_request", "message": "task not exist"}, Absent),
        (404, {"code": "task_not_exist", "message": "x"}, Absent),
        (404, {"error": {"message": "Invalid URL (GET /suno/fetch/x)"}}, Unanswered),
        (401, {"error": {"message": "invalid token"}}, Unanswered),
    ],
)
def test_denials_of_gateways(status: int, body: object, kind: type) -> None:
    assert SUNO.polls is not None
    asking = asked_of(account_of("gateway"), a_task("submit/music", provider_task_id="t1"))
    answer = HttpResult(status, {}, json.dumps(body).encode())
    (outcome,) = SUNO.polls.parse_poll(asking, answer)
    assert type(outcome) is kind
    assert not isinstance(outcome, Absent) or outcome.weak


def test_raw_songs_belong_to_the_tasks_that_made_them() -> None:
    assert SUNO.polls is not None
    account = account_of("raw")
    tasks = [a_task("raw/generate", provider_task_id=ids) for ids in ("c1,c2", "c3,c4", "c5")]
    asking = asked_of(account, *tasks)
    call = SUNO.polls.build_poll(asking)
    assert call is not None
    assert call.url == f"{account.base_url}/feed/c1,c2,c3,c4,c5"
    songs = [a_clip("c2", "error", None), a_clip("c1", "complete"), a_clip("c3", "complete")]
    answer = HttpResult(200, {}, json.dumps(songs).encode())
    first, second, third = SUNO.polls.parse_poll(asking, answer)
    assert isinstance(first, Observed)
    assert first.observation.state is TaskState.SUCCEEDED
    assert (first.observation.message or "").startswith("1 of 2 songs failed")
    assert isinstance(second, Observed)  # one of its songs is left out: it is not over
    assert second.observation.state is TaskState.RUNNING
    assert isinstance(third, Absent)


def test_an_address_that_is_not_there_yet_is_no_song() -> None:
    for audio in ("", "https://cdn.example/None.mp3", None):
        songs = [a_clip("c1", "complete", audio), a_clip("c2", "complete", audio)]
        outcome = polled("gcui", "gcui/generate", songs, provider_task_id="c1,c2")
        assert outcome.observation.state is TaskState.RUNNING


def test_a_create_never_waits_for_the_sound() -> None:
    call = SUNO.submits.build_submit(
        sent_to(account_of("gcui"), a_task("gcui/generate"), {"prompt": "x", "wait_audio": True})
    )
    assert json.loads(call.body or b"")["wait_audio"] is False


def _parent() -> Task:
    pieces = tuple(Artifact("audio", "https://a.example", f"up-{n}", key=str(n)) for n in (0, 1))
    return a_task("submit/music", provider_task_id="gw-1", artifacts=pieces)


@pytest.mark.parametrize(
    ("profile", "operation", "input_", "sent"),
    [
        (
            "gateway",
            "submit/music",
            {"prompt": "la", "continue_clip_id": "CLIP", "task_id": "PARENT"},
            {"continue_clip_id": "up-1", "task_id": "gw-1"},
        ),
        (
            "gateway",
            "submit/music",
            {"continue_clip_id": "raw-id", "task_id": "PARENT"},
            {"continue_clip_id": "raw-id", "task_id": "gw-1"},
        ),
        (
            "sunoapi",
            "wav/generate",
            {"taskId": "PARENT", "audioId": "CLIP"},
            {"taskId": "gw-1", "audioId": "up-1"},
        ),
        (
            "sunoapi",
            "generate/extend",
            {"audioId": "CLIP", "defaultParamFlag": False, "model": "V5"},
            {"audioId": "up-1"},
        ),
        ("gcui", "gcui/extend_audio", {"audio_id": "CLIP"}, {"audio_id": "up-1"}),
    ],
)
def test_a_follow_up_names_a_task_of_ours_and_sends_their_ids(
    profile: str, operation: str, input_: Mapping[str, Any], sent: Mapping[str, Any]
) -> None:
    parent = _parent()
    names = {"CLIP": build_piece_name(parent, 1), "PARENT": str(parent.id)}
    given = {name: names.get(str(value), value) for name, value in input_.items()}
    request = SUNO.submits.check(operation, given)
    assert request.parent == str(parent.id)
    call = SUNO.submits.build_submit(
        sent_to(account_of(profile), a_task(operation), request.body, parent=parent)
    )
    body = json.loads(call.body or b"")
    assert {name: body[name] for name in sent} == sent


@pytest.mark.parametrize(
    ("operation", "input_", "field"),
    [
        ("submit/music", {"continue_clip_id": "c1"}, "task_id"),
        ("submit/music", {"mv": "chirp-v4"}, "prompt"),
        ("submit/lyrics", {"prompt": ""}, "prompt"),
        ("generate", {**SONG, "title": ""}, "title"),
        ("generate", {**SONG, "prompt": None}, "prompt"),
        ("generate", {**SONG, "title": "t" * 101}, "title"),
        ("generate", {**SONG, "model": "V4", "title": "t" * 81}, "title"),
        ("generate", {**SONG, "customMode": False, "prompt": "p" * 501}, "prompt"),
        ("generate", {**SONG, "styleWeight": 1.5}, "styleWeight"),
        ("generate", {**SONG, "vocalGender": "x"}, "vocalGender"),
    ],
)
def test_a_wrong_input_is_refused_by_its_field(
    operation: str, input_: Mapping[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        SUNO.submits.check(operation, input_)
    assert field in [one.path for one in caught.value.fields]


def test_a_song_of_another_task_is_refused() -> None:
    parent, other = _parent(), _parent()
    with pytest.raises(InvalidRequest):
        SUNO.submits.check(
            "wav/generate", {"taskId": str(other.id), "audioId": build_piece_name(parent, 0)}
        )


@pytest.mark.parametrize("order", [1, -1])
def test_a_song_that_a_list_names_twice_is_one_song(order: int) -> None:
    done, behind = a_clip("a", "complete"), a_clip("a", "streaming", "https://a.example/s")
    twice = a_row("IN_PROGRESS", *(done, behind)[::order])
    said = polled("gateway", "submit/music", twice).observation
    assert said.state is TaskState.RUNNING  # the second song is to come
    assert [piece.url for piece in said.artifacts] == [done["audio_url"]]
    both = a_row("IN_PROGRESS", done, behind, a_clip("b", "complete"))
    assert polled("gateway", "submit/music", both).observation.state is TaskState.SUCCEEDED
    record = a_record("SUCCESS", [READY_SONG, READY_SONG])
    assert len(polled("sunoapi", "generate", record).observation.artifacts) == 1
