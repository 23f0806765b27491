"""`/v1/tasks`: what is accepted, what is refused and how that is said, and how tasks are read."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from docs import draw
from tests.support.history import NOW, insert, make_task
from tests.support.keys import build_bearer, issue
from tests.support.made_up_api import Played
from tests.support.requests import EXAMPLE, build_submission, submit
from tests.support.service import build_environment, serve_to_client
from tests.support.workbench import ScriptedHttp, open_workbench
from tests.web.conftest import Shared
from tracker.client import Client, CursorGone, Dropped
from tracker.client import Task as ClientTask
from tracker.domain.rendering import format_instant
from tracker.domain.task import Task, TaskState
from tracker.services.upkeep.counting import EndCounter
from tracker.store.driver.transaction import Tx
from tracker.store.task_drops import drop_tasks, find_droppable_later


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def test_an_accepted_task_is_queued_and_has_an_address(http: httpx.Client) -> None:
    answer = http.post("/v1/tasks", json=build_submission(metadata={"order": 7}))
    task = answer.json()
    assert answer.status_code == 202
    assert (task["state"], task["version"]) == ("queued", 1)
    assert task["metadata"] == {"order": 7}
    assert task["external_task_id"] == task["id"]
    assert http.get(answer.headers["location"]).json() == task


def test_the_only_provider_with_accounts_may_be_left_out(http: httpx.Client) -> None:
    unnamed = build_submission()
    del unnamed["provider"]
    headers = {"idempotency-key": "k1"}
    made = http.post("/v1/tasks", json=unnamed, headers=headers)
    assert (made.status_code, made.json()["provider"]) == (202, "kling")
    named = http.post("/v1/tasks", json=build_submission(), headers=headers)
    assert named.json() == made.json()


def test_of_several_providers_with_accounts_one_must_be_named(
    sqlite_url: str, tmp_path: Path
) -> None:
    env = build_environment(
        sqlite_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_LUMA_API_KEY="a-key-for-tests-only",
    )
    unnamed = build_submission()
    del unnamed["provider"]
    with serve_to_client(env, workers=False) as http:
        refused = http.post("/v1/tasks", json=unnamed)
        (error,) = refused.json()["errors"]
        assert (refused.status_code, error["path"]) == (422, "provider")
        assert error["reason"] == "say which; one of: kling, luma"
        assert http.post("/v1/tasks", json=build_submission()).status_code == 202


def test_same_key_and_body_is_the_same_answer(http: httpx.Client) -> None:
    headers = {"idempotency-key": "k1"}
    first = http.post("/v1/tasks", json=build_submission(), headers=headers)
    again = http.post("/v1/tasks", json=build_submission(), headers=headers)
    assert again.status_code == first.status_code == 202
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(http.get("/v1/tasks").json()["tasks"]) == 1


def test_a_try_whose_unset_fields_are_null_or_empty_is_the_same_request(http: httpx.Client) -> None:
    headers = {"idempotency-key": "k1"}
    first = http.post("/v1/tasks", json=build_submission(), headers=headers)
    outer = ("account", "external_task_id", "metadata", "webhook_url", "deadline_s")
    empties: tuple[Any, ...] = (None, "", " ", [], {})
    for empty in empties:
        more = {"negative_prompt": empty, "camera_control": {"type": empty, "config": {}}}
        body = build_submission(input=EXAMPLE | more) | dict.fromkeys(outer, empty)
        again = http.post("/v1/tasks", json=body, headers=headers)
        assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


def test_the_shortest_deadline_goes_with_a_key(http: httpx.Client) -> None:
    headers = {"idempotency-key": "k1"}
    answer = http.post("/v1/tasks", json=build_submission(deadline_s=0.001), headers=headers)
    assert answer.status_code == 202
    task = answer.json()
    assert task["created_at"] <= task["deadline_at"] < task["created_at"][:17] + "99"
    tiny = http.post("/v1/tasks", json=build_submission(deadline_s=5e-324), headers=headers)
    assert tiny.json()["errors"][0]["path"] == "deadline_s"


def test_same_key_with_another_body_is_422(http: httpx.Client) -> None:
    headers = {"idempotency-key": "k1"}
    http.post("/v1/tasks", json=build_submission(), headers=headers)
    other = build_submission(input=EXAMPLE | {"duration": "10"})
    answer = http.post("/v1/tasks", json=other, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("idempotency-key-reused")


def test_two_idempotency_keys_are_none(http: httpx.Client) -> None:
    headers = [("idempotency-key", "k1"), ("idempotency-key", "k2")]
    assert http.post("/v1/tasks", json=build_submission(), headers=headers).status_code == 400
    headers[1] = headers[0]
    assert http.post("/v1/tasks", json=build_submission(), headers=headers).status_code == 202


def test_a_taken_external_id_is_409_and_records_nothing(http: httpx.Client) -> None:
    submit(http, external_task_id="mine")
    answer = http.post("/v1/tasks", json=build_submission(external_task_id="mine"))
    assert answer.status_code == 409
    assert "mine" in answer.json()["detail"]
    assert len(http.get("/v1/tasks").json()["tasks"]) == 1


@pytest.mark.parametrize("account", [None, "default"])
@pytest.mark.parametrize(
    ("operation", "accept", "told"),
    [
        ("videos/text-video", "en", "; did you mean videos/text2video?"),
        ("Videos/Text2Video", "en", "; did you mean videos/text2video?"),
        ("videos/text-video", "zh", "你是不是想写 videos/text2video？"),
        ("zzzzzz", "en", "no such operation of this provider"),
    ],
)
def test_an_operation_that_is_not_there_is_told_with_what_was_probably_meant(
    http: httpx.Client, operation: str, accept: str, told: str, account: str | None
) -> None:
    body = build_submission() | {"operation": operation} | ({"account": account} if account else {})
    answer = http.post("/v1/tasks", json=body, headers={"accept-language": accept})
    (error,) = answer.json()["errors"]
    assert error["path"] == "operation"
    assert str(next(v for k, v in error.items() if k != "path")).endswith(told), error


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"provider": "nobody"}, "provider"),
        ({"provider": 3}, "provider"),
        ({"operation": "videos/none"}, "operation"),
        ({"input": []}, "input"),
        ({"input": EXAMPLE | {"mode": "fast"}}, "input.mode"),
        ({"input": {"image_list": [{"image": "x y"}]}}, "input.image_list[0].image"),
        ({"account": "nobody"}, "account"),
        ({"metadata": {"a": {"b": 1}}}, "metadata.a"),
        ({"metadata": "x"}, "metadata"),
        ({"deadline_s": 0}, "deadline_s"),
        ({"deadline_s": "5"}, "deadline_s"),
        ({"external_task_id": ["a"]}, "external_task_id"),
        ({"external_task_id": "a\u0000b"}, "external_task_id"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_field_is_422_and_names_its_path(
    http: httpx.Client, change: dict[str, Any], path: str
) -> None:
    answer = http.post("/v1/tasks", json=build_submission(**change))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert http.get("/v1/tasks").json()["tasks"] == []


def test_all_wrong_fields_are_named_at_once(http: httpx.Client) -> None:
    wrong = EXAMPLE | {"mode": "fast", "duration": 6, "image_list": []}
    errors = http.post("/v1/tasks", json=build_submission(input=wrong)).json()["errors"]
    assert {error["path"] for error in errors} == {
        "input.mode",
        "input.duration",
        "input.image_list",
    }


def test_an_unknown_field_of_an_input_is_warned_about_and_passed_on(http: httpx.Client) -> None:
    body = build_submission(input=EXAMPLE | {"durations": "5"})
    told = {"idempotency-key": "warned", "accept-language": "zh-CN"}
    for headers in (told, told, {"accept-language": "en"}):
        answer = http.post("/v1/tasks", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        (warning,) = answer.json()["warnings"]
        assert warning["path"] == "input.durations"
        assert "duration" in warning["reason"]
    assert warning["reason"].endswith("did you mean duration?")
    assert ClientTask.parse(answer.json()).warnings == (f"input.durations: {warning['reason']}",)
    assert "warnings" not in http.get(answer.headers["location"]).json()
    assert "warnings" not in http.post("/v1/tasks", json=build_submission()).json()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"", 400),
        (b"\xff", 400),
        (b'{"a":NaN}', 400),
        (b"[" * 9000, 400),
    ],
)
def test_what_is_no_json_object_is_400(http: httpx.Client, body: bytes, status: int) -> None:
    answer = http.post("/v1/tasks", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["type"].endswith("malformed-request")


def test_a_body_that_is_not_said_to_be_json_is_415(http: httpx.Client) -> None:
    for kind in ("text/plain", "text/plain, application/json", "application/x-www-form-urlencoded"):
        answer = http.post("/v1/tasks", content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 415
    for kind in ("text/json", "application/x-json", "application/json, application/json"):
        answer = http.post("/v1/tasks", content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 422


def test_body_limit_is_exact_however_the_body_is_framed(http: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    fits, over = b" " * 65536, b" " * 65537
    assert http.post("/v1/tasks", content=fits, headers=headers).status_code == 400
    assert http.post("/v1/tasks", content=over, headers=headers).status_code == 413
    assert http.post("/v1/tasks", content=iter([fits]), headers=headers).status_code == 400
    assert http.post("/v1/tasks", content=iter([fits, b" "]), headers=headers).status_code == 413


def test_a_known_version_is_304_with_no_body(http: httpx.Client) -> None:
    task = submit(http)
    first = http.get(f"/v1/tasks/{task['id']}")
    again = http.get(
        f"/v1/tasks/{task['id']}", headers={"if-none-match": f'"0", W/{first.headers["etag"]}'}
    )
    assert first.headers["etag"] == '"1"'
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["01a20cc0-9b56-74d5-b1db-1d0dc30dd2da", "nothing", "%00", "1"])
@pytest.mark.parametrize("part", ["", "/transitions", "/receipts", "/attempts", "/deliveries"])
def test_an_unknown_task_is_404(http: httpx.Client, name: str, part: str) -> None:
    assert http.get(f"/v1/tasks/{name}{part}").status_code == 404


def test_request_ids_go_in_and_out_and_into_problems(http: httpx.Client) -> None:
    answer = http.get("/v1/tasks/none", headers={"x-request-id": "mine-1"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "mine-1"
    odd = http.get("/healthz", headers={"x-request-id": "not\tsane"})
    assert odd.headers["x-request-id"] != "not\tsane"


def test_health_and_readiness_answer(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json()["status"] == "ok"


@pytest.mark.parametrize("path", ["/nothing", "/v1/tasks/none/nothing", "/v1/endpoints/a/b/c"])
def test_an_unknown_path_is_a_problem_too(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_method_is_405_with_what_is_allowed(http: httpx.Client) -> None:
    answer = http.delete("/v1/tasks")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_a_dropped_task_is_410_with_its_end_and_its_name_stays_taken(shared_idle: Shared) -> None:
    key = issue(shared_idle.database_url, tenant="dropping")
    task = make_task(tenant="dropping", state=TaskState.SUCCEEDED, finished_at=NOW)
    asyncio.run(_insert_and_drop(shared_idle.database_url, task))
    path = f"/v1/tasks/{task.id}"
    document = json.loads(draw.OPENAPI.read_text())
    described, shape = document["paths"], document["components"]["schemas"]["Problem"]
    with httpx.Client(
        base_url=shared_idle.url, headers=build_bearer(key), trust_env=False, timeout=60
    ) as http:
        for below in ("", "/input", "/transitions", "/receipts", "/attempts", "/deliveries"):
            gone = http.get(f"{path}{below}")
            assert gone.status_code == 410
            assert "410" in described[f"/v1/tasks/{{id}}{below}"]["get"]["responses"]
            told = gone.json()
            assert told["type"] == "urn:tracker:problem:task-gone"
            assert (told["state"], told["finished_at"]) == ("succeeded", format_instant(NOW))
            assert set(told) <= set(shape["properties"])
        named = build_submission(external_task_id=task.external_task_id)
        again = http.post("/v1/tasks", json=named)
        assert (again.status_code, again.json()["type"]) == (409, "urn:tracker:problem:conflict")
    with shared_idle.client() as other:
        assert other.get(path).status_code == 404
    with Client(shared_idle.url, key.secret) as tracker, pytest.raises(Dropped) as raised:
        tracker.get(str(task.id))
    assert not isinstance(raised.value, CursorGone)
    assert (raised.value.state, raised.value.finished_at) == ("succeeded", NOW)


async def _insert_and_drop(database_url: str, task: Task) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        store = bench.context.store
        (inserted,) = await insert(store, task)
        await EndCounter(bench.context).fold_all()
        assert await store.write(_drop, inserted.key) == set()


def _drop(tx: Tx, keys: Sequence[int]) -> list[set[int]]:
    found = [find_droppable_later(tx.db, [key], lock=True)() for key in keys]
    return [drop_tasks(tx.db, one, now=tx.now).left for one in found]
