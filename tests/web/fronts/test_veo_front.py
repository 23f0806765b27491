"""Google's front beyond what its clients run: odd paths, refusals, events for callers."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.providers.support import NOW, a_task
from tracker.domain.errors import FieldError
from tracker.domain.lifecycle import create_task
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.ports.commands import Cancel, Create, Get, Media
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import Fault, FrontCall, FrontRefusal
from tracker.providers.registry import PROVIDERS
from tracker.providers.veo.front import KEPT_WITHIN

FRONT = PROVIDERS["veo"].front
BASE = "http://tracker.example/veo"
PREDICT, VERTEX, INTERACT = "predictLongRunning", "vertex/predictLongRunning", "interactions"
MODEL = "models/veo-3.1-generate-preview"
PLACE = "projects/cats/locations/us-central1/publishers/google/"
ID = "0192f0c1-0000-7000-8000-000000000001"
FILE = ID.replace("-", "") + "01"


def call(method: str, path: str, body: dict[str, Any] | None = None) -> FrontCall:
    return FrontCall(method, path, NOW, base=BASE, body=body)


@pytest.mark.parametrize(
    ("asked", "command"),
    [
        (
            call("POST", f"v1beta/{MODEL}:predictLongRunning", {"model": "other"}),
            Create(PREDICT, {"model": "veo-3.1-generate-preview"}),
        ),
        (
            call("POST", f"v1beta1/{PLACE}{MODEL}:predictLongRunning", {}),
            Create(VERTEX, {"model": "veo-3.1-generate-preview"}),
        ),
        (call("GET", f"v1beta/{MODEL}/operations/{ID}"), Get([ID], operation=PREDICT)),
        (
            call(
                "POST",
                f"v1/{PLACE}{MODEL}:fetchPredictOperation",
                {"operationName": f"{PLACE}{MODEL}/operations/{ID}"},
            ),
            Get([ID], operation=VERTEX),
        ),
        (call("GET", f"v1beta/files/{FILE}:download"), Media(ID, index=1)),
        (call("GET", f"v1beta/files/{FILE}"), Get([ID])),
        (call("POST", "v1/interactions", {"model": "m"}), Create(INTERACT, {"model": "m"})),
        (call("GET", f"v1beta/interactions/{ID}"), Get([ID], operation=INTERACT)),
        (call("POST", f"v1beta/interactions/{ID}/cancel"), Cancel(ID)),
    ],
)
def test_paths_of_both_apis_are_read(asked: FrontCall, command: object) -> None:
    assert FRONT is not None
    assert FRONT.read(asked) == command


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        (call("GET", f"v1beta/{MODEL}:predictLongRunning"), Fault.WRONG_METHOD),
        (call("POST", f"v1beta/{MODEL}:generateContent"), Fault.NO_ROUTE),
        (call("DELETE", f"v1beta/{MODEL}/operations/{ID}"), Fault.WRONG_METHOD),
        (call("GET", "v1beta/files/abc"), Fault.NO_ROUTE),
        (call("POST", "v1beta/webhooks"), Fault.WRONG_METHOD),
        (call("POST", f"v1/{PLACE}{MODEL}:fetchPredictOperation", {}), Fault.INVALID),
        (call("GET", f"v1beta/interactions/{ID}/steps"), Fault.NO_ROUTE),
        (call("GET", "v1beta"), Fault.NO_ROUTE),
    ],
)
def test_what_is_not_served_is_refused_in_googles_words(asked: FrontCall, fault: Fault) -> None:
    assert FRONT is not None
    refusal = FRONT.read(asked)
    assert isinstance(refusal, FrontRefusal)
    assert refusal.fault is fault
    answer = FRONT.refuse(refusal, "r", asked)
    assert answer.body["error"]["code"] == answer.status >= 400
    assert answer.body["error"]["status"]


def test_wrong_fields_stand_in_the_details() -> None:
    assert FRONT is not None
    fields = (FieldError("parameters.seed", "must be a number"),)
    answer = FRONT.refuse(FrontRefusal(Fault.INVALID, "wrong", fields), "r")
    [detail] = answer.body["error"]["details"]
    assert detail["fieldViolations"] == [
        {"field": "parameters.seed", "description": "must be a number"}
    ]


def ended(operation: str = PREDICT, **changes: Any) -> Task:
    piece = Artifact("video", "https://google.example/files/a", key="0", needs_auth=True)
    usual = {"state": TaskState.SUCCEEDED, "artifacts": (piece,), "finished_at": NOW}
    return a_task(operation, **(usual | changes))


def shown(task: Task, at: datetime) -> dict[str, Any]:
    assert FRONT is not None
    path = f"v1beta/{MODEL}/operations/{task.id}"
    asked = FrontCall("GET", path, at, base=BASE)
    body: dict[str, Any] = FRONT.show(asked, Get([str(task.id)]), Shown([task]), "r").body
    return body


def test_success_counts_as_running_while_its_file_is_being_kept() -> None:
    task = ended()
    assert "done" not in shown(task, NOW)
    late = shown(task, NOW + KEPT_WITHIN)
    [sample] = late["response"]["generateVideoResponse"]["generatedSamples"]
    name = f"{task.id.hex}00"
    assert sample["video"]["uri"] == (
        f"https://tracker.example/veo/v1beta/files/{name}:download?alt=media"
    )


@pytest.mark.parametrize(
    ("state", "code"),
    [(TaskState.FAILED, 13), (TaskState.CANCELLED, 1), (TaskState.EXPIRED, 4)],
)
def test_task_that_came_to_nothing_has_a_code_of_grpc(state: TaskState, code: int) -> None:
    body = shown(ended(state=state, artifacts=(), message="why"), NOW)
    assert body["done"] is True
    assert body["error"] == {"code": code, "message": "why"}


@pytest.mark.parametrize(
    ("operation", "state", "kind"),
    [
        (PREDICT, TaskState.SUCCEEDED, "video.generated"),
        (PREDICT, TaskState.FAILED, None),
        (PREDICT, TaskState.RUNNING, None),
        (INTERACT, TaskState.SUCCEEDED, "interaction.completed"),
        (INTERACT, TaskState.FAILED, "interaction.failed"),
        (INTERACT, TaskState.CANCELLED, "interaction.cancelled"),
    ],
)
def test_caller_is_told_as_google_tells(operation: str, state: TaskState, kind: str | None) -> None:
    assert FRONT is not None
    error = TaskError("provider", "SAFETY", "why") if state is TaskState.FAILED else None
    task = ended(operation, state=state, error=error)
    step = create_task(a_task(operation, state=TaskState.QUEUED, version=1)).transition
    assert step is not None
    field = "webhook_config" if operation == INTERACT else "webhookConfig"
    given = {"model": "m", field: {"user_metadata": {"order": 5}}}
    told = FRONT.tell(task, step, given, base=BASE)
    assert (told and json.loads(told)["type"]) == kind
    if told is not None:
        data = json.loads(told)["data"]
        assert data["user_metadata"] == {"order": 5}
        assert str(task.id) in data["id"]
        assert (data.get("error_code") == "SAFETY") is (error is not None)
