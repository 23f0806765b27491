"""Ends of tasks in the words of fronts, where the provider has no word of its own for them."""

import json
from typing import Any

from tests.providers.support import NOW, a_task
from tracker.domain.lifecycle import create_task
from tracker.domain.task import Artifact, Task, TaskState
from tracker.providers.ports.commands import Get
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontCall
from tracker.providers.registry import PROVIDERS


def _shown(provider: str, path: str, task: Task) -> Any:
    front = PROVIDERS[provider].front
    assert front is not None
    name, _, query = path.partition("?")
    parameters = [(query, str(task.id))] if query else []
    call = FrontCall("GET", name.format(id=task.id), NOW, base="http://t", query=parameters)
    command = front.read(call)
    assert isinstance(command, Get)
    return front.show(call, command, Shown([task]), "1").body


def test_flux_tells_why_a_success_without_a_sample_is_an_error() -> None:
    task = a_task("flux-2-pro", state=TaskState.SUCCEEDED, finished_at=NOW)
    polled = _shown("flux", "v1/get_result?id", task)
    assert (polled["status"], bool(polled["details"]["message"])) == ("Error", True)
    front, step = (
        PROVIDERS["flux"].front,
        create_task(a_task("flux-2-pro", state=TaskState.QUEUED, version=1)).transition,
    )
    assert front is not None
    assert step is not None
    told = json.loads(front.tell(task, step, {}, base="http://t") or b"")
    assert (told["status"], "result" in told) == ("Error", False)
    assert told["message"] == polled["details"]["message"]


def test_hailuo_calls_no_end_of_ours_moderated() -> None:
    first = a_task("v1/video_generation", state=TaskState.EXPIRED, finished_at=NOW)
    told = _shown("hailuo", "v1/query/video_generation?task_id", first)
    assert (told["status"], told["base_resp"]["status_code"]) == ("Fail", 1000)
    second = a_task("v2/video_generation", state=TaskState.EXPIRED, finished_at=NOW)
    told = _shown("hailuo", "v2/query/video_generation/{id}", second)["task"]
    assert (told["status"], told["error"]["code"]) == ("expired", "expired")


def test_wan_shows_pictures_of_models_that_are_asked_as_a_chat_in_their_messages() -> None:
    piece = Artifact("image", "https://files.example/a.png", key="0")
    state = TaskState.SUCCEEDED
    task = a_task("image-generation/generation", state=state, finished_at=NOW, artifacts=(piece,))
    told = _shown("wan", "api/v1/tasks/{id}", task)["output"]
    (choice,) = told["choices"]
    assert (told["task_status"], "results" in told) == ("SUCCEEDED", False)
    assert choice["message"]["content"] == [{"image": piece.url, "type": "image"}]


def test_vidu_shows_what_was_moderated_with_its_creation() -> None:
    urls = {name: f"https://files.example/{name}" for name in ("0", "moderation/0/0", "cover/0")}
    pieces = tuple(Artifact("image", url, key=name) for name, url in urls.items())
    task = a_task("text2video", state=TaskState.SUCCEEDED, finished_at=NOW, artifacts=pieces)
    (made,) = _shown("vidu", "ent/v2/tasks/{id}/creations", task)["creations"]
    assert (made["url"], made["moderation_url"]) == (urls["0"], [urls["moderation/0/0"]])
