"""Waiting for a task over HTTP: what ends it, and what it says of itself."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from tests.support.requests import (
    build_kling_callback,
    build_submission,
    find_callback_path,
    submit,
)

LONG = 60


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def say(http: httpx.Client, task_id: str, status: str) -> None:
    answer = http.post(
        find_callback_path(task_id), content=build_kling_callback(status, task_id=f"p-{task_id}")
    )
    assert answer.status_code == 200, answer.text


def test_a_wait_ends_with_the_task(http: httpx.Client, beside: ThreadPoolExecutor) -> None:
    task = submit(http)
    waiting = beside.submit(http.get, f"/v1/tasks/{task['id']}?wait={LONG}")
    say(http, task["id"], "processing")  # moves it, and is not its end
    say(http, task["id"], "succeed")
    answer = waiting.result()
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
    assert "retry-after" not in answer.headers


def test_a_wait_with_a_known_version_ends_when_it_moves(
    http: httpx.Client, beside: ThreadPoolExecutor
) -> None:
    task = submit(http)
    waiting = beside.submit(
        http.get, f"/v1/tasks/{task['id']}?wait={LONG}", headers={"if-none-match": '"1"'}
    )
    say(http, task["id"], "processing")
    answer = waiting.result()
    assert (answer.status_code, answer.json()["state"]) == (200, "running")
    assert answer.headers["etag"] == '"2"'


@pytest.mark.parametrize("seen", ['"1"', '"0", W/"1"', "*"])
def test_a_wait_without_news_is_304_when_the_time_is_over(http: httpx.Client, seen: str) -> None:
    task = submit(http)
    started = time.monotonic()
    answer = http.get(f"/v1/tasks/{task['id']}?wait=1", headers={"if-none-match": seen})
    assert (answer.status_code, answer.content) == (304, b"")
    assert time.monotonic() - started >= 1


def test_an_old_version_a_verdict_and_no_wait_are_answered_at_once(http: httpx.Client) -> None:
    task = submit(http)
    path = f"/v1/tasks/{task['id']}"
    http.timeout = LONG / 2  # who waits is given up before the wait is over
    assert http.get(f"{path}?wait={LONG}", headers={"if-none-match": '"0"'}).status_code == 200
    assert http.get(f"{path}?wait=0").status_code == 200
    say(http, task["id"], "failed")
    assert http.get(f"{path}?wait={LONG}").json()["state"] == "failed"
    assert http.get(f"{path}?wait={LONG}", headers={"if-none-match": '"2"'}).status_code == 304


@pytest.mark.parametrize(
    ("given", "applied"),
    [
        ("wait=1", "wait=1"),
        ('respond-async, Wait = "1"; x=y', "wait=1"),
        ("wait=0", "wait=0"),
        ("wait=-1", None),
        ("wait=soon", None),
        ("await=1", None),
    ],
)
def test_a_preference_is_applied_and_said_or_ignored(
    http: httpx.Client, given: str, applied: str | None
) -> None:
    task = submit(http)
    answer = http.get(f"/v1/tasks/{task['id']}", headers={"prefer": given})
    assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    assert answer.headers.get("preference-applied") == applied


@pytest.mark.parametrize("wait", ["61", "-1", "soon", "1&wait=2", ""])
def test_a_wait_out_of_bounds_is_400(http: httpx.Client, wait: str) -> None:
    task = submit(http)
    answer = http.get(f"/v1/tasks/{task['id']}?wait={wait}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "wait"


def test_an_unknown_task_is_not_waited_for(http: httpx.Client) -> None:
    assert (
        http.get(f"/v1/tasks/01a20cc0-9b56-74d5-b1db-1d0dc30dd2da?wait={LONG}").status_code == 404
    )


def test_a_submission_may_wait_for_its_task(http: httpx.Client, beside: ThreadPoolExecutor) -> None:
    headers = {"prefer": f"wait={LONG}", "idempotency-key": "k1"}
    waiting = beside.submit(http.post, "/v1/tasks", json=build_submission(), headers=headers)
    task_id = _first_task(http)
    say(http, task_id, "succeed")
    for answer in (
        waiting.result(),
        http.post("/v1/tasks", json=build_submission(), headers=headers),
    ):
        assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
        assert answer.headers["preference-applied"] == f"wait={LONG}"
        assert answer.headers["location"] == f"/v1/tasks/{task_id}"
        assert answer.headers["etag"] == '"2"'


def test_a_submission_that_waited_in_vain_is_202(http: httpx.Client) -> None:
    answer = http.post("/v1/tasks", json=build_submission(), headers={"prefer": "wait=1"})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert int(answer.headers["retry-after"]) >= 1


def test_many_wait_for_one_task_and_one_for_each_of_many(
    http: httpx.Client, beside: ThreadPoolExecutor
) -> None:
    tasks = [submit(http)["id"] for _ in range(3)]
    waiting: list[Future[httpx.Response]] = [
        beside.submit(http.get, f"/v1/tasks/{task_id}?wait={LONG}") for task_id in tasks * 2
    ]
    for task_id in tasks:
        say(http, task_id, "succeed")
    answers = [one.result().json() for one in waiting]
    assert [task["id"] for task in answers] == tasks * 2
    assert {task["state"] for task in answers} == {"succeeded"}


def _first_task(http: httpx.Client) -> str:
    """The first task there is, as the feed tells of it."""
    change = http.get(f"/v1/changes?wait={LONG}").json()["changes"][0]
    return str(change["task_id"])
