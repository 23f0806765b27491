"""Wan's front: lists, cancels, refusals; and the events of an account at the shared URL."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.support.databases import SqliteTemplate
from tests.support.waiting import wait_until
from tests.web.fronts.comparing import Pair, asked_until, differences, paired
from tracker.domain import token

BASE = "/wan/api/v1"
CREATE = f"{BASE}/services/aigc/video-generation/video-synthesis"
BODY = {"model": "wan2.6-t2v", "input": {"prompt": "a cat"}}
HEADERS = {"x-dashscope-async": "enable"}
SECRET = "a secret for tests only"


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """A service that asks early, and then waits for events."""
    with paired(
        sqlite_template,
        tmp_path_factory.mktemp("wan"),
        {"wan": BASE},
        TRACKER_POLL_FIRST_S="0.05",
        TRACKER_WAN_EVENTS="true",
        TRACKER_CALLBACK_SECRETS=SECRET,
    ) as pair:
        yield pair


def made(pair: Pair, place: int, **more: object) -> str:
    answer = pair[place].post(CREATE, json=BODY | more, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"request_id", "output"}
    return str(answer.json()["output"]["task_id"])


def test_an_event_at_the_shared_url_has_the_task_asked_for(pair: Pair) -> None:
    http, id_ = pair[0], made(pair, 0)

    def theirs() -> str | None:
        found: str | None = http.get(f"/v1/tasks/{id_}").json()["provider_task_id"]
        return found

    wait_until(lambda: theirs() is not None)
    url = f"/callbacks/wan/shared/{token.sign(SECRET.encode(), 'wan', token.SHARED)}"

    ids = count()

    def tell(name: str | None) -> str:
        data = {"task_id": name, "task_status": "SUCCEEDED"}
        event = {"id": next(ids), "type": "dashscope:System:AsyncTaskFinish", "data": data}
        answer = http.post(url, json=event)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["verdict"])

    def has_succeeded() -> bool:
        tell(theirs())
        found = http.get(f"{BASE}/tasks/{id_}").json()["output"]
        return bool(found["task_status"] == "SUCCEEDED" and found["video_url"])

    assert tell("nobody's") == "unknown_task"
    wait_until(has_succeeded)
    assert tell(theirs()) == "stale"
    assert http.post("/callbacks/wan/shared/guessed", json={}).status_code == 404
    assert http.post("/callbacks/wan", json={}).status_code == 404


def test_lists_have_the_providers_shape(pair: Pair) -> None:
    for place in (0, 1):
        for _ in range(2):
            made(pair, place, emulator_scenario="hold")
    query = {"page_size": "1", "status": "PENDING"}
    front, provider = (http.get(f"{BASE}/tasks", params=query).json() for http in pair)
    assert differences(front, provider) == set()
    assert (front["page_no"], front["total_page"]) == (1, 2)
    http = pair[0]
    second = http.get(f"{BASE}/tasks/", params={"page_size": 1, "page_no": 2}).json()
    assert second["data"][0]["task_id"] != front["data"][0]["task_id"]
    assert http.get(f"{BASE}/tasks", params={"start_time": "29990101000000"}).json()["data"] == []
    behind = http.get(f"{BASE}/tasks", params=query | {"page_no": "2"})
    assert (behind.status_code, behind.json()["code"]) == (400, "InvalidParameter")
    bad = http.get(f"{BASE}/tasks", params={"end_time": "soon"})
    assert (bad.status_code, bad.json()["code"]) == (400, "InvalidParameter")


def test_a_pending_task_is_cancelled(pair: Pair) -> None:
    http, id_ = pair[0], made(pair, 0, emulator_scenario="hold")
    answer = http.post(f"{BASE}/tasks/{id_}/cancel")
    assert (answer.status_code, set(answer.json())) == (200, {"request_id"})
    assert http.post(f"{BASE}/tasks/{id_}/cancel").status_code == 200
    asked_until(
        http, f"{BASE}/tasks/{id_}", lambda found: found["output"]["task_status"] != "PENDING"
    )


def test_a_running_task_is_not_cancelled(pair: Pair) -> None:
    http, id_ = pair[0], made(pair, 0, emulator_scenario="stuck")

    def is_running(found: Any) -> bool:
        http.post(f"/v1/tasks/{id_}/refresh")  # 409 while it is not submitted yet
        return bool(found["output"]["task_status"] == "RUNNING")

    asked_until(http, f"{BASE}/tasks/{id_}", is_running)
    answer = http.post(f"{BASE}/tasks/{id_}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (400, "UnsupportedOperation")


def test_what_is_not_served_is_refused_by_a_code(pair: Pair) -> None:
    for path, status in (
        ("/wan/services", 404),
        (f"{BASE}/tasks/nobody", 404),
        (f"{BASE}/tasks/a/b", 404),
        (CREATE, 405),
    ):
        answer = pair[0].get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, "InvalidParameter")
