"""`/v1/runs`: a dry run's token hands it to the workers, for one tenant and by right."""

from typing import Any

import httpx
import pytest

from tests.support.keys import build_bearer, issue
from tests.support.requests import submit
from tests.web.conftest import Shared
from tracker.domain.access import Scope


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def _counted(http: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = http.post("/v1/tasks/actions", json={"action": "cancel"} | body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_run_is_what_the_dry_run_told_and_stands_in_the_audit(http: httpx.Client) -> None:
    tasks = [submit(http, metadata={"of": "run"})["id"] for _ in range(2)]
    submit(http)
    counted = _counted(http, metadata={"of": "run"}, state=["queued"])
    assert (counted["matching"], counted["expected_costs"]) == (2, [])
    submit(http, metadata={"of": "run"})
    answer = http.post("/v1/runs", json={"token": counted["token"]})
    run = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, f"/v1/runs/{run['id']}")
    assert (run["state"], run["matching"], run["reasons"]) == ("running", 2, [])
    assert run["filter"] == {"state": ["queued"], "metadata": {"of": "run"}}
    again = http.post("/v1/runs", json={"token": counted["token"]})
    assert again.json()["id"] == run["id"]
    assert [one["id"] for one in http.get("/v1/runs").json()["runs"]] == [run["id"]]
    of_run = http.get(f"/v1/runs/{run['id']}/tasks").json()["tasks"]
    assert [(one["task_id"], one["outcome"]) for one in of_run] == [(id_, None) for id_ in tasks]
    (entry,) = http.get("/v1/audit").json()["entries"]
    assert (entry["action"], entry["number"], entry["target"]) == ("runs.start", 2, run["id"])
    assert http.post(f"/v1/runs/{run['id']}/stop").json()["state"] == "stopped"
    assert http.post(f"/v1/runs/{run['id']}/stop").status_code == 409


def test_named_tasks_are_the_run_whatever_else_matches(http: httpx.Client) -> None:
    named, _ = submit(http)["id"], submit(http)["id"]
    run = http.post("/v1/runs", json={"token": _counted(http, ids=[named])["token"]}).json()
    of_run = http.get(f"/v1/runs/{run['id']}/tasks").json()["tasks"]
    assert [one["task_id"] for one in of_run] == [named]
    page = http.get(f"/v1/runs/{run['id']}/tasks", params={"outcome": "done"})
    assert page.json() == {"tasks": [], "next_cursor": None}


def test_a_foreign_token_and_a_reader_start_nothing(
    http: httpx.Client, shared_idle: Shared
) -> None:
    submit(http)
    token = _counted(http)["token"]
    with shared_idle.client() as them:
        assert them.post("/v1/runs", json={"token": token}).status_code == 422
        run = http.post("/v1/runs", json={"token": token}).json()["id"]
        for path in ("", "/tasks"):
            assert them.get(f"/v1/runs/{run}{path}").status_code == 404
        assert them.post(f"/v1/runs/{run}/stop").status_code == 404
    assert http.get("/v1/runs/no-id").status_code == 404
    key = build_bearer(issue(shared_idle.database_url, scopes=[Scope.TASKS_READ]))
    refused = http.post("/v1/runs", json={"token": token}, headers=key)
    assert refused.status_code == 403


def test_a_run_of_nothing_is_done_at_once(http: httpx.Client) -> None:
    run = http.post("/v1/runs", json={"token": _counted(http)["token"]}).json()
    assert (run["state"], run["matching"]) == ("done", 0)
