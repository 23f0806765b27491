"""Hold the callbacks of fronts, step by step, to the events that their clients expect."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.support import NOW, a_task
from tracker.domain.lifecycle import Transition, create_task
from tracker.domain.task import Artifact, TaskState
from tracker.providers.registry import PROVIDERS

S = TaskState
INPUT = {"prompt": "a cat", "model": "ray-2", "input": {"prompt": "a cat"}}


def told(name: str, operation: str, before: TaskState, after: TaskState, **more: Any) -> Any:
    """Return the body of a callback; None where none is sent."""
    front = PROVIDERS[name].front
    assert front is not None
    task = a_task(operation, state=after, finished_at=NOW)
    first = create_task(replace(task, state=S.QUEUED, version=1)).transition
    assert first is not None
    step: Transition = replace(first, from_state=before, to_state=after)
    body = front.tell(replace(task, **more), step, INPUT, base="https://us.example/replicate")
    return None if body is None else json.loads(body)


@pytest.mark.parametrize(
    ("before", "after", "luma", "vidu"),
    [
        (S.QUEUED, S.SUBMITTED, None, None),
        (S.SUBMITTED, S.RUNNING, "dreaming", "processing"),
        (S.RUNNING, S.RUNNING, None, None),
        (S.RUNNING, S.SUCCEEDED, "completed", "success"),
        (S.RUNNING, S.FAILED, "failed", "failed"),
        (S.RUNNING, S.CANCELLED, "failed", "failed"),
        (S.UNCERTAIN, S.EXPIRED, "failed", "failed"),
    ],
)
def test_luma_and_vidu_call_back_once_when_work_has_begun_and_at_the_end(
    before: TaskState, after: TaskState, luma: str | None, vidu: str | None
) -> None:
    body = told("luma", "generations/video", before, after)
    said = body and (body["state"], body["request"]["prompt"])
    assert said == (luma and (luma, "a cat"))
    body = told("vidu", "text2video", before, after)
    said = body and (body["state"], body["payload"])
    assert said == (vidu and (vidu, ""))


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (S.QUEUED, S.SUBMITTED, None),
        (S.SUBMITTED, S.RUNNING, None),
        (S.RUNNING, S.SUCCEEDED, "succeeded"),
        (S.RUNNING, S.CANCELLED, "canceled"),
        (S.UNCERTAIN, S.EXPIRED, "failed"),
    ],
)
def test_replicate_calls_back_with_the_events_of_no_filter(
    before: TaskState, after: TaskState, word: str | None
) -> None:
    body = told("replicate", "models/acme/picture", before, after)
    assert (None if body is None else body["status"]) == word
    if body is not None:
        assert all(isinstance(url, str) for url in body["urls"].values())


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (S.QUEUED, S.SUBMITTED, None),
        (S.SUBMITTED, S.RUNNING, "processing"),
        (S.RUNNING, S.RUNNING, None),
        (S.RUNNING, S.SUCCEEDED, "success"),
        (S.RUNNING, S.FAILED, "failed"),
        (S.UNCERTAIN, S.EXPIRED, "failed"),
    ],
)
def test_hailuo_calls_back_in_the_words_of_its_callbacks(
    before: TaskState, after: TaskState, word: str | None
) -> None:
    body = told("hailuo", "v1/video_generation", before, after)
    assert (None if body is None else body["status"]) == word
    second = told("hailuo", "v2/video_generation", before, after)
    assert (second is None) is (word is None)


def test_replicate_tells_of_output_while_it_grows() -> None:
    piece = Artifact("image", "https://media.example/1.png", key="0")
    body = told("replicate", "models/acme/picture", S.RUNNING, S.RUNNING, artifacts=(piece,))
    assert (body["status"], body["output"]) == ("processing", "https://media.example/1.png")


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (S.QUEUED, S.SUBMITTED, None),
        (S.SUBMITTED, S.RUNNING, "PROCESSING"),
        (S.RUNNING, S.RUNNING, None),
        (S.RUNNING, S.SUCCEEDED, "SUCCESS"),
        (S.RUNNING, S.CANCELLED, "CANCELED"),
        (S.UNCERTAIN, S.EXPIRED, "FAILED"),
    ],
)
def test_domo_calls_back_when_the_status_changes(
    before: TaskState, after: TaskState, word: str | None
) -> None:
    body = told("domo", "video/text2video", before, after)
    assert (None if body is None else body["status"]) == word
    if body is not None:
        assert body["task_id"] == body["id"]
        assert body["inputs"] == {"prompt": "a cat"}


def test_callers_of_lumas_gateways_are_told_in_their_own_shape() -> None:
    body = told("luma", "generations/web", S.RUNNING, S.FAILED)
    assert (body["state"], body["video"], "assets" in body) == ("failed", None, False)
