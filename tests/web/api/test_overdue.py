"""A task past its deadline is overdue wherever it is read, also where nothing flags it."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from tests.support.requests import submit
from tests.support.waiting import wait_until
from tracker.store.driver.engine import open_engine
from tracker.store.schema import tasks


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    """A client of a service without workers."""
    return shared_http


def _one(http: httpx.Client, task: str) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"/v1/tasks/{task}").json()
    return found


def test_it_is_overdue_in_every_answer(http: httpx.Client) -> None:
    late, early = submit(http, deadline_s=0.001)["id"], submit(http, deadline_s=3600)["id"]
    wait_until(lambda: _one(http, late)["overdue"])
    shown = _one(http, late)
    assert (shown["state"], shown["version"]) == ("queued", 1)  # nothing was written for it
    listed = http.get("/v1/tasks").json()["tasks"]
    assert {one["id"]: one["overdue"] for one in listed} == {late: True, early: False}
    found = http.post("/v1/tasks/query", json={"ids": [late, early]}).json()["items"]
    assert [one["task"]["overdue"] for one in found] == [True, False]
    (stuck,) = http.get("/v1/attention").json()["overdue"]
    assert stuck["task_id"] == late
    listed = http.get("/v1/tasks", params={"overdue": "false"}).json()["tasks"]
    assert [one["id"] for one in listed] == [early]
    listed = http.get("/v1/tasks", params={"overdue": "true"}).json()["tasks"]
    assert [(one["id"], one["overdue"]) for one in listed] == [(late, True)]


def test_who_has_its_version_is_told(http: httpx.Client) -> None:
    made = submit(http, deadline_s=0.2)
    tag = {"if-none-match": f'"{made["version"]}"'}

    def is_told() -> bool:
        answer = http.get(f"/v1/tasks/{made['id']}", headers=tag)
        return answer.status_code == 200 and answer.json()["overdue"]

    wait_until(is_told)
    told = http.get(f"/v1/tasks/{made['id']}")
    assert told.headers["etag"] == '"2"'
    assert http.get(f"/v1/tasks/{made['id']}", headers={"if-none-match": '"2"'}).status_code == 304


def test_one_that_has_ended_is_as_it_was_when_it_ended(
    http: httpx.Client, shared_database_url: str
) -> None:
    made = submit(http, deadline_s=3600)["id"]
    assert http.post(f"/v1/tasks/{made}/cancel").json()["state"] == "cancelled"
    engine = open_engine(shared_database_url)
    with engine.begin() as db:  # its deadline was a moment after its end, and is over
        row = tasks.c.id == UUID(made)
        db.execute(update(tasks).where(row).values(deadline_at=tasks.c.finished_at))
    engine.dispose()
    shown = _one(http, made)
    assert shown["deadline_at"] == shown["finished_at"]
    assert shown["overdue"] is False
