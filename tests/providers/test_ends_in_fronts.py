"""Ends of tasks in the words of fronts, where the provider has no word of its own for them."""

import json
from typing import Any

from tests.providers.support import NOW, a_task
from tracker.domain.lifecycle import create_task
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.front import Get, Shown
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
