"""Holds on the dashboard: placed with a reason, shown where they matter, released after a question.

Without script; by whom, and by whom not.
"""

from typing import Any

import httpx

from tests.support.dashboard import Person, answer_question, open_session
from tests.support.requests import submit
from tests.web.conftest import Shared
from tracker.clock import make_id
from tracker.domain.access import Scope

REASON = '<b>claim</b> "17" \u202egnp'


def _holds(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/v1/holds").json()["holds"]
    return found


def test_a_task_is_held_with_a_reason_and_released_after_a_question(
    operator: Person, api: httpx.Client
) -> None:
    task = submit(api, external_task_id=f"held-{make_id()}")
    path = f"/ui/holds/add/confirm?task={task['id']}"
    assert f'href="{path}' in operator.see(f"/tasks/{task['id']}")
    for named in (task["id"], task["external_task_id"]):
        assert f"Hold {task['external_task_id']}?" in operator.see("/holds/add/confirm", task=named)
    back = f"/tasks/{task['id']}"
    led = answer_question(
        operator, f"/holds/add/confirm?task={task['id']}&back={back}", reason=REASON
    )
    assert (led.status_code, led.headers["location"]) == (303, f"/ui{back}")
    (held, *_) = _holds(api)
    assert (held["task_id"], held["reason"]) == (task["id"], REASON)
    page = operator.see(f"/tasks/{task['id']}")
    assert f'href="/ui/holds#h{held["id"]}">Held since</a>' in page
    assert "&lt;b&gt;claim&lt;/b&gt; &#34;17&#34; \\u202Egnp" in page
    assert f'href="{path}' not in page
    listed = operator.see("/holds")
    actor = f"key {operator.key.row.id}"
    for text in (task["external_task_id"], "&lt;b&gt;claim", actor, "no end of its own"):
        assert text in listed
    asked = operator.see(f"/holds/{held['id']}/remove/confirm")
    assert f"{task['external_task_id']} · &lt;b&gt;claim" in asked
    answer_question(operator, f"/holds/{held['id']}/remove/confirm")
    assert held["id"] not in [one["id"] for one in _holds(api)]
    assert operator.send(f"/holds/{held['id']}/remove").status_code == 404
    entries = api.get("/v1/audit", params={"target": held["id"]}).json()["entries"]
    told = [(one["action"], one["actor"]) for one in entries if one["action"].startswith("holds")]
    assert told == [("holds.remove", actor), ("holds.add", actor)]


def test_all_of_a_tenant_is_held_and_each_task_says_so(operator: Person, api: httpx.Client) -> None:
    task = submit(api, external_task_id=f"all-{make_id()}")
    answer_question(operator, "/holds/add/confirm", reason="audit")
    (held, *_) = _holds(api)
    assert (held["task_id"], held["reason"]) == (None, "audit")
    assert "All tasks are held since" in operator.see(f"/tasks/{task['id']}")
    answer_question(operator, f"/holds/{held['id']}/remove/confirm")


def test_a_wrong_field_holds_nothing(operator: Person, api: httpx.Client) -> None:
    before, task = _holds(api), submit(api, external_task_id=f"wrong-{make_id()}")["id"]
    for fields in (
        {"reason": " "},
        {"reason": "x" * 1001},
        {"reason": "why", "task_id": "x"},
        {"reason": "why", "task_id": str(make_id())},
        {"task_id": task},
    ):
        assert operator.send("/holds", **fields).status_code == 422, fields
    assert operator.get("/holds/add/confirm", task="").status_code == 422
    assert operator.get("/holds/0/remove/confirm").status_code == 404
    assert _holds(api) == before


def test_holds_are_paged_newest_first(shared_idle: Shared) -> None:
    with open_session(shared_idle.url, shared_idle.database_url, tenant="pages") as person:
        for number in range(51):
            person.send("/holds", reason=f"reason {number:02}")
        first = person.see("/holds")
        assert ("reason 50" in first, "reason 00" in first) == (True, False)
        (more,) = {part.partition('"')[0] for part in first.split("/ui/holds?after=")[1:]}
        older = person.see("/holds", after=more)
        assert ("reason 50" in older, "reason 00" in older) == (False, True)


def test_readers_see_holds_and_not_who_placed_them_and_strangers_see_none(
    shared_idle: Shared, operator: Person, api: httpx.Client
) -> None:
    task = submit(api, external_task_id=f"seen-{make_id()}")
    operator.send("/holds", reason="for readers", task_id=task["id"])
    (held, *_) = _holds(api)
    name = task["external_task_id"]
    with open_session(
        shared_idle.url, shared_idle.database_url, scopes={Scope.TASKS_READ}
    ) as reader:
        page = reader.see("/holds")
        assert (name in page, "for readers" in page) == (True, True)
        assert str(operator.key.row.id) not in page
        assert "needs admin</small></button>" in page
        for path in ("/holds/add/confirm", f"/holds/{held['id']}/remove/confirm"):
            assert reader.get(path).status_code == 403
        for path in ("/holds", f"/holds/{held['id']}/remove"):
            assert reader.send(path, reason="x").status_code == 403
    with open_session(shared_idle.url, shared_idle.database_url, tenant="strangers") as other:
        assert name not in other.see("/holds")
        assert other.get("/holds/add/confirm", task=task["id"]).status_code == 422
        assert other.send("/holds", reason="x", task_id=task["id"]).status_code == 422
        assert other.get(f"/holds/{held['id']}/remove/confirm").status_code == 404
        assert other.send(f"/holds/{held['id']}/remove").status_code == 404
    assert held in _holds(api)
