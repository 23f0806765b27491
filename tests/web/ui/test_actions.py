"""Pages of callbacks, deliveries and endpoints without script: what they show, ask and do."""

import re
from datetime import UTC, datetime, timedelta
from html import escape, unescape
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update

from tests.support.dashboard import (
    OWN,
    SHARED_CALLBACKS,
    Person,
    answer_question,
    list_forms,
    list_odd_receipts,
    make_endpoint,
    send_stray_callback,
)
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.web.conftest import Shared
from tracker.clock import make_id
from tracker.store.driver.engine import open_engine
from tracker.store.schema import deliveries as owing
from tracker.store.schema import tasks

UNTAKEN = "no worker has taken it"
STOPPED = "waits until its endpoint is resumed"
HOSTILE = '<script>alert(1)</script> hx-get="/x" javascript:alert(1) \u202egnp'


def _audit(api: httpx.Client, **params: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = api.get("/v1/audit", params=params).json()["entries"]
    return entries


def test_an_attached_callback_does_what_the_question_said(
    operator: Person, api: httpx.Client
) -> None:
    task = submit(api, external_task_id=f"attach-{make_id()}")
    key = send_stray_callback(api, task_id=f"stray-{make_id()}")
    assert f'href="/ui/callbacks/{key}"' in operator.see("/attention")
    asked = operator.see(f"/callbacks/{key}/attach/confirm", task=task["external_task_id"])
    assert "v2 succeeded" in asked
    assert api.get(f"/v1/tasks/{task['id']}").json()["state"] == "queued"
    path = f"/callbacks/{key}/attach/confirm?task={task['id']}&back=/callbacks"
    led = answer_question(operator, path)
    assert (led.status_code, led.headers["location"]) == (303, f"/ui/tasks/{task['id']}#r{key}")
    assert "moved its task" in operator.see(f"/tasks/{task['id']}")
    now = api.get(f"/v1/tasks/{task['id']}").json()
    assert (now["state"], now["version"]) == ("succeeded", 2)
    actor = f"key {operator.key.row.id}"
    (entry,) = _audit(api, target=key)
    assert (entry["action"], entry["actor"]) == ("receipts.attach", actor)
    assert entry["request_id"] == led.headers["x-request-id"]
    steps = api.get(f"/v1/tasks/{task['id']}/transitions").json()["transitions"]
    assert steps[-1]["actor"] == actor
    assert f'href="/ui/callbacks/{key}"' not in operator.see("/attention")


def test_what_contradicts_is_shown_beside_its_task_and_moves_nothing(
    operator: Person, api: httpx.Client
) -> None:
    task = submit(api, external_task_id=f"conflict-{make_id()}")
    theirs = f"c-{make_id()}"
    for word in ("succeed", "failed"):
        api.post(find_callback_path(task["id"]), content=build_kling_callback(word, task_id=theirs))
    key = list_odd_receipts(api, "conflict")[0]
    page = operator.see(f"/callbacks/{key}")
    assert "It contradicts the verdict" in page
    assert "≠ differ" in page
    assert page.count(theirs) >= 3
    asked = operator.see(f"/callbacks/{key}/replay/confirm")
    assert "Nothing would move." in asked
    led = answer_question(operator, f"/callbacks/{key}/replay/confirm")
    assert led.headers["location"] == f"/ui/callbacks/{key}"
    assert "moved nothing" in operator.see(f"/callbacks/{key}")
    assert api.get(f"/v1/tasks/{task['id']}").json()["version"] == 2


def test_one_is_dismissed_at_once_and_more_than_ten_when_the_number_is_typed(
    operator: Person, api: httpx.Client
) -> None:
    keys = [send_stray_callback(api, task_id=f"dismiss-{make_id()}") for _ in range(13)]
    led = operator.send("/callbacks/dismiss", ids=keys[0], back="/callbacks?verdict=unknown_task")
    assert led.headers["location"] == "/ui/callbacks?verdict=unknown_task"
    assert "Dismissed." in operator.see("/callbacks")
    question = "/callbacks/dismiss/confirm?" + "&".join(f"ids={key}" for key in keys[1:])
    asked = operator.see(question)
    assert "Dismiss 12 callbacks?" in asked
    assert [key for key in keys[1:] if f"r{key} · kling" not in asked] == []
    assert operator.get(f"{question}&ids=999999999").status_code == 404
    for typed in ("", "11", "121"):
        refused = operator.send("/callbacks/dismiss", ids=keys[1:], typed=typed)
        assert refused.status_code == 422
    assert operator.send("/callbacks/dismiss", ids=[*keys[1:4], "999999999"]).status_code == 404
    assert set(keys[1:]) <= set(list_odd_receipts(api, "unknown_task"))  # all of them, or none
    led = operator.send("/callbacks/dismiss", ids=keys[1:], typed="12")
    assert led.status_code == 303
    assert not set(keys) & set(list_odd_receipts(api, "unknown_task"))
    (many,) = _audit(api, action="receipts.dismiss_many")
    assert (many["number"], many["target"]) == (12, None)
    assert len(_audit(api, action="receipts.dismiss", target=keys[0])) == 1
    listed = operator.see("/callbacks", dismissed="true", verdict="unknown_task")
    assert f"r{keys[3]}" in listed
    assert "dismissed by key" in listed


def test_what_is_owed_to_a_paused_endpoint_says_what_it_waits_for(
    operator: Person, api: httpx.Client
) -> None:
    id_ = make_endpoint(api, f"waits-{make_id()}")
    submit(api, external_task_id=f"owes-{make_id()}")
    operator.send(f"/endpoints/{id_}/test")
    (owed, *_) = api.get("/v1/deliveries", params={"endpoint_id": id_}).json()["deliveries"]
    pages = ("/deliveries", f"/deliveries/{owed['id']}")
    assert not [page for page in pages if STOPPED in operator.see(page, **_only(page, id_))]
    operator.send(f"/endpoints/{id_}/pause")
    assert [page for page in pages if STOPPED in operator.see(page, **_only(page, id_))] == [*pages]


def test_what_is_due_and_taken_by_no_worker_says_so(
    operator: Person, api: httpx.Client, shared_idle: Shared
) -> None:
    id_ = make_endpoint(api, f"late-{make_id()}")
    operator.send(f"/endpoints/{id_}/test")
    (owed, *_) = api.get("/v1/deliveries", params={"endpoint_id": id_}).json()["deliveries"]
    pages = ("/deliveries", f"/deliveries/{owed['id']}")
    assert not [page for page in pages if UNTAKEN in operator.see(page, **_only(page, id_))]
    engine = open_engine(shared_idle.database_url)
    with engine.begin() as db:
        row = owing.c.id == UUID(owed["id"])
        db.execute(update(owing).where(row).values(next_at=datetime.now(UTC) - timedelta(hours=1)))
    engine.dispose()
    assert [page for page in pages if UNTAKEN in operator.see(page, **_only(page, id_))] == [*pages]


def _only(page: str, endpoint: str) -> dict[str, str]:
    return {"endpoint_id": endpoint} if page == "/deliveries" else {}


def test_hostile_bytes_are_shown_exactly_and_saved_as_they_came(
    operator: Person, api: httpx.Client
) -> None:
    body = build_kling_callback(HOSTILE, task_id=f"zoo-{make_id()}", huge=0).replace(
        b'"huge": 0', b'"huge": 1234567890123456789012345678901234567890.50'
    )
    api.post(SHARED_CALLBACKS, content=body, headers={"user-agent": "<img src=x onerror=alert(1)>"})
    key = api.get("/v1/receipts").json()["receipts"][0]["id"]
    page = operator.see(f"/callbacks/{key}")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "1234567890123456789012345678901234567890.50" in page
    saved = operator.get(f"/callbacks/{key}/body")
    assert saved.content == body
    assert saved.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in saved.headers["content-security-policy"]
    assert "attachment" in saved.headers["content-disposition"]
    binary = bytes(range(256)) * 16
    api.post(SHARED_CALLBACKS, content=binary)
    key = api.get("/v1/receipts").json()["receipts"][0]["id"]
    page = operator.see(f"/callbacks/{key}")
    assert "00000000  00 01 02" in page


def test_a_word_that_nobody_knows_is_dismissed_where_it_is_told(
    operator: Person, api: httpx.Client
) -> None:
    id_ = submit(api, external_task_id=f"words-{make_id()}")["id"]
    for number, word in enumerate((HOSTILE, HOSTILE, "steeping")):
        said = build_kling_callback(word, task_id=f"words-{id_}", updated_at=number)
        assert api.post(find_callback_path(id_), content=said).status_code == 200
    page = operator.see("/attention")
    question = re.search(r'href="/ui(/callbacks/dismiss/confirm\?[^"]*word=%3Cscript[^"]*)"', page)
    assert question is not None
    asked = operator.see(unescape(question[1]))
    assert "Dismiss 2 callbacks?" in asked
    operator.send("/callbacks/dismiss", ids=re.findall(r'name="ids" value="(\d+)"', asked))
    words = [one["word"] for one in api.get("/v1/attention").json()["unknown_words"]]
    assert words == ["steeping"]
    assert operator.get(unescape(question[1])).status_code == 404


def test_an_endpoint_is_paused_resumed_tested_and_deleted_with_a_row_for_each(
    operator: Person, api: httpx.Client
) -> None:
    id_ = make_endpoint(api, "many")
    for action, state in (("pause", "paused"), ("resume", "active")):
        question = operator.see(f"/endpoints/{id_}/{action}/confirm")
        assert "https://many.example/hook" in question
        assert api.get(f"/v1/endpoints/{id_}").json()["state"] != state
        led = answer_question(operator, f"/endpoints/{id_}/{action}/confirm")
        assert led.headers["location"] == f"/ui/endpoints/{id_}"
        assert api.get(f"/v1/endpoints/{id_}").json()["state"] == state
    led = operator.send(f"/endpoints/{id_}/test")
    (sent,) = api.get("/v1/deliveries", params={"endpoint_id": id_}).json()["deliveries"]
    assert led.headers["location"] == f"/ui/deliveries/{sent['id']}"
    assert "endpoint.test" in operator.see(f"/deliveries/{sent['id']}")
    led = answer_question(operator, f"/endpoints/{id_}/drop/confirm")
    assert "1 delivery is dropped." in operator.see(f"/endpoints/{id_}")
    answer_question(operator, f"/endpoints/{id_}/delete/confirm")
    assert operator.get(f"/endpoints/{id_}").status_code == 404
    told = [(one["action"], one["number"]) for one in _audit(api, target=id_)]
    assert told[::-1] == [
        ("endpoints.create", 1),
        ("endpoints.pause", 1),
        ("endpoints.resume", 1),
        ("endpoints.test", 1),
        ("endpoints.drop_backlog", 1),
        ("endpoints.delete", 1),
    ]


def test_an_endpoint_gets_another_address_and_what_it_is_owed_goes_there(
    operator: Person, api: httpx.Client
) -> None:
    id_ = make_endpoint(api, "moved")
    operator.send(f"/endpoints/{id_}/test")
    path = f"/endpoints/{id_}/change/confirm"
    question = operator.see(path)
    assert 'value="https://moved.example/hook"' in question
    assert "It is owed 1 delivery now." in question
    for wrong in ("https://10.0.0.7/hook", "ftp://moved.example", "<b>", ""):
        shown = answer_question(operator, path, url=wrong, resend="yes")
        assert shown.status_code == 422
        assert re.search(r'name="url"[^>]* aria-describedby="url-wrong"', shown.text), wrong
        assert f'value="{escape(wrong)}"' in shown.text
        assert api.get(f"/v1/endpoints/{id_}").json()["url"] == "https://moved.example/hook"
    assert "Private-Use" in answer_question(operator, path, url="https://10.0.0.7/hook").text
    new = "https://new.example/hook?shop=1&team=2"
    led = answer_question(operator, path, url=new, resend="yes")
    assert (led.status_code, led.headers["location"]) == (303, f"/ui/endpoints/{id_}")
    page = operator.see(f"/endpoints/{id_}")
    assert "1 delivery goes there first." in page
    assert escape(new) in page
    assert api.get(f"/v1/endpoints/{id_}").json()["url"] == new
    operator.http.cookies.set("tracker-language", "zh", path="/ui")
    assert "新地址" in operator.see(path)
    operator.http.cookies.delete("tracker-language")
    api.post(f"/v1/endpoints/{id_}/pause")
    assert "before it is resumed" in operator.see(path)
    (one,) = _audit(api, target=id_, action="endpoints.change")
    assert str(operator.key.row.id) in one["actor"]


def test_a_new_secret_is_shown_once_and_signs_from_then_on(
    operator: Person, api: httpx.Client
) -> None:
    id_ = make_endpoint(api, "rotated")
    shown = answer_question(operator, f"/endpoints/{id_}/rotate/confirm", overlap_s="3600")
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", shown.text)
    for path in (f"/endpoints/{id_}", "/endpoints", "/attention", "/deliveries"):
        assert secret not in operator.see(path)
    assert "old secret signs until" in operator.see(f"/endpoints/{id_}")
    assert (
        answer_question(operator, f"/endpoints/{id_}/rotate/confirm", overlap_s="7").status_code
        == 422
    )


def test_everything_that_matches_is_owed_once_more_but_nothing_that_comes_later(
    operator: Person, api: httpx.Client
) -> None:
    id_ = make_endpoint(api, "missed")
    for _ in range(12):
        task = submit(api)
        api.post(
            find_callback_path(task["id"]),
            content=build_kling_callback("failed", task_id=f"m-{make_id()}"),
        )
    api.post(f"/v1/endpoints/{id_}/resume?backlog=drop")
    path = f"/deliveries/redeliver-all/confirm?endpoint_id={id_}&state=cancelled"
    page = operator.see(path)
    assert "Redeliver 12 deliveries?" in page
    assert "12 × task.failed" in page
    late = submit(api)
    api.post(
        find_callback_path(late["id"]),
        content=build_kling_callback("failed", task_id=f"m-{make_id()}"),
    )
    ((action, fields),) = [one for one in list_forms(page) if "redeliver-all" in one[0]]
    values = {name: unescape(value) for name, value in fields.items()}
    assert operator.http.post(action, data=values | {"typed": "13"}, headers=OWN).status_code == 422
    api.post(f"/v1/endpoints/{id_}/resume?backlog=drop")  # the late one is cancelled too
    led = operator.http.post(action, data=values | {"typed": "12"}, headers=OWN)
    assert led.status_code == 303
    wanted = {"endpoint_id": id_, "state": "cancelled"}
    (left,) = api.get("/v1/deliveries", params=wanted).json()["deliveries"]
    assert left["task_id"] == late["id"]
    (one, *_) = _audit(api, action="deliveries.redeliver_many")
    assert one["number"] == 12
    some = [left["id"], str(make_id())]
    assert operator.send("/deliveries/redeliver", ids=some).status_code == 404
    still = api.get(f"/v1/deliveries/{left['id']}").json()["delivery"]
    assert still["state"] == "cancelled"  # all of them, or none
    single = operator.send("/deliveries/redeliver", ids=left["id"])
    assert single.headers["location"] == f"/ui/deliveries/{left['id']}"
    page = operator.see(f"/deliveries/{left['id']}")
    assert "1 delivery is owed once more." in page
    assert "The body that is signed" in page


def test_tasks_are_cancelled_and_submitted_again_once(operator: Person, api: httpx.Client) -> None:
    made = [submit(api, external_task_id=f"act-{n}-{make_id()}") for n in range(2)]
    path = f"/tasks/cancel/confirm?ids={made[0]['id']}&ids={made[1]['id']}&back=/tasks"
    assert "Cancel 2 tasks?" in operator.see(path)
    page = operator.see(path)
    assert made[0]["external_task_id"] in page
    ids = [task["id"] for task in made]
    led = operator.send("/tasks/cancel", ids=ids, back="/tasks")
    assert led.headers["location"] == "/ui/tasks"
    assert "2 tasks are cancelled" in operator.see("/tasks")
    assert {api.get(f"/v1/tasks/{id_}").json()["state"] for id_ in ids} == {"cancelled"}
    (many,) = _audit(api, action="tasks.cancel_many")
    assert many["number"] == 2
    asked = operator.see(f"/tasks/resubmit/confirm?ids={ids[0]}")
    ((action, fields),) = [one for one in list_forms(asked) if "resubmit" in one[0]]
    sent = [operator.http.post(action, data=fields, headers=OWN) for _ in range(2)]
    (new,) = {answer.headers["location"] for answer in sent}
    assert "Submitted again" in operator.see(new.removeprefix("/ui"))
    again = api.get(f"/v1/tasks/{new.rpartition('/')[2]}").json()
    assert again["resubmit_of"] == ids[0]
    refused = operator.send("/tasks/cancel", ids=ids[0])
    assert refused.status_code in (303, 409)  # it is cancelled already
    operator.send("/tasks/resubmit", ids=ids, back="/tasks")
    told = "1 task is submitted again; left as they are: 1, because it was submitted again before."
    assert told in operator.see("/tasks")
    assert operator.send("/tasks/refresh", ids=again["id"]).status_code == 409
    assert "refresh.ended" in operator.send("/tasks/refresh", ids=ids[0]).headers["set-cookie"]
    assert 'action="/ui/tasks/refresh"' not in operator.see(f"/tasks/{ids[0]}")


def test_a_task_whose_outcome_nobody_told_is_resolved_by_what_a_person_found(
    shared_idle: Shared, operator: Person, api: httpx.Client
) -> None:
    verbs = ("exists", "never_made", "give_up")
    ids = {verb: submit(api, external_task_id=f"{verb}-{make_id()}")["id"] for verb in verbs}
    path = f"/tasks/{ids['exists']}/resolve/confirm"
    assert "only an uncertain task is resolved" in operator.see(path)
    assert operator.send(f"/tasks/{ids['exists']}/resolve", verb="give_up").status_code == 409
    doubted = update(tasks).where(tasks.c.id.in_(map(UUID, ids.values())))
    engine = open_engine(shared_idle.database_url)
    with engine.begin() as db:
        db.execute(doubted.values(state="uncertain"))
        gone = update(tasks).where(tasks.c.id == UUID(ids["give_up"]))
        db.execute(gone.values(account="gone"))  # so that nothing finds out
    engine.dispose()
    assert f'href="/ui{path}' in operator.see(f"/tasks/{ids['exists']}")
    waiting = operator.see("/attention")
    assert f'href="/ui/tasks/{ids["give_up"]}/resolve/confirm' in waiting
    assert f'href="/ui{path}' in waiting  # beside Refresh: the provider can be asked
    for fields, told in (
        ({"verb": "exists"}, "provider_task_id"),
        ({"verb": "exists", "provider_task_id": "x" * 501}, "provider_task_id"),
        ({"verb": "lost"}, "verb"),
    ):
        refused = operator.send(f"/tasks/{ids['exists']}/resolve", **fields)
        assert (refused.status_code, told in refused.text) == (422, True)
    theirs = f"there-{make_id()}"
    for verb, id_ in ids.items():
        # Of the others, the id that was typed before one changed one's mind means nothing.
        led = answer_question(
            operator, f"/tasks/{id_}/resolve/confirm", verb=verb, provider_task_id=f" {theirs} "
        )
        assert (led.status_code, led.headers["location"]) == (303, f"/ui/tasks/{id_}")
        (entry,) = _audit(api, target=id_, action="tasks.resolve")
        assert entry["actor"] == f"key {operator.key.row.id}"
    found = {verb: api.get(f"/v1/tasks/{id_}").json() for verb, id_ in ids.items()}
    assert {verb: task["state"] for verb, task in found.items()} == {
        "exists": "submitted",
        "never_made": "queued",
        "give_up": "expired",
    }
    assert [task["provider_task_id"] for task in found.values()] == [theirs, None, None]
    assert "resolved: given up" in operator.see(f"/tasks/{ids['give_up']}")


def test_an_action_on_nothing_asks_to_tick_something(person: Person) -> None:
    for question in (
        "/tasks/cancel/confirm",
        "/tasks/resubmit/confirm",
        "/callbacks/dismiss/confirm",
    ):
        assert "Tick what is meant in the list first." in person.see(question)
    for action in ("/tasks/refresh", "/deliveries/redeliver"):
        sent = person.send(action)
        assert (sent.status_code, "none.error" in sent.headers["set-cookie"]) == (303, True)


def test_a_callback_that_is_kept_in_part_says_so(person: Person, api: httpx.Client) -> None:
    path = SHARED_CALLBACKS[:-4] + "none"
    api.post(path, content=build_kling_callback("succeed", task_status_msg="x" * 9000))
    id_ = list_odd_receipts(api, "forged")[0]
    page = person.see(f"/callbacks/{id_}")
    assert "only the first 4 KiB are kept" in page
    assert "Nothing in it can be read" not in page
    assert "/replay/confirm" not in page
