"""`POST /v1/tasks/actions`: counted first, then done to the same tasks."""

from typing import Any

import httpx
import pytest

from tests.support.requests import submit
from tests.web.conftest import Shared


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def _act(http: httpx.Client, action: str, **body: Any) -> dict[str, Any]:
    answer = http.post("/v1/tasks/actions", json={"action": action} | body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _state(http: httpx.Client, id_: str) -> str:
    return str(http.get(f"/v1/tasks/{id_}").json()["state"])


def test_what_is_made_after_the_dry_run_is_left_alone(http: httpx.Client) -> None:
    before = [submit(http)["id"] for _ in range(2)]
    told = _act(http, "cancel")
    assert (told["dry_run"], told["matching"], told["done"]) == (True, 2, 2)
    assert (told["by_state"], told["sample"]) == ({"queued": 2}, before)
    later = submit(http)["id"]
    done = _act(http, "cancel", dry_run=False, cursor=told["confirm_cursor"])
    told.update(dry_run=False, confirm_cursor=None, token=None, token_expires_at=None)
    assert done == told
    assert [_state(http, id_) for id_ in (*before, later)] == ["cancelled", "cancelled", "queued"]
    last = http.get(f"/v1/tasks/{before[0]}/transitions").json()["transitions"][-1]
    assert last["actor"].startswith("key ")
    (entry,) = http.get("/v1/audit").json()["entries"]
    assert (entry["action"], entry["number"], entry["target"]) == ("tasks.cancel_many", 2, None)


def test_named_tasks_are_acted_on_and_foreign_ones_do_not_exist(
    http: httpx.Client, shared_idle: Shared
) -> None:
    mine = submit(http)["id"]
    with shared_idle.client() as them:
        theirs = submit(them)["id"]
        told = _act(http, "cancel", ids=[mine, theirs], dry_run=False)
        assert (told["matching"], told["done"], told["sample"]) == (1, 1, [mine])
        assert told["refused"] == [{"reason": "there is no such task", "count": 1}]
        assert _state(them, theirs) == "queued"
    told = _act(http, "resubmit", ids=[mine], dry_run=False)
    assert [one["resubmit_of"] for one in told["tasks"]] == [mine]
    again = _act(http, "resubmit", ids=[mine], dry_run=False)
    assert again["refused"] == [{"reason": "it was submitted again before", "count": 1}]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"action": "delete"}, "action"),
        ({"action": "cancel", "state": ["over"]}, "state[0]"),
        ({"action": "cancel", "ids": ["no id"]}, "ids[0]"),
        ({"action": "cancel", "ids": []}, "ids"),
        ({"action": "cancel", "cursor": "x"}, "cursor"),
        ({"action": "cancel", "ids": ["no id"], "cursor": "x"}, "cursor"),
    ],
)
def test_a_wrong_field_is_named(http: httpx.Client, body: dict[str, Any], path: str) -> None:
    answer = http.post("/v1/tasks/actions", json=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["path"] == path


def test_the_cursor_of_another_action_is_refused(http: httpx.Client) -> None:
    submit(http)
    cursor = _act(http, "refresh")["confirm_cursor"]
    body = {"action": "cancel", "cursor": cursor, "dry_run": False}
    assert http.post("/v1/tasks/actions", json=body).status_code == 400
