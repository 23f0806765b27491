"""`POST /v1/tasks/resubmit`: counted first, each task once, wrong filters named."""

from typing import Any

import httpx
import pytest

from tests.support.requests import submit

PATH = "/v1/tasks/resubmit"


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def ended(http: httpx.Client, **fields: Any) -> str:
    """A task that was cancelled."""
    task: str = submit(http, **fields)["id"]
    http.post(f"/v1/tasks/{task}/cancel").raise_for_status()
    return task


def test_it_counts_and_only_then_submits_each_once(http: httpx.Client) -> None:
    first, second = ended(http, metadata={"order": 7}), ended(http, external_task_id="mine")
    submit(http)
    counted = http.post(PATH, json={}).json()
    assert counted == {
        "dry_run": True,
        "matching": 2,
        "by_state": {"cancelled": 2},
        "by_code": {},
        "sample": [first, second],
        "resubmitted": 0,
        "tasks": [],
        "refused": [],
        "next_cursor": None,
    }
    assert len(http.get("/v1/tasks").json()["tasks"]) == 3
    done = http.post(PATH, json={"dry_run": False, "metadata": {"order": 7}}).json()
    assert [one["resubmit_of"] for one in done["tasks"]] == [first]
    made = http.get(f"/v1/tasks/{done['tasks'][0]['id']}").json()
    assert (made["state"], made["resubmit_of"], made["metadata"]) == ("queued", first, {"order": 7})
    rest = http.post(PATH, json={"dry_run": False}).json()
    assert [one["resubmit_of"] for one in rest["tasks"]] == [second]
    assert http.get(f"/v1/tasks/{rest['tasks'][0]['id']}").json()["external_task_id"] == "mine"
    assert http.post(PATH, json={"dry_run": False}).json()["resubmitted"] == 0
    again = http.post(PATH, json={"include_resubmitted": True}).json()
    assert again["matching"] == 2


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"state": ["succeeded"]}, "state[0]"),
        ({"state": []}, "state"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"created_after": "2026-11-28T10:00:00"}, "created_after"),
        ({"metadata": {"a": {}}}, "metadata.a"),
        ({"metadata": {f"k{n}": n for n in range(11)}}, "metadata"),
        ({"dry_run": "no"}, "dry_run"),
        ({"provider": "a\x00b"}, "provider"),
        ({"states": ["failed"]}, "states"),
        ({"cursor": "bm9uZQ"}, "cursor"),
    ],
)
def test_a_wrong_filter_is_named(http: httpx.Client, body: dict[str, Any], path: str) -> None:
    answer = http.post(PATH, json=body)
    assert answer.status_code in (400, 422), answer.text
    assert [error["path"] for error in answer.json()["errors"]] == [path]


def test_it_is_no_task(http: httpx.Client) -> None:
    assert http.get(PATH).status_code == 404
    assert http.put(PATH, json={}).status_code == 405
