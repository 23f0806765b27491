"""The ids that an adapter reads from results are those that later inputs name."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.emulator_contract import looked_at
from tests.providers.kinds import KINDS
from tests.providers.support import a_task, an_account, asked_of
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Observed
from tracker.domain.task import Artifact, Task
from tracker.providers.kit.pieces import read_text_url
from tracker.providers.kling.results import find_artifacts
from tracker.providers.registry import PROVIDERS
from tracker.providers.suno.records import read_record

JOB = "0e5c9d1e-1f6e-4b1a-9d59-0f8a5b1c2d3e"
LOOKED_AT = {
    "vidu": "creation",
    "hailuo": "file",
    "veo": "file",
    "runway of the web": "task",
}
"""By kind of upstream: the kind of id that its tasks bring."""


def ids_in(provider: str, task: Task) -> Mapping[str, list[str]]:
    """Return what a task of a provider's brings, by kind."""
    listed = PROVIDERS[provider].objects.results
    found = {kind: [id_ for id_ in of(task) if id_] for kind, of in listed.items()}
    return {kind: ids for kind, ids in found.items() if ids}


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_success_brings_an_id(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play("ok")
        made = await caller.made()
        assert ids_in(KINDS[name].provider, made).keys() <= {"task"}
        done = await looked_at(caller, made)
        assert LOOKED_AT[name] in ids_in(KINDS[name].provider, done)

    play()


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        (
            {"task_result": {"videos": [{"id": "7", "url": "https://v.example/1.mp4"}]}},
            {"video": "7"},
        ),
        (
            {"task_result": {"audios": [{"id": "8", "url_mp3": "https://v.example/1.mp3"}]}},
            {"audio": "8"},
        ),
        ({"outputs": [{"type": "video", "id": "9", "url": "https://v.example/1"}]}, {"video": "9"}),
        ({"output": {"video": "https://v.example/1.mp4"}}, {"video": "of PiAPI"}),
        ({"task_result": {"images": [{"index": 0, "url": "https://v.example/1.png"}]}}, {}),
        ({}, {}),
    ],
)
def test_kling_brings_videos_and_sounds(said: dict[str, Any], ids: dict[str, str]) -> None:
    task = a_task(
        "videos/text2video", provider_task_id="of PiAPI", artifacts=find_artifacts([said])
    )
    assert ids_in("kling", task) == {kind: [id_] for kind, id_ in ids.items()}


def test_midjourney_brings_its_job_and_those_of_its_buttons() -> None:
    buttons = [
        {"customId": f"MJ::JOB::upsample::1::{JOB}"},
        {"customId": f"MJ::BOOKMARK::{JOB.upper()}"},
        {"customId": "MJ::Job::PicReader::1"},
        {"customId": None},
    ]
    task = a_task("imagine", detail={"jobId": "1", "buttons": buttons})
    assert ids_in("midjourney", task) == {"job": ["1", JOB, JOB.upper()]}
    assert ids_in("midjourney", replace(task, detail=None)) == {}


def test_suno_brings_the_persona_and_udio_its_songs() -> None:
    persona = a_task("generate/generate-persona", detail={"data": {"personaId": "p1"}})
    assert ids_in("suno", persona) == {"persona": ["p1"]}
    record = read_record({"taskId": "t", "voiceId": "v1", "status": "success"})
    assert record is not None
    voice = a_task("voice/generate", artifacts=record.artifacts, detail=record.detail)
    assert ids_in("suno", voice) == {"persona": ["v1"]}
    assert [read_text_url(piece.url) for piece in voice.artifacts] == ["v1"]
    phrase = read_record({"taskId": "t", "validateInfo": "la la", "status": "wait_validating"})
    assert phrase is not None
    assert [read_text_url(piece.url) for piece in phrase.artifacts] == ["la la"]
    song = Artifact("audio", "https://s.example/1.mp3", id="s1")
    cover = Artifact("image", "https://s.example/1.png", id="s1")
    assert ids_in("udio", a_task("submit/music", artifacts=(song, cover))) == {"song": ["s1"]}


@pytest.mark.parametrize("held", ['{"resource_id": "r1"}', {"resource_id": "r1"}])
def test_jimeng_brings_the_digital_human_that_a_task_made(held: Any) -> None:
    answer = {"code": 10000, "data": {"status": "done", "resp_data": held}}
    task = a_task("realman_avatar_picture_create_role_loopy", provider_task_id="t")
    asking = asked_of(an_account(PROVIDERS["jimeng"]), task)
    polls = PROVIDERS["jimeng"].polls
    assert polls is not None
    (told,) = polls.parse_poll(asking, HttpResult(200, {}, json.dumps(answer).encode()))
    assert isinstance(told, Observed)
    done = replace(task, artifacts=told.observation.artifacts)
    assert ids_in("jimeng", done) == {"role": ["r1"]}


def test_veo_brings_files_by_their_names_and_by_their_place_in_a_bucket() -> None:
    uri = "https://generativelanguage.googleapis.com/v1beta/files/a1:download?alt=media"
    kept = Artifact("video", uri, needs_auth=True)
    stored = Artifact("video", "https://storage.example/a/b.mp4", extra={"gcsUri": "gs://a/b.mp4"})
    task = a_task("predictLongRunning", artifacts=(kept, stored))
    assert ids_in("veo", task) == {"file": ["files/a1"], "bucket_file": ["gs://a/b.mp4"]}


def test_openai_brings_the_containers_that_tools_of_a_response_worked_in() -> None:
    called = {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1"}
    shell = {"type": "container_reference", "container_id": "cntr_2"}
    output = [called, called, {"type": "shell_call", "environment": shell}, {"type": "reasoning"}]
    answer = {"id": "resp_1", "status": "completed", "output": output}
    task = a_task("responses", provider_task_id="resp_1", context={"picture": False})
    polls = PROVIDERS["openai"].polls
    assert polls is not None
    asking = asked_of(an_account(PROVIDERS["openai"], profile="official"), task)
    (told,) = polls.parse_poll(asking, HttpResult(200, {}, json.dumps(answer).encode()))
    assert isinstance(told, Observed)
    done = replace(task, context=told.observation.context)
    assert ids_in("openai", done) == {"container": ["cntr_1", "cntr_2"]}
    assert ids_in("openai", task) == {}
    assert (done.context or {})["picture"] is False
