"""Pages of callbacks, deliveries and endpoints without script: what they show, ask and do."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest

from tests.support.dashboard import BROWSER, OWN, Person, forms_of, signed_in
from tests.support.keys import bearer
from tests.support.requests import SECRET, callback_path, kling_says, submit
from tests.web.conftest import Shared
from tracker.clock import new_id
from tracker.domain import token
from tracker.domain.access import Scope
from tracker.web.ui.frame.signing import SESSION_COOKIE

SHARED = f"/callbacks/kling/shared/{token.sign(SECRET, 'kling', token.SHARED)}"
HOSTILE = '<script>alert(1)</script> hx-get="/x" javascript:alert(1) \u202egnp'


@pytest.fixture(scope="module")
def operator(shared_idle: Shared) -> Iterator[Person]:
    """Somebody of the operator's tenant, whose are callbacks of unknown tasks."""
    with signed_in(shared_idle.url, shared_idle.database_url) as one:
        yield one


@pytest.fixture(scope="module")
def api(operator: Person) -> Iterator[httpx.Client]:
    """The API for the operator's key."""
    with httpx.Client(
        base_url=operator.http.base_url, headers=bearer(operator.key), trust_env=False
    ) as client:
        yield client


def _receipts(api: httpx.Client, verdict: str) -> list[str]:
    params = {"verdict": verdict, "dismissed": "false"}
    return [one["id"] for one in api.get("/v1/receipts", params=params).json()["receipts"]]


def _audit(api: httpx.Client, **params: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = api.get("/v1/audit", params=params).json()["entries"]
    return entries


def _stray(api: httpx.Client, **fields: Any) -> str:
    """Send a callback of a task that nobody knows; the id of its receipt."""
    api.post(SHARED, content=kling_says("succeed", **fields))
    return _receipts(api, "unknown_task")[0]


def _answer(person: Person, path: str, **more: Any) -> httpx.Response:
    """Open a question and send its form."""
    page = person.see(path)
    sent = [(action, fields) for action, fields in forms_of(page) if "/sign-out" not in action]
    ((action, fields),) = sent
    values = {name: unescape(value) for name, value in fields.items()}
    return person.http.post(action, data=values | more, headers=OWN)


def test_an_attached_callback_does_what_the_question_said(
    operator: Person, api: httpx.Client
) -> None:
    task = submit(api, external_task_id=f"attach-{new_id()}")
    key = _stray(api, task_id=f"stray-{new_id()}")
    assert f'href="/ui/callbacks/{key}"' in operator.see("/attention")
    asked = operator.see(f"/callbacks/{key}/attach/confirm", task=task["external_task_id"])
    assert "v2 succeeded" in asked
    assert api.get(f"/v1/tasks/{task['id']}").json()["state"] == "queued"
    path = f"/callbacks/{key}/attach/confirm?task={task['id']}&back=/callbacks"
    led = _answer(operator, path)
    assert (led.status_code, led.headers["location"]) == (303, f"/ui/tasks/{task['id']}#r{key}")
    assert "moved its task" in operator.see(f"/tasks/{task['id']}")
    now = api.get(f"/v1/tasks/{task['id']}").json()
    assert (now["state"], now["version"]) == ("succeeded", 2)
    actor = f"key {operator.key.row.id} ()"
    (entry,) = _audit(api, target=key)
    assert (entry["action"], entry["actor"]) == ("receipts.attach", actor)
    assert entry["request_id"] == led.headers["x-request-id"]
    steps = api.get(f"/v1/tasks/{task['id']}/transitions").json()["transitions"]
    assert steps[-1]["actor"] == actor
    assert f'href="/ui/callbacks/{key}"' not in operator.see("/attention")


def test_what_contradicts_is_shown_beside_its_task_and_moves_nothing(
    operator: Person, api: httpx.Client
) -> None:
    task = submit(api, external_task_id=f"conflict-{new_id()}")
    theirs = f"c-{new_id()}"
    for word in ("succeed", "failed"):
        api.post(callback_path(task["id"]), content=kling_says(word, task_id=theirs))
    key = _receipts(api, "conflict")[0]
    page = operator.see(f"/callbacks/{key}")
    assert "It contradicts the verdict" in page
    assert "≠ differ" in page
    assert page.count(theirs) >= 3
    asked = operator.see(f"/callbacks/{key}/replay/confirm")
    assert "Nothing would move." in asked
    led = _answer(operator, f"/callbacks/{key}/replay/confirm")
    assert led.headers["location"] == f"/ui/callbacks/{key}"
    assert "moved nothing" in operator.see(f"/callbacks/{key}")
    assert api.get(f"/v1/tasks/{task['id']}").json()["version"] == 2


def test_one_is_dismissed_at_once_and_more_than_ten_when_the_number_is_typed(
    operator: Person, api: httpx.Client
) -> None:
    keys = [_stray(api, task_id=f"dismiss-{new_id()}") for _ in range(13)]
    led = operator.send("/callbacks/dismiss", ids=keys[0], back="/callbacks?verdict=unknown_task")
    assert led.headers["location"] == "/ui/callbacks?verdict=unknown_task"
    assert "Dismissed." in operator.see("/callbacks")
    question = "/callbacks/dismiss/confirm?" + "&".join(f"ids={key}" for key in keys[1:])
    assert "Dismiss 12 receipts?" in operator.see(question)
    for typed in ("", "11", "121"):
        refused = operator.send("/callbacks/dismiss", ids=keys[1:], typed=typed)
        assert refused.status_code == 422
    assert set(keys[1:]) <= set(_receipts(api, "unknown_task"))
    led = operator.send("/callbacks/dismiss", ids=keys[1:], typed="12")
    assert led.status_code == 303
    assert not set(keys) & set(_receipts(api, "unknown_task"))
    (many,) = _audit(api, action="receipts.dismiss_many")
    assert (many["number"], many["target"]) == (12, None)
    assert len(_audit(api, action="receipts.dismiss", target=keys[0])) == 1
    listed = operator.see("/callbacks", dismissed="true", verdict="unknown_task")
    assert f"r{keys[3]}" in listed
    assert "dismissed by key" in listed


def test_hostile_bytes_are_shown_exactly_and_saved_as_they_came(
    operator: Person, api: httpx.Client
) -> None:
    body = kling_says(HOSTILE, task_id=f"zoo-{new_id()}", huge=0).replace(
        b'"huge": 0', b'"huge": 1234567890123456789012345678901234567890.50'
    )
    api.post(SHARED, content=body, headers={"user-agent": "<img src=x onerror=alert(1)>"})
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
    api.post(SHARED, content=binary)
    key = api.get("/v1/receipts").json()["receipts"][0]["id"]
    page = operator.see(f"/callbacks/{key}")
    assert "00000000  00 01 02" in page


def _endpoint(api: httpx.Client, name: str) -> str:
    made = api.post("/v1/endpoints", json={"url": f"https://{name}.example/hook"})
    assert made.status_code == 201, made.text
    id_: str = made.json()["id"]
    return id_


def test_an_endpoint_is_paused_resumed_tested_and_deleted_with_a_row_for_each(
    operator: Person, api: httpx.Client
) -> None:
    id_ = _endpoint(api, "many")
    for action, state in (("pause", "paused"), ("resume", "active")):
        question = operator.see(f"/endpoints/{id_}/{action}/confirm")
        assert "https://many.example/hook" in question
        assert api.get(f"/v1/endpoints/{id_}").json()["state"] != state
        led = _answer(operator, f"/endpoints/{id_}/{action}/confirm")
        assert led.headers["location"] == f"/ui/endpoints/{id_}"
        assert api.get(f"/v1/endpoints/{id_}").json()["state"] == state
    led = operator.send(f"/endpoints/{id_}/test")
    (sent,) = api.get("/v1/deliveries", params={"endpoint_id": id_}).json()["deliveries"]
    assert led.headers["location"] == f"/ui/deliveries/{sent['id']}"
    assert "endpoint.test" in operator.see(f"/deliveries/{sent['id']}")
    led = _answer(operator, f"/endpoints/{id_}/drop/confirm")
    assert "1 delivery is dropped." in operator.see(f"/endpoints/{id_}")
    _answer(operator, f"/endpoints/{id_}/delete/confirm")
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


def test_a_new_secret_is_shown_once_and_signs_from_then_on(
    operator: Person, api: httpx.Client
) -> None:
    id_ = _endpoint(api, "rotated")
    shown = _answer(operator, f"/endpoints/{id_}/rotate/confirm", overlap_s="3600")
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", shown.text)
    for path in (f"/endpoints/{id_}", "/endpoints", "/attention", "/deliveries"):
        assert secret not in operator.see(path)
    assert "old secret signs until" in operator.see(f"/endpoints/{id_}")
    assert _answer(operator, f"/endpoints/{id_}/rotate/confirm", overlap_s="7").status_code == 422


def test_everything_that_matches_is_owed_once_more_but_nothing_that_comes_later(
    operator: Person, api: httpx.Client
) -> None:
    id_ = _endpoint(api, "missed")
    for _ in range(12):
        task = submit(api)
        api.post(callback_path(task["id"]), content=kling_says("failed", task_id=f"m-{new_id()}"))
    api.post(f"/v1/endpoints/{id_}/resume?backlog=drop")
    path = f"/deliveries/redeliver-all/confirm?endpoint_id={id_}&state=cancelled"
    page = operator.see(path)
    assert "Redeliver 12 deliveries?" in page
    assert "12 × task.failed" in page
    late = submit(api)
    api.post(callback_path(late["id"]), content=kling_says("failed", task_id=f"m-{new_id()}"))
    ((action, fields),) = [one for one in forms_of(page) if "redeliver-all" in one[0]]
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
    single = operator.send("/deliveries/redeliver", ids=left["id"])
    assert single.headers["location"] == f"/ui/deliveries/{left['id']}"
    page = operator.see(f"/deliveries/{left['id']}")
    assert "1 delivery is owed once more." in page
    assert "The body that is signed" in page


def test_tasks_are_cancelled_and_submitted_again_once(operator: Person, api: httpx.Client) -> None:
    tasks = [submit(api, external_task_id=f"act-{n}-{new_id()}") for n in range(2)]
    path = f"/tasks/cancel/confirm?ids={tasks[0]['id']}&ids={tasks[1]['id']}&back=/tasks"
    assert "Cancel 2 tasks?" in operator.see(path)
    page = operator.see(path)
    assert tasks[0]["external_task_id"] in page
    ids = [task["id"] for task in tasks]
    led = operator.send("/tasks/cancel", ids=ids, back="/tasks")
    assert led.headers["location"] == "/ui/tasks"
    assert "2 tasks are cancelled" in operator.see("/tasks")
    assert {api.get(f"/v1/tasks/{id_}").json()["state"] for id_ in ids} == {"cancelled"}
    (many,) = _audit(api, action="tasks.cancel_many")
    assert many["number"] == 2
    asked = operator.see(f"/tasks/resubmit/confirm?ids={ids[0]}")
    ((action, fields),) = [one for one in forms_of(asked) if "resubmit" in one[0]]
    sent = [operator.http.post(action, data=fields, headers=OWN) for _ in range(2)]
    (new,) = {answer.headers["location"] for answer in sent}
    assert "Submitted again" in operator.see(new.removeprefix("/ui"))
    again = api.get(f"/v1/tasks/{new.rpartition('/')[2]}").json()
    assert again["resubmit_of"] == ids[0]
    refused = operator.send("/tasks/cancel", ids=ids[0])
    assert refused.status_code in (303, 409)  # it is cancelled already
    assert operator.send("/tasks/refresh", ids=again["id"]).status_code == 409


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{id}", "tasks"),
        ("{external}", "tasks"),
        ("{provider}", "tasks"),
        ("see https://tracker.example/ui/tasks/{id}?x=1#top, please", "tasks"),
        ("{{'task_id': '{provider}'}}", "tasks"),
        ("{ID}", "tasks"),
        ("{delivery}", "deliveries"),
        ("{endpoint}", "endpoints"),
        ("r{receipt}", "callbacks"),
        ("{id} {endpoint}", None),
        ("nothing of this name", None),
        ("", None),
        ("\x00%_' OR 1=1", None),
    ],
)
def test_any_id_is_found_whole(
    operator: Person, api: httpx.Client, known: dict[str, str], text: str, kind: str | None
) -> None:
    answer = operator.get("/find", q=text.format(**known))
    if kind is None:
        assert answer.status_code == 200
        return
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(f"/ui/{kind}/")


@pytest.fixture(scope="module")
def known(api: httpx.Client) -> dict[str, str]:
    """Ids of one of each."""
    external, theirs = f"find-{new_id()}", f"there-{new_id()}"
    endpoint = _endpoint(api, "found")
    task = submit(api, external_task_id=external)
    api.post(callback_path(task["id"]), content=kling_says("succeed", task_id=theirs))
    (delivery, *_) = api.get("/v1/deliveries", params={"endpoint_id": endpoint}).json()[
        "deliveries"
    ]
    return {
        "id": task["id"],
        "ID": task["id"].upper(),
        "external": external,
        "provider": theirs,
        "endpoint": endpoint,
        "delivery": delivery["id"],
        "receipt": _stray(api, task_id=f"found-{new_id()}"),
    }


def test_another_tenant_finds_nothing_on_any_page(
    shared_idle: Shared, operator: Person, api: httpx.Client, known: dict[str, str]
) -> None:
    receipt, endpoint, delivery = (known[name] for name in ("receipt", "endpoint", "delivery"))
    with signed_in(shared_idle.url, shared_idle.database_url, tenant="strangers") as other:
        for path in (
            f"/callbacks/{receipt}",
            f"/callbacks/{receipt}/body",
            f"/callbacks/{receipt}/replay/confirm",
            f"/callbacks/{receipt}/attach/confirm?task=x",
            f"/callbacks/dismiss/confirm?ids={receipt}",
            f"/deliveries/{delivery}",
            f"/deliveries/{delivery}/body",
            f"/endpoints/{endpoint}",
            f"/endpoints/{endpoint}/pause/confirm",
            f"/endpoints/{endpoint}/rotate/confirm",
            f"/tasks/{known['id']}",
            f"/tasks/cancel/confirm?ids={known['id']}",
        ):
            answer = other.get(path)
            assert answer.status_code in (404, 422), path
            assert known["external"] not in answer.text, path
        for path, fields in (
            ("/callbacks/dismiss", {"ids": receipt}),
            (f"/callbacks/{receipt}/replay", {}),
            (f"/callbacks/{receipt}/attach", {"task_id": known["id"]}),
            ("/deliveries/redeliver", {"ids": delivery}),
            (f"/endpoints/{endpoint}/pause", {}),
            (f"/endpoints/{endpoint}/delete", {}),
            (f"/endpoints/{endpoint}/rotate", {"overlap_s": "0"}),
            (f"/endpoints/{endpoint}/test", {}),
            ("/tasks/refresh", {"ids": known["id"]}),
            ("/tasks/cancel", {"ids": known["id"]}),
            ("/tasks/resubmit", {"ids": known["id"]}),
            ("/tasks/dismiss", {"ids": known["id"]}),
        ):
            assert other.send(path, **fields).status_code == 404, path
        assert "0 owed" not in other.see("/endpoints")
        for name in ("id", "external", "provider", "delivery", "endpoint"):
            assert "Nothing of yours" in other.see("/find", q=known[name])
    assert api.get(f"/v1/endpoints/{endpoint}").json()["state"] == "active"
    assert receipt in _receipts(api, "unknown_task")


def test_a_key_that_only_reads_sees_why_buttons_are_off_and_is_refused(
    shared_idle: Shared, operator: Person, api: httpx.Client, known: dict[str, str]
) -> None:
    receipt, endpoint = known["receipt"], known["endpoint"]
    with signed_in(shared_idle.url, shared_idle.database_url, scopes={Scope.TASKS_READ}) as reader:
        for path, scope in (
            (f"/callbacks/{receipt}", "tasks:write"),
            (f"/callbacks/{receipt}", "admin"),
            (f"/endpoints/{endpoint}", "admin"),
            ("/deliveries", "tasks:write"),
            (f"/tasks/{known['id']}", "tasks:write"),
        ):
            page = reader.see(path)
            assert f"needs {scope}</small></button>" in page, path
            posts = {action for action, _ in forms_of(page)}
            assert posts <= {"/ui/sign-out", "/ui/deliveries/redeliver"}, path
        for path in (f"/endpoints/{endpoint}/pause/confirm", "/callbacks/dismiss/confirm?ids=1"):
            assert reader.get(path).status_code == 403
        before = len(api.get("/v1/audit").json()["entries"])
        for path in (
            "/callbacks/dismiss",
            f"/callbacks/{receipt}/replay",
            f"/callbacks/{receipt}/attach",
            "/deliveries/redeliver",
            "/deliveries/redeliver-all",
            f"/endpoints/{endpoint}/pause",
            f"/endpoints/{endpoint}/rotate",
            "/tasks/refresh",
            "/tasks/cancel",
            "/tasks/resubmit",
            "/tasks/dismiss",
        ):
            assert reader.send(path, ids=known["id"]).status_code == 403, path
        assert len(api.get("/v1/audit").json()["entries"]) == before
    assert receipt in _receipts(api, "unknown_task")


def test_a_form_of_another_site_changes_nothing_though_the_cookie_is_there(
    operator: Person, api: httpx.Client, known: dict[str, str]
) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        sent = BROWSER | headers
        with httpx.Client(base_url=operator.http.base_url, headers=sent, trust_env=False) as evil:
            evil.cookies = operator.http.cookies
            for path in (f"/ui/endpoints/{known['endpoint']}/pause", "/ui/tasks/cancel"):
                assert evil.post(path, data={"ids": known["id"]}).status_code == 403
    assert api.get(f"/v1/endpoints/{known['endpoint']}").json()["state"] == "active"


def test_no_page_holds_a_secret(operator: Person, api: httpx.Client, known: dict[str, str]) -> None:
    made = api.post("/v1/endpoints", json={"url": "https://canary.example/hook"}).json()
    session = operator.http.cookies[SESSION_COOKIE]
    task_token = callback_path(known["id"]).rpartition("/")[2]
    canaries = [made["secret"], made["secret"].removeprefix("whsec_"), operator.key.secret]
    canaries += [session, task_token, SECRET.decode(), SHARED.rpartition("/")[2]]
    for path in (
        "/attention",
        "/callbacks",
        f"/callbacks/{known['receipt']}",
        "/deliveries",
        f"/deliveries/{known['delivery']}",
        "/endpoints",
        f"/endpoints/{made['id']}",
        f"/endpoints/{made['id']}/delete/confirm",
        f"/tasks/{known['id']}",
        "/settings",
        "/find?q=x",
        "/sign-in",
    ):
        page = operator.see(path)
        assert [one for one in canaries if one in page] == [], path


def test_pages_in_chinese_hold_no_english_sentence(
    operator: Person, api: httpx.Client, known: dict[str, str]
) -> None:
    operator.http.cookies.set("tracker-language", "zh")
    try:
        for path in (
            "/attention",
            "/callbacks",
            f"/callbacks/{known['receipt']}",
            "/deliveries",
            f"/deliveries/{known['delivery']}",
            "/endpoints",
            f"/endpoints/{known['endpoint']}",
            f"/endpoints/{known['endpoint']}/pause/confirm",
            "/settings",
            "/find?q=x",
            "/sign-in",
        ):
            page = operator.see(path)
            text = re.sub(
                r"<(pre|code|textarea|option)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL
            )
            text = text.replace("not JSON", "")
            assert re.findall(r"[A-Z]?[a-z]{2,} [a-z]{2,} [a-z]{2,} [a-z]{2,}", text) == [], path
    finally:
        operator.http.cookies.delete("tracker-language")
