"""The receiver: every callback is kept, applied once, and answered only then."""

import itertools
import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.raw import answer_of, dial
from tests.support.requests import SECRET, build_kling_callback, find_callback_path, submit
from tests.support.service import build_environment, serve_service
from tests.support.waiting import PATIENCE_S
from tracker.domain import token


def _state(http: httpx.Client, task: dict[str, Any]) -> tuple[str, int]:
    now = http.get(f"/v1/tasks/{task['id']}").json()
    return now["state"], now["version"]


def _verdicts(http: httpx.Client, task: dict[str, Any]) -> list[str]:
    receipts = http.get(f"/v1/tasks/{task['id']}/receipts").json()["receipts"]
    return [receipt["verdict"] for receipt in receipts]


def _call(http: httpx.Client, task: dict[str, Any], body: bytes) -> httpx.Response:
    return http.post(find_callback_path(task["id"]), content=body)


def test_a_callback_moves_the_task_and_is_its_evidence(http: httpx.Client) -> None:
    task = submit(http)
    body = build_kling_callback("succeed")
    assert _call(http, task, body).json() == {"verdict": "advanced"}
    now = http.get(f"/v1/tasks/{task['id']}").json()
    assert (now["state"], now["provider_status"]) == ("succeeded", "succeed")
    assert now["result"]["artifacts"][0]["url"] == "https://media.example/v.mp4"
    last = http.get(f"/v1/tasks/{task['id']}/transitions").json()["transitions"][-1]
    receipt = http.get(f"/v1/tasks/{task['id']}/receipts").json()["receipts"][0]
    assert last["source"] == "callback"
    assert last["evidence"] == {"type": "receipt", "id": receipt["id"]}
    assert receipt["body"].encode() == body


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["submitted", "processing", "succeed"]))
)
def test_any_order_ends_the_same(http: httpx.Client, order: tuple[str, ...]) -> None:
    task = submit(http)
    for word in order:
        assert _call(http, task, build_kling_callback(word)).status_code == 200
    assert _state(http, task)[0] == "succeeded"
    assert len(_verdicts(http, task)) == 3


def test_a_thousand_duplicates_at_once_make_one_transition(http: httpx.Client) -> None:
    task, said = submit(http), build_kling_callback("succeed")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: _call(http, task, said), range(1000)))
    assert {answer.status_code for answer in answers} == {200}
    told = Counter(answer.json()["verdict"] for answer in answers)
    assert told == {"advanced": 1, "duplicate": 999}
    assert _state(http, task) == ("succeeded", 2)
    kept: Counter[str] = Counter()
    page = f"/v1/tasks/{task['id']}/receipts?limit=500"
    while page:
        answer = http.get(page)
        kept.update(receipt["verdict"] for receipt in answer.json()["receipts"])
        page = answer.links.get("next", {}).get("url", "")
    assert kept == told


def test_stale_conflicting_and_unknown_words_are_kept_and_change_nothing(
    http: httpx.Client,
) -> None:
    task = submit(http)
    words = ["succeed", "processing", "failed", "marinating", "SUCCEED"]
    answers = [_call(http, task, build_kling_callback(word)).json()["verdict"] for word in words]
    assert answers == ["advanced", "stale", "conflict", "unknown_status", "duplicate"]
    assert _verdicts(http, task) == answers
    assert _state(http, task) == ("succeeded", 2)


def test_wrong_token_and_unknown_task_cannot_be_told_apart(http: httpx.Client) -> None:
    task = submit(http)
    genuine = find_callback_path(task["id"])
    unknown = str(uuid.uuid4())
    wrong = [
        genuine[:-1] + ("A" if genuine[-1] != "A" else "B"),
        f"/callbacks/kling/{unknown}/{genuine.rpartition('/')[2]}",
        f"/callbacks/kling/{unknown}/x",
        find_callback_path(task["id"], secret=b"another secret"),
        find_callback_path(task["id"], provider="nobody"),
        genuine.replace(task["id"], task["id"].upper()),
        f"/callbacks/kling/shared/{token.sign(b'another', 'kling', 'shared')}",
    ]
    answers = [http.post(path, content=build_kling_callback("succeed")) for path in wrong]
    bodies = {json.dumps(a.json() | {"request_id": ""}) for a in answers}
    assert {answer.status_code for answer in answers} == {404}
    assert len(bodies) == 1
    assert _state(http, task) == ("queued", 1)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b'{"task_id":"1"}', b"\x00\xff", b"<html>"]
)
def test_a_body_that_cannot_be_read_is_400_and_kept(shared_http: httpx.Client, body: bytes) -> None:
    task = submit(shared_http)
    assert _call(shared_http, task, body).status_code == 400
    assert _verdicts(shared_http, task) == ["malformed"]
    assert _state(shared_http, task) == ("queued", 1)


def test_a_body_about_another_task_is_quarantined(http: httpx.Client) -> None:
    first, second = submit(http, external_task_id="one"), submit(http, external_task_id="two")
    body = build_kling_callback("succeed", task_info={"external_task_id": "two"})
    assert _call(http, first, body).json() == {"verdict": "mismatch"}
    assert _state(http, first) == _state(http, second) == ("queued", 1)
    assert _verdicts(http, first) == ["mismatch"]


def test_the_shared_url_finds_tasks_by_external_id(http: httpx.Client) -> None:
    task = submit(http, external_task_id="mine")
    path = find_callback_path(token.SHARED)
    body = build_kling_callback("processing", task_info={"external_task_id": "mine"})
    assert http.post(path, content=body).json() == {"verdict": "advanced"}
    assert _state(http, task)[0] == "running"
    unknown = build_kling_callback("succeed", task_id="7", task_info={"external_task_id": "no"})
    assert http.post(path, content=unknown).json() == {"verdict": "unknown_task"}


def test_an_enveloped_body_is_read_as_well(http: httpx.Client) -> None:
    task = submit(http)
    inner = json.loads(build_kling_callback("succeed"))
    body = json.dumps({"code": 0, "message": "SUCCEED", "request_id": "r", "data": inner})
    assert _call(http, task, body.encode()).json() == {"verdict": "advanced"}


def test_hostile_text_is_kept_and_never_a_500(http: httpx.Client) -> None:
    task = submit(http)
    body = build_kling_callback(
        "failed", task_status_msg="a\u0000b\ud800c", task_result={"x\u0000": ["\u0000"]}
    )
    assert _call(http, task, body).status_code == 200
    now = http.get(f"/v1/tasks/{task['id']}").json()
    assert now["error"]["message"] == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"


def test_callback_limit_is_exact(http: httpx.Client) -> None:
    task = submit(http)
    body = build_kling_callback("processing")
    assert _call(http, task, body + b" " * (16384 - len(body))).status_code == 200
    assert _call(http, task, body + b" " * (16385 - len(body))).status_code == 413
    pieces = iter([body, b" " * 16384])
    path = find_callback_path(task["id"])
    assert http.post(path, content=pieces).status_code == 413


def test_a_trickling_body_is_cut_off(database_url: str, tmp_path: Path) -> None:
    env = build_environment(
        database_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS=SECRET.decode(),
        TRACKER_BODY_TIMEOUT_S="0.5",
    )
    with (
        serve_service(env, workers=False) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE_S) as http,
        dial(url) as slow,
    ):
        task = submit(http)
        head = f"POST {find_callback_path(task['id'])} HTTP/1.1\r\nHost: x\r\nContent-Length: 100"
        slow.sendall(f"{head}\r\n\r\n{{".encode())
        assert answer_of(slow)[0] == 408
        assert _state(http, task) == ("queued", 1)
