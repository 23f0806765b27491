"""Pages of callbacks, deliveries and endpoints: who finds, sees and may do what."""

import re

import httpx
import pytest

from tests.support.dashboard import (
    BROWSER,
    SHARED_CALLBACKS,
    Person,
    list_forms,
    list_odd_receipts,
    list_page_paths,
    make_endpoint,
    open_session,
    send_stray_callback,
)
from tests.support.keys import build_bearer
from tests.support.requests import (
    SECRET,
    build_kling_callback,
    build_submission,
    find_callback_path,
    submit,
)
from tests.web.conftest import Shared
from tracker.clock import make_id
from tracker.domain.access import Scope
from tracker.web.ui.frame.signing import SESSION_COOKIE


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


def test_several_that_a_text_names_are_listed_with_their_pages(
    operator: Person, known: dict[str, str]
) -> None:
    text = "{id} of {endpoint}, see r{receipt} and {delivery}".format(**known)
    page = operator.see("/find", q=text)
    for path in (
        "tasks/{id}",
        "endpoints/{endpoint}",
        "callbacks/{receipt}",
        "deliveries/{delivery}",
    ):
        assert f'href="/ui/{path.format(**known)}"' in page
    assert known["external"] in page


@pytest.fixture(scope="module")
def known(api: httpx.Client) -> dict[str, str]:
    """Ids of one of each."""
    external, theirs = f"find-{make_id()}", f"there-{make_id()}"
    endpoint = make_endpoint(api, "found")
    task = submit(api, external_task_id=external)
    api.post(
        find_callback_path(task["id"]), content=build_kling_callback("succeed", task_id=theirs)
    )
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
        "receipt": send_stray_callback(api, task_id=f"found-{make_id()}"),
    }


def test_another_tenant_finds_nothing_on_any_page(
    shared_idle: Shared, operator: Person, api: httpx.Client, known: dict[str, str]
) -> None:
    receipt, endpoint, delivery = (known[name] for name in ("receipt", "endpoint", "delivery"))
    with open_session(shared_idle.url, shared_idle.database_url, tenant="strangers") as other:
        for path in (
            f"/callbacks/dismiss/confirm?ids={receipt}",
            f"/tasks/cancel/confirm?ids={known['id']}",
        ):
            answer = other.get(path)
            assert answer.status_code in (404, 422), path
            assert known["external"] not in answer.text, path
        for path, fields in (
            ("/callbacks/dismiss", {"ids": receipt}),
            ("/deliveries/redeliver", {"ids": delivery}),
            ("/tasks/refresh", {"ids": known["id"]}),
            ("/tasks/cancel", {"ids": known["id"]}),
            ("/tasks/resubmit", {"ids": known["id"]}),
            ("/tasks/dismiss", {"ids": known["id"]}),
        ):
            assert other.send(path, **fields).status_code == 404, path
        assert "deliveries owed" not in other.see("/endpoints")
        for name in ("id", "external", "provider", "delivery", "endpoint"):
            assert "Nothing of yours" in other.see("/find", q=known[name])
    assert api.get(f"/v1/endpoints/{endpoint}").json()["state"] == "active"
    assert receipt in list_odd_receipts(api, "unknown_task")


FILLED = {"verb": "give_up", "overlap_s": "0", "url": "https://else.example/hook"}
"""Fields that forms ask for."""


def test_whatever_a_path_names_is_found_by_its_own_tenant_alone(
    shared_idle: Shared, operator: Person, api: httpx.Client, known: dict[str, str]
) -> None:
    """Try every route of the table that names something: pages, media, downloads and forms."""
    own = {"tasks": known["id"], "endpoints": known["endpoint"], "callbacks": known["receipt"]}
    own |= {"deliveries": known["delivery"], "keys": str(operator.key.row.id)}
    own["holds"] = api.post("/v1/holds", json={"reason": "x", "task_id": known["id"]}).json()["id"]
    waiting = submit(api, external_task_id=f"waits-{make_id()}")["id"]
    asked = operator.see("/bulk/new", action="cancel", ids=waiting)
    token = next(
        fields["token"] for action, fields in list_forms(asked) if action.endswith("/bulk")
    )
    started = operator.send("/bulk", token=token)
    own["bulk"] = started.headers["location"].rpartition("/")[2]
    receipts = api.get(f"/v1/tasks/{known['id']}/receipts").json()["receipts"]
    inner = {"{n}": "0", "{receipt}": receipts[0]["id"]}
    looked = 0
    with open_session(shared_idle.url, shared_idle.database_url, tenant="foreign") as other:
        made = other.http.post(
            "/v1/tasks", json=build_submission(), headers=build_bearer(other.key)
        )
        theirs = made.json()["id"]
        for method in ("POST", "GET"):
            for route in list_page_paths(method):
                if "{" not in route:
                    continue
                path = route.replace("{id}", own[route.split("/")[1]])
                for name, value in inner.items():
                    path = path.replace(name, value)
                if path.endswith("/attach/confirm"):
                    path += f"?task={theirs}"
                sent = {**FILLED, "task_id": theirs}
                answer = other.send(path, **sent) if method == "POST" else other.get(path)
                assert answer.status_code == 404, (method, path)
                assert known["external"] not in answer.text, path
                looked += 1
        live = other.get("/live", task=known["id"], once="1", after="now")
        assert live.status_code == 404
    assert looked > 30
    assert api.get(f"/v1/endpoints/{known['endpoint']}").json()["url"] != FILLED["url"]
    assert operator.get(f"/tasks/{known['id']}").status_code == 200  # it is there


def test_a_key_that_only_reads_sees_why_buttons_are_off_and_is_refused(
    shared_idle: Shared, operator: Person, api: httpx.Client, known: dict[str, str]
) -> None:
    receipt, endpoint = known["receipt"], known["endpoint"]
    with open_session(
        shared_idle.url, shared_idle.database_url, scopes={Scope.TASKS_READ}
    ) as reader:
        for path, scope in (
            (f"/callbacks/{receipt}", "tasks:write"),
            (f"/callbacks/{receipt}", "admin"),
            (f"/endpoints/{endpoint}", "admin"),
            ("/deliveries", "tasks:write"),
            (f"/tasks/{submit(api)['id']}", "tasks:write"),
        ):
            page = reader.see(path)
            assert f"needs {scope}</small></button>" in page, path
            posts = {action for action, _ in list_forms(page)}
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
    assert receipt in list_odd_receipts(api, "unknown_task")


def test_a_form_of_another_site_changes_nothing_though_the_cookie_is_there(
    operator: Person, api: httpx.Client, known: dict[str, str]
) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        sent = BROWSER | headers
        with httpx.Client(
            base_url=operator.http.base_url, headers=sent, trust_env=False, timeout=60
        ) as evil:
            evil.cookies = operator.http.cookies
            for path in (f"/ui/endpoints/{known['endpoint']}/pause", "/ui/tasks/cancel"):
                assert evil.post(path, data={"ids": known["id"]}).status_code == 403
    assert api.get(f"/v1/endpoints/{known['endpoint']}").json()["state"] == "active"


PLAIN_PAGES = (
    *("/attention", "/callbacks", "/callbacks/{receipt}", "/deliveries", "/deliveries/{delivery}"),
    *("/endpoints", "/endpoints/{endpoint}", "/settings", "/find?q=x", "/sign-in", "/holds"),
)
"""Addresses of pages, but for those of tasks and questions; what varies is of `known`."""


def test_no_page_holds_a_secret(operator: Person, api: httpx.Client, known: dict[str, str]) -> None:
    made = api.post("/v1/endpoints", json={"url": "https://canary.example/hook"}).json()
    session = operator.http.cookies[SESSION_COOKIE]
    task_token = find_callback_path(known["id"]).rpartition("/")[2]
    canaries = [made["secret"], made["secret"].removeprefix("whsec_"), operator.key.secret]
    canaries += [session, task_token, SECRET.decode(), SHARED_CALLBACKS.rpartition("/")[2]]
    for path in (*PLAIN_PAGES, "/endpoints/{endpoint}/delete/confirm", "/tasks/{id}"):
        page = operator.see(path.format_map(known | {"endpoint": made["id"]}))
        assert [one for one in canaries if one in page] == [], path


def test_pages_in_chinese_hold_no_english_sentence(
    operator: Person, api: httpx.Client, known: dict[str, str]
) -> None:
    operator.http.cookies.set("tracker-language", "zh")
    try:
        for path in (*PLAIN_PAGES, "/endpoints/{endpoint}/pause/confirm"):
            page = operator.see(path.format_map(known))
            text = re.sub(
                r"<(pre|code|textarea|option)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL
            )
            text = text.replace("not JSON", "")
            assert re.findall(r"[A-Z]?[a-z]{2,} [a-z]{2,} [a-z]{2,} [a-z]{2,}", text) == [], path
            said = re.sub(r"<(pre|code|textarea)\b.*?</\1>", "", page, flags=re.DOTALL)
            said = re.sub(r"</?(a|b|q|span|strong|time)\b[^>]*>", "", said)
            assert re.findall(r".{9}[。：；，、][ \n][^\s<]|[\u4e00-\u9fff][,;:]", said) == [], path
    finally:
        operator.http.cookies.delete("tracker-language")
