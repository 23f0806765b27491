"""How a tenant comes by the objects that stand in paths: for tests that walk the route table."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tests.support.requests import find_callback_path, submit


def _make_endpoint(http: httpx.Client) -> str:
    answer = http.post("/v1/endpoints", json={"url": "https://example.com/hooks"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _upload(http: httpx.Client) -> dict[str, Any]:
    answer = http.post("/v1/uploads", content=b"a")
    assert answer.status_code == 201, answer.text
    uploaded: dict[str, Any] = answer.json()
    return uploaded


def _link_token(http: httpx.Client) -> str:
    url: str = _upload(http)["link"]["url"]
    return url.partition("/links/")[2].partition("/")[0]


def _read_place_token(http: httpx.Client) -> str:
    """Return the token of a place for a file, which a front gives to whoever uploads first."""
    answer = http.post("/runway/uploads", json={"filename": "a.png", "numberOfParts": 1})
    assert answer.status_code == 200, answer.text
    (place,) = answer.json()["uploadUrls"]
    return str(place).rpartition("/")[2]


def _make_receipt(http: httpx.Client) -> str:
    if listed := http.get("/v1/receipts").json()["receipts"]:
        return str(listed[0]["id"])
    task = submit(http)["id"]
    answer = http.post(find_callback_path(task), content=b"{")
    assert answer.status_code == 400, answer.text
    receipts = http.get(f"/v1/tasks/{task}/receipts").json()["receipts"]
    return str(receipts[0]["id"])


def _make_delivery(http: httpx.Client) -> str:
    answer = http.post(f"/v1/endpoints/{_make_endpoint(http)}/test")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["delivery_id"])


def _make_key(http: httpx.Client) -> str:
    answer = http.post("/v1/keys", json={"name": "made for a test"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _run(http: httpx.Client) -> str:
    submit(http)
    counted = http.post("/v1/tasks/actions", json={"action": "cancel"})
    answer = http.post("/v1/runs", json={"token": counted.json()["token"]})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _reread(http: httpx.Client) -> str:
    answer = http.post("/v1/rereads", json={"provider": "kling", "dry_run": False})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _hold(http: httpx.Client) -> str:
    answer = http.post("/v1/holds", json={"task_id": submit(http)["id"], "reason": "a claim"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


MAKERS: Mapping[str, Callable[[httpx.Client], str]] = {
    "/v1/tasks/{id}": lambda http: str(submit(http)["id"]),
    "/v1/runs/{id}": _run,
    "/v1/rereads/{id}": _reread,
    "/v1/holds/{id}": _hold,
    "/v1/assets/{id}": lambda http: str(_upload(http)["id"]),
    "/links/{token}": _link_token,
    "/links/uploads/{token}": _read_place_token,
    "/v1/receipts/{id}": _make_receipt,
    "/v1/endpoints/{id}": _make_endpoint,
    "/v1/deliveries/{id}": _make_delivery,
    "/v1/keys/{id}": _make_key,
}
"""By the beginning of a path: makes one object as whoever the client is, and returns its id."""


def fill(path: str, http: httpx.Client) -> str:
    """A route's path with an object of the client's in it."""
    for beginning, make in MAKERS.items():
        if path.startswith(beginning):
            name = beginning.rpartition("{")[2].rstrip("}")
            return path.replace(f"{{{name}}}", make(http), 1)
    raise AssertionError(f"{path}: say in tests/support/objects.py how a tenant makes one")
