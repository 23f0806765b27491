"""fal's front: status and result, calls that wait, calls that name their address in a header."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.providers.support import NOW, a_task
from tests.support.waiting import wait_until
from tests.web.fronts.comparing import Pair, asked_until, differences, paired
from tracker.domain.lifecycle import create_task
from tracker.domain.task import Artifact, TaskError, TaskState
from tracker.emulator import DEFAULT_KEY
from tracker.providers.registry import PROVIDERS

KEY = {"authorization": f"Key {DEFAULT_KEY}"}
MODEL = "/fal/fal-ai/flux/dev"
PROXY = "/fal/proxy"


@pytest.fixture(scope="module")
def pair(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("fal")
    settings = {"TRACKER_POLL_FIRST_S": "0.05", "TRACKER_AUTH": "off"}
    with paired(shared_database_url, folder, {"fal": "/fal"}, **settings) as pair:
        yield pair


def _made(http: httpx.Client, prompt: str, **more: Any) -> dict[str, Any]:
    answer = http.post(MODEL, json={"prompt": prompt, **more}, headers=KEY)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _ended(http: httpx.Client, made: Mapping[str, Any]) -> dict[str, Any]:
    last = asked_until(http, made["status_url"], lambda one: one["status"] == "COMPLETED", **KEY)
    assert isinstance(last, dict)
    return last


def test_status_and_result_are_those_of_the_provider(pair: Pair) -> None:
    payloads = []
    for http in pair:
        held = _made(http, "a cat", emulator_scenario="hold")
        early = http.get(held["response_url"], headers=KEY)
        assert (early.status_code, early.json()["detail"]) == (400, "Request is still in progress")
        assert http.get(held["status_url"], headers=KEY).status_code == 202
        made = _made(http, "a cat", num_images=2)
        assert made["status_url"].endswith(f"/fal/fal-ai/flux/requests/{made['request_id']}/status")
        done = _ended(http, made)
        assert "error" not in done
        for url in (made["response_url"], f"{made['response_url']}/response"):
            answer = http.get(url, headers=KEY)
            assert answer.status_code == 200
        payloads.append(answer.json())
    front, provider = payloads
    assert differences(front, provider) == set()
    assert len(front["images"]) == 2


def test_webhooks_are_proved_by_the_keys_that_the_provider_publishes(pair: Pair) -> None:
    http = pair[0]
    made = _made(http, "a cat that calls back")
    found: list[dict[str, Any]] = []

    def has_come() -> bool:
        receipts = http.get(f"/v1/tasks/{made['request_id']}/receipts").json()["receipts"]
        found[:] = [one for one in receipts if one["source"] == "callback"]
        return bool(found)

    wait_until(has_come)
    assert "forged" not in {one["verdict"] for one in found}
    assert "x-fal-webhook-signature" in found[0]["headers"]


def test_a_failure_is_told_by_its_status_and_its_result(pair: Pair) -> None:
    answers = []
    for http in pair:
        made = _made(http, "a cat", emulator_scenario="failed")
        done = _ended(http, made)
        assert done["error"]
        assert done["error_type"]
        answer = http.get(made["response_url"], headers=KEY)
        assert answer.status_code == 422
        answers.append(answer.json()["detail"])
    assert answers[0] == answers[1]


def test_a_call_of_fal_run_waits_for_its_result(pair: Pair) -> None:
    front, provider = (
        http.post(f"{base}/fal-ai/flux/dev", json={"prompt": "a cat"}, headers=KEY)
        for http, base in zip(pair, ("/fal/run", "/fal-run"), strict=True)
    )
    assert (front.status_code, provider.status_code) == (200, 200)
    assert differences(front.json(), provider.json()) == set()
    id_ = front.headers["x-fal-request-id"]
    again = pair[0].get(f"/fal/fal-ai/flux/requests/{id_}", headers=KEY)
    assert again.json() == front.json()
    failed = pair[0].post("/fal/run/fal-ai/flux/dev", json={"seed": 1}, headers=KEY)
    assert failed.status_code == 422
    [flaw] = failed.json()["detail"]
    assert (flaw["loc"], flaw["msg"]) == (["body", "prompt"], "Field required")


def _proxied(http: httpx.Client, method: str, target: str, **more: Any) -> httpx.Response:
    return http.request(method, PROXY, headers=KEY | {"x-fal-target-url": target}, **more)


def test_a_call_may_name_its_address_in_a_header(pair: Pair) -> None:
    http, body = pair[0], {"prompt": "a cat of the proxy"}
    queue = "https://queue.fal.run"
    made = [
        _proxied(http, "POST", f"{queue}/fal-ai/{model}", json=body).json()
        for model in ("flux/dev", "veo3")
    ]
    assert made[0]["request_id"] != made[1]["request_id"]
    assert made[1]["status_url"] == f"{queue}/fal-ai/veo3/requests/{made[1]['request_id']}/status"
    for one, kind in zip(made, ("images", "video"), strict=True):
        target = {"x-fal-target-url": f"{one['status_url']}?logs=1"}
        asked_until(http, PROXY, lambda last: last["status"] == "COMPLETED", **KEY, **target)
        assert kind in _proxied(http, "GET", one["response_url"]).json()
    late = _proxied(http, "PUT", made[0]["cancel_url"])
    assert (late.status_code, late.json()) == (400, {"status": "ALREADY_COMPLETED"})
    held = _proxied(http, "POST", "https://fal.run/fal-ai/flux/dev", json=body)
    assert held.json()["images"]


@pytest.mark.parametrize(
    "target",
    [
        "https://rest.fal.ai/storage/upload/initiate",
        "https://queue.fal.run.evil.example/fal-ai/flux/dev",
        "http://queue.fal.run/fal-ai/flux/dev",
        "https://user@queue.fal.run/fal-ai/flux/dev",
        "https://[/fal-ai/flux/dev",
        "queue.fal.run",
    ],
)
def test_no_other_address_is_reached_through_the_header(pair: Pair, target: str) -> None:
    answer = _proxied(pair[0], "POST", target, json={"prompt": "a cat"})
    assert answer.status_code == 404
    assert "x-fal-target-url must lead to" in answer.json()["detail"]


def test_what_is_not_served_is_refused_in_words(pair: Pair) -> None:
    http = pair[0]
    made = _made(http, "a cat")
    path = f"/fal/fal-ai/flux/requests/{made['request_id']}"
    for method, url, status in (
        ("GET", f"{path}/status/stream", 404),
        ("POST", f"{path}/cancel", 405),
        ("GET", f"{path}/else", 404),
        ("GET", "/fal/fal-ai/flux/requests/nobody/status", 404),
        ("GET", MODEL, 405),
        ("POST", "/fal/flux", 404),
        ("POST", PROXY, 404),
    ):
        answer = http.request(method, url, headers=KEY)
        assert answer.status_code == status, url
        assert isinstance(answer.json()["detail"], str)
        assert answer.json()["message"]
    wrong = http.post(MODEL, json={}, headers=KEY | {"x-fal-request-timeout": "soon"})
    assert wrong.status_code == 422
    [flaw] = wrong.json()["detail"]
    assert flaw["loc"] == ["body", "start_timeout"]


def test_a_cancel_is_taken_and_told_as_completed_with_an_error(pair: Pair) -> None:
    http = pair[0]
    made = _made(http, "a cat", emulator_scenario="hold")
    answer = http.put(made["cancel_url"], headers=KEY)
    assert answer.status_code in (200, 202)
    assert "cancelled" in _ended(http, made)["error"].lower()
    assert http.get(made["response_url"], headers=KEY).status_code == 422


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        (TaskState.RUNNING, {}, None),
        (
            TaskState.SUCCEEDED,
            {"detail": {"payload": {"seed": 7}}},
            {"status": "OK", "payload": {"seed": 7}},
        ),
        (
            TaskState.SUCCEEDED,
            {},
            {
                "status": "OK",
                "payload": None,
                "payload_error": "the result is no longer there",
            },
        ),
        (
            TaskState.FAILED,
            {"error": TaskError("provider", "internal_error", "broken")},
            {
                "status": "ERROR",
                "error": "broken",
                "payload": {
                    "detail": [{"loc": ["body"], "msg": "broken", "type": "internal_error"}]
                },
            },
        ),
        (
            TaskState.EXPIRED,
            {},
            {
                "status": "ERROR",
                "error": "expired",
                "payload": {
                    "detail": [{"loc": ["body"], "msg": "expired", "type": "request_expired"}]
                },
            },
        ),
    ],
)
def test_a_caller_is_told_of_the_end_as_fal_tells_it(
    state: TaskState, more: Mapping[str, Any], expected: Mapping[str, Any] | None
) -> None:
    front = PROVIDERS["fal"].front
    assert front is not None
    task = a_task("fal-ai/flux/dev", state=state, finished_at=NOW, **more)
    step = create_task(replace(task, state=TaskState.QUEUED, version=1)).transition
    assert step is not None
    body = front.tell(task, step, {}, base="https://us.example/fal")
    ids = {"request_id": str(task.id), "gateway_request_id": str(task.id)}
    assert (body and json.loads(body)) == (expected and ids | dict(expected))


def test_files_are_shown_where_they_are_kept() -> None:
    """Links of this service stand in the place of fal's, wherever in the result that is."""
    payload = {"images": [{"url": "https://v3.fal.media/a.png"}], "audio_url": "https://m/b.wav"}
    kept = Artifact("image", "https://us.example/assets/1", key="images.0.url")
    theirs = Artifact("audio", "https://m/b.wav", key="audio_url")
    front = PROVIDERS["fal"].front
    assert front is not None
    task = a_task(
        "fal-ai/flux/dev",
        state=TaskState.SUCCEEDED,
        detail={"payload": payload},
        artifacts=(kept, theirs),
    )
    step = create_task(replace(task, state=TaskState.QUEUED, version=1)).transition
    assert step is not None
    body = front.tell(task, step, {}, base="https://us.example/fal")
    assert json.loads(body or b"{}")["payload"] == payload | {"images": [{"url": kept.url}]}
