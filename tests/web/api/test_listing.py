"""Lists: pages, filters, wrong parameters, and cursors, which outlive a release."""

import json
from typing import Any

import httpx
import pytest

from tests.support.keys import build_bearer, issue
from tests.support.requests import SECRET, submit
from tests.web.conftest import Shared
from tracker.domain import cursor


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def test_pages_hold_every_task_once_newest_first(http: httpx.Client) -> None:
    made = [submit(http)["id"] for _ in range(7)]
    seen: list[str] = []
    url: str | None = "/v1/tasks?limit=3"
    while url:
        answer = http.get(url)
        seen += [task["id"] for task in answer.json()["tasks"]]
        submit(http)  # what comes in meanwhile moves no page
        url = answer.links.get("next", {}).get("url")
    assert seen == made[::-1]


def test_filters_narrow_the_list(http: httpx.Client) -> None:
    submit(http, external_task_id="one")
    other = {"operation": "videos/text2video", "input": {"prompt": "a cat"}}
    submit(http, external_task_id="two", metadata={"order": 7, "vip": True}, **other)

    def names(query: str) -> list[str]:
        return [t["external_task_id"] for t in http.get(f"/v1/tasks?{query}").json()["tasks"]]

    assert names("operation=videos/text2video") == ["two"]
    assert names("external_task_id=one") == ["one"]
    assert names("state=queued&state=running") == ["two", "one"]
    assert names("state=running") == []
    assert names("provider=other") == []
    assert names("order=asc") == ["one", "two"]
    assert names("metadata.order=7") == ["two"]
    assert names("metadata.order=7&metadata.vip=true") == ["two"]
    assert names("metadata.order=7&metadata.vip=false") == []
    assert names("overdue=true") == []
    assert names("overdue=false&provider_task_id=p") == []
    assert names("created_after=2026-01-01T00:00:00Z") == ["two", "one"]
    assert names("updated_before=2026-01-01T00:00:00%2B08:00&order=asc") == []


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("surprise=1", "surprise"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("state=done", "state"),
        ("cursor=AAAA", "cursor"),
        ("cursor=%F0%9F", "cursor"),
        ("provider=%00", "provider"),
        ("order=up", "order"),
        ("overdue=1", "overdue"),
        ("created_after=2026-11-24", "created_after"),
        ("updated_before=2026-11-24T10:00:00+01:00", "updated_before"),
        ("metadata.=1", "metadata."),
        ("metadata.a=1&metadata.a=2", "metadata.a"),
        ("&".join(f"metadata.{n}=1" for n in range(11)), "metadata.<key>"),
    ],
)
def test_a_wrong_parameter_is_400_and_named(http: httpx.Client, query: str, path: str) -> None:
    answer = http.get(f"/v1/tasks?{query}")
    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]


EARLIER_CURSORS = (
    (
        "tasks?state=queued&state=failed&created_after=2026-11-28T10:00:00Z&metadata.a=1",
        "cursor",
        (
            '["tasks", "early", {"created_after": "2026-11-28T10:00:00+00:00", "metadata":'
            ' {"a": "1"}, "order": "desc", "state": ["failed", "queued"]}]'
        ),
    ),
    (
        "deliveries?state=failed&failing=true&event=task.failed",
        "cursor",
        '["deliveries", "early", {"event": ["task.failed"], "failing": true, "state": ["failed"]}]',
    ),
    ("assets?state=lost&state=kept", "cursor", '["assets", "early", {"state": ["kept", "lost"]}]'),
    ("receipts?verdict=forged", "after", '["receipts", "early", {"verdict": ["forged"]}]'),
    ("audit?action=tasks.cancel", "after", '["audit", "early", {"action": "tasks.cancel"}]'),
)
"""Cursors that were given out must be taken by later releases: what they are bound to is fixed."""


def test_a_cursor_of_other_filters_is_refused(http: httpx.Client) -> None:
    for _ in range(2):
        submit(http)
    given = http.get("/v1/tasks?limit=1").json()["next_cursor"]
    assert http.get("/v1/tasks", params={"limit": 1, "cursor": given}).status_code == 200
    refused = http.get("/v1/tasks", params={"cursor": given, "state": "queued"})
    assert refused.status_code == 400


def test_a_cursor_of_an_earlier_release_goes_on(shared_idle: Shared) -> None:
    key = issue(shared_idle.database_url, tenant="early")
    with httpx.Client(
        base_url=shared_idle.url, headers=build_bearer(key), trust_env=False, timeout=60
    ) as early:
        for path, name, scope in EARLIER_CURSORS:
            old = cursor.encode(SECRET, scope, [1, 1] if "tasks" in path else [1])
            answer = early.get(f"/v1/{path}&{name}={old}")
            assert answer.status_code == 200, (path, answer.text)
        for more in ({"include_resubmitted": False}, {}):
            body: dict[str, Any] = {"provider": "kling", "state": ["failed"]}
            scope = json.dumps(["resubmit many", "early", body | more], sort_keys=True)
            path, action = ("resubmit", {}) if more else ("actions", {"action": "resubmit"})
            old = cursor.encode(SECRET, scope, [1, 1, 1])
            answer = early.post(f"/v1/tasks/{path}", json=body | action | {"cursor": old})
            assert answer.status_code == 200, (path, answer.text)
