"""Receipts that may need a human: listed, shown with their bytes, put aside."""

import base64
import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.support.dashboard import sign_in
from tests.support.keys import build_bearer, issue
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.web.conftest import Shared
from tracker.clock import make_id
from tracker.domain.inline_files import InlineFile
from tracker.domain.token import SHARED


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def _listed(http: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/receipts", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["receipts"]
    return found


def _odd(http: httpx.Client, *bodies: bytes) -> str:
    """Send callbacks about a new task; its id."""
    task: str = submit(http)["id"]
    for body in bodies:
        http.post(find_callback_path(task), content=body, headers={"content-type": "text/html"})
    return task


def test_odd_receipts_are_listed_newest_first_and_ordinary_ones_are_not(
    http: httpx.Client,
) -> None:
    task = _odd(
        http,
        b"{",
        build_kling_callback("marinating"),
        build_kling_callback("succeed"),
        build_kling_callback("failed"),
    )
    found = _listed(http)
    assert [one["verdict"] for one in found] == ["conflict", "unknown_status", "malformed"]
    assert {one["task_id"] for one in found} == {task}
    assert {one["dismissal"] for one in found} == {None}
    assert [one["id"] for one in _listed(http, verdict=["malformed", "conflict"])] == [
        found[0]["id"],
        found[2]["id"],
    ]
    assert _listed(http, provider="nobody") == []
    assert len(_listed(http, provider="kling")) == 3


def test_pages_meet_every_receipt_once(http: httpx.Client) -> None:
    _odd(
        http,
        *(b"{" + b" " * n for n in range(5)),
        build_kling_callback("a"),
        build_kling_callback("b"),
    )
    met, after = [], None
    while True:
        params = {"limit": 2} | ({} if after is None else {"after": after})
        answer = http.get("/v1/receipts", params=params)
        met += [one["id"] for one in answer.json()["receipts"]]
        after = answer.json()["next_cursor"]
        if after is None:
            assert "link" not in answer.headers
            break
        assert after in answer.headers["link"]
    assert met == [one["id"] for one in _listed(http)]
    assert len(met) == len(set(met)) == 7
    first = http.get("/v1/receipts", params={"limit": 2}).json()["next_cursor"]
    other = http.get("/v1/receipts", params={"limit": 2, "after": first, "provider": "kling"})
    assert other.status_code == 400


def test_no_name_of_a_file_is_shown_that_is_good_elsewhere(shared_idle: Shared) -> None:
    file = InlineFile(make_id(), 3, sha256(b"abc").digest(), "video/mp4")
    name = file.build_name(b"a secret for tests only", "with files")
    key = issue(shared_idle.database_url, tenant="with files")
    with httpx.Client(
        base_url=shared_idle.url, headers=build_bearer(key), trust_env=False, timeout=60
    ) as http:
        sign_in(http, key.secret)
        task = _odd(http, json.dumps({"odd": name}).encode())
        (listed,) = http.get(f"/v1/tasks/{task}/receipts").json()["receipts"]
        id_ = listed["id"]
        paths = [
            *(f"/v1/tasks/{task}/receipts", f"/v1/receipts/{id_}", f"/v1/receipts/{id_}/body"),
            *(f"/ui/tasks/{task}?receipt={id_}", f"/ui/tasks/{task}/receipts/{id_}"),
            *(f"/ui/callbacks/{id_}", f"/ui/callbacks/{id_}/body"),
            f"/ui/tasks/{task}/everything.json",
        ]
        for path in paths:
            shown = http.get(path).text
            assert (str(file.id) in shown, "mark=" in shown) == (True, False), path
    assert listed["size_bytes"] == len(listed["body"])


def test_one_receipt_has_its_headers_and_its_bytes(http: httpx.Client) -> None:
    sent = b'{"task_status": "marinating", "odd": "\xff\x00<script>"}'
    task = _odd(http, sent, sent)
    (first,) = _listed(http)
    repeat = http.get(f"/v1/tasks/{task}/receipts").json()["receipts"][1]["id"]
    for id_ in (first["id"], repeat):
        whole = http.get(f"/v1/receipts/{id_}").json()
        assert (whole["task_id"], whole["encoding"]) == (task, "base64")
        assert base64.b64decode(whole["body"]) == sent
        assert whole["headers"]["content-type"] == "text/html"
        raw = http.get(f"/v1/receipts/{id_}/body")
        assert raw.content == sent
        assert raw.headers["content-type"] == "application/octet-stream"
        assert raw.headers["content-disposition"].startswith("attachment")
        assert raw.headers["x-content-type-options"] == "nosniff"
    assert whole["duplicate_of"] == first["id"]


def test_what_is_dismissed_names_its_actor_and_asks_for_nobody(http: httpx.Client) -> None:
    _odd(http, b"{", b"[")
    newest, oldest = _listed(http)
    made = http.post(f"/v1/receipts/{newest['id']}/dismiss").json()
    assert [one["id"] for one in _listed(http, dismissed="false")] == [oldest["id"]]
    (aside,) = _listed(http, dismissed="true")
    assert (aside["id"], aside["dismissal"]) == (newest["id"], made)
    whole = http.get(f"/v1/receipts/{newest['id']}").json()
    assert whole["dismissal"]["actor"] == made["actor"] != ""


@pytest.mark.parametrize(
    "params", [{"verdict": "advanced"}, {"verdict": "x"}, {"dismissed": "1"}, {"after": "x"}]
)
def test_a_wrong_filter_is_refused_by_name(http: httpx.Client, params: dict[str, str]) -> None:
    answer = http.get("/v1/receipts", params=params)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] in (*params, "cursor")


@pytest.mark.parametrize("id_", ["0", "-1", "x", "9" * 19, "%00"])
def test_a_receipt_that_is_not_there_is_not_found(http: httpx.Client, id_: str) -> None:
    for path in ("", "/body"):
        assert http.get(f"/v1/receipts/{id_}{path}").status_code == 404


def test_strangers_are_shown_to_the_operator_alone(http: httpx.Client) -> None:
    said = json.dumps({"task_id": "unheard-of", "task_status": "succeed"})
    assert http.post(find_callback_path(SHARED), content=said).status_code == 200
    assert _listed(http) == []


def test_a_quarantined_one_is_given_to_its_task_as_previewed(http: httpx.Client) -> None:
    task = submit(http)["id"]
    http.post(
        find_callback_path(task),
        content=build_kling_callback("processing", external_task_id="another"),
    )
    (odd,) = _listed(http)
    assert odd["verdict"] == "mismatch"
    path, body = f"/v1/receipts/{odd['id']}/attach", {"task_id": task}
    seen = http.post(path, json=body).json()
    assert [odd["id"]] == [one["id"] for one in _listed(http)]
    done = http.post(path, json=body | {"dry_run": False}).json()
    assert done == seen | {"dry_run": False}
    (step,) = done["steps"]
    assert (step["from_state"], step["to_state"], step["version"]) == ("queued", "running", 2)
    last = http.get(f"/v1/tasks/{task}/transitions").json()["transitions"][-1]
    assert (last["source"], last["evidence"]["id"]) == ("operator", odd["id"])
    assert last["actor"]
    assert _listed(http) == []
    attention = http.get("/v1/attention").json()["receipts"]
    assert attention["mismatch"] == []
    again = http.post(path, json=body | {"dry_run": False})
    assert (again.status_code, again.json()["type"]) == (409, "urn:tracker:problem:conflict")
    told = http.post(f"/v1/receipts/{odd['id']}/replay", json={"dry_run": False}).json()
    assert (told["was"], told["steps"]) == ("advanced", [])


def test_no_task_of_another_tenant_hears_of_a_callback(
    http: httpx.Client, shared_idle: Shared
) -> None:
    _odd(http, build_kling_callback("processing", external_task_id="another"))
    (odd,) = _listed(http)
    with shared_idle.client() as them:
        theirs = submit(them)["id"]
    for id_ in (theirs, "no id"):
        answer = http.post(f"/v1/receipts/{odd['id']}/attach", json={"task_id": id_})
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "task_id")
