"""Results of which a part alone is told: they are awaited for some looks, then ended."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.support import a_task, an_account, asked_of
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed
from tracker.domain.task import Task, TaskState
from tracker.providers.kit.empty_results import MOST_PARTIAL
from tracker.providers.registry import PROVIDERS

S = TaskState
_URL = "https://cdn.example/a"
_VIDEO = {"id": "1", "status": "finished", "resultUrl": _URL}
_CLIP = {"id": "a", "status": "complete", "audio_url": _URL}
_SONG = {"id": "a", "finished": True, "song_path": _URL}
_PIKA, _SUNO = ("pika", "gateway", "generate"), ("suno", "raw", "raw/generate")
_UDIO = ("udio", "songs", "generate-proxy")


def _look(system: tuple[str, str, str], task: Task, body: Any) -> Observation:
    provider, profile, _ = system
    account = an_account(PROVIDERS[provider], profile=profile)
    polls = PROVIDERS[provider].polls
    assert polls is not None
    answer = HttpResult(200, {}, json.dumps(body).encode())
    (outcome,) = polls.parse_poll(asked_of(account, task), answer)
    assert isinstance(outcome, Observed)
    return outcome.observation


@pytest.mark.parametrize(
    ("system", "body", "end"),
    [
        (_PIKA, {"id": "a,b", "videos": [_VIDEO, {"id": "2"}]}, S.SUCCEEDED),
        (_PIKA, {"id": "a,b", "videos": [_VIDEO, {"id": "2", "status": ""}]}, S.SUCCEEDED),
        (_PIKA, {"id": "a,b", "videos": [_VIDEO, {"id": "2", "status": "queued"}]}, S.RUNNING),
        (_PIKA, {"id": "a,b", "videos": [_VIDEO, {"id": "2", "status": "odd"}]}, S.RUNNING),
        (_PIKA, {"id": "a,b", "videos": [{"status": "error"}, {"id": "2"}]}, S.FAILED),
        (_SUNO, [_CLIP], S.SUCCEEDED),
        (_SUNO, [_CLIP | {"status": "streaming"}], S.RUNNING),
        (_SUNO, [_CLIP | {"status": "error", "audio_url": ""}], S.FAILED),
        (_UDIO, {"songs": [_SONG]}, S.SUCCEEDED),
        (_UDIO, {"songs": [_SONG | {"finished": False}]}, S.RUNNING),
        (_UDIO, {"songs": [{"id": "a", "error_type": "SYSTEM"}]}, S.FAILED),
    ],
)
def test_what_nothing_is_told_of_is_not_awaited_for_ever(
    system: tuple[str, str, str], body: Any, end: TaskState
) -> None:
    task = a_task(system[2], provider=system[0], provider_task_id="a,b")
    for _ in range(MOST_PARTIAL):
        said = _look(system, task, body)
        assert (said.state, said.error) == (S.RUNNING, None)
        task = replace(task, stage=said.stage)
    said = _look(system, task, body)
    assert said.state is end
    assert ("never came" in (said.message or "")) is (end is not S.RUNNING)
    assert end is not S.SUCCEEDED or _URL in [one.url for one in said.artifacts]
    assert end is not S.FAILED or (said.error and said.error.doubtful)
