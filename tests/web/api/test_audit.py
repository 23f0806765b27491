"""The audit: each action of somebody with a key is there once, and nothing else is."""

from typing import Any

import httpx
import pytest

from tests.support.objects import fill
from tests.support.requests import find_callback_path, submit
from tests.support.service import ROOT
from tests.web.conftest import Shared
from tracker.web.api.openapi import list_operations
from tracker.web.routes import ROUTES

NO_ACTIONS = {
    "/v1/tasks": "a submission: the task names its key",
    "/v1/tasks/query": "only reads",
    "/v1/uploads": "the input of a submission",
    "/v1/assets/{id}/link": "nothing is changed",
}
"""Routes that take a body or change something, and are no action of a person."""
CHANGING = [
    (method, route.path, said)
    for route, method, said in list_operations(ROUTES)
    if route.path.startswith("/v1/") and method != "GET" and route.path not in NO_ACTIONS
]


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def _entries(http: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/audit", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def test_every_route_that_changes_something_is_an_action() -> None:
    names = [said.action for _, _, said in CHANGING]
    assert None not in names
    assert len(names) == len(set(names))


def test_every_action_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "http.md").read_text()
    assert [said.action for _, _, said in CHANGING if f"`{said.action}`" not in page] == []


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method, path, _ in CHANGING], ids=str
)
def test_what_is_done_is_there_once_and_what_is_refused_is_not(
    http: httpx.Client, method: str, path: str
) -> None:
    said = next(said for one, at, said in CHANGING if (one, at) == (method, path))
    url = fill(path, http) if "{" in path else path
    before = [one["id"] for one in _entries(http)]
    body = next(iter(said.examples.values()), {})
    answer = http.request(method, url, json=body, headers={"x-request-id": "r-1"})
    new = [one for one in _entries(http) if one["id"] not in before]
    is_dry = "dry_run" in answer.text and answer.json().get("dry_run")
    if not answer.is_success or is_dry:
        assert new == [], answer.text
        return
    (entry,) = new
    assert (entry["action"], entry["number"], entry["request_id"]) == (said.action, 1, "r-1")
    assert entry["actor"].startswith("key ")
    assert entry["target"] in (url.split("/")[3] if "{" in path else answer.json()["id"])


def test_who_settled_a_callback_is_told_and_a_preview_is_no_action(http: httpx.Client) -> None:
    task = submit(http)["id"]
    http.post(find_callback_path(task), content=b"{")
    id_ = http.get("/v1/receipts").json()["receipts"][0]["id"]
    path = f"/v1/receipts/{id_}/replay"
    assert http.post(path, json={}).status_code == 200
    assert _entries(http) == []
    assert http.post(path, json={"dry_run": False}).status_code == 200
    (entry,) = _entries(http, target=id_, action="receipts.replay")
    assert entry["target"] == id_
    assert _entries(http, action="receipts.attach") == []


def test_many_at_once_are_one_entry_with_their_number(http: httpx.Client) -> None:
    for _ in range(3):
        http.post(f"/v1/tasks/{submit(http)['id']}/cancel").raise_for_status()
    answer = http.post("/v1/tasks/resubmit", json={"dry_run": False})
    assert answer.json()["resubmitted"] == 3
    many, *ones = _entries(http)
    assert (many["action"], many["number"], many["target"]) == ("tasks.resubmit_many", 3, None)
    assert [one["action"] for one in ones] == ["tasks.cancel"] * 3


def test_pages_meet_every_entry_once(http: httpx.Client, shared_idle: Shared) -> None:
    for _ in range(5):
        http.post(f"/v1/tasks/{submit(http)['id']}/cancel").raise_for_status()
    met: list[str] = []
    after = None
    while after is not None or not met:
        page = http.get("/v1/audit", params={"limit": 2} | ({"after": after} if after else {}))
        met += [one["id"] for one in page.json()["entries"]]
        after = page.json()["next_cursor"]
    assert met == [one["id"] for one in _entries(http)]
    assert len(set(met)) == 5
    with shared_idle.client() as them:
        assert _entries(them) == []
