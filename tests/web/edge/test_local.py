"""Where there are no keys, only programs on this machine are answered: not what passes them on."""

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.keys import build_bearer, issue
from tests.support.requests import (
    EXAMPLE,
    MULTI_IMAGE,
    build_kling_callback,
    build_submission,
    find_callback_path,
    submit,
)
from tests.support.service import build_environment, serve_service
from tests.support.waiting import wait_until
from tracker.cli.doctor import examine
from tracker.settings import Settings
from tracker.web.api.openapi import list_operations
from tracker.web.edge.local import is_local
from tracker.web.routes import ROUTES

PASSED_ON = [
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-For", "127.0.0.1"),  # a proxy tells what a stranger may have written
    ("X-Forwarded-Host", "localhost"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded", "for=1.2.3.4"),
    ("Forwarded", "for=203.0.113.9"),
    ("Via", "1.1 caddy"),
    ("X-Real-IP", "203.0.113.9"),
    ("CF-Connecting-IP", "203.0.113.9"),
    ("CF-Ray", "8f0c"),
    ("Cdn-Loop", "cloudflare"),
    ("True-Client-IP", "203.0.113.9"),
    ("Tailscale-User-Login", "somebody@example.com"),
    ("X-Amzn-Trace-Id", "Root=1-2"),
    ("X-Envoy-External-Address", "203.0.113.9"),
]
FOREIGN_HOSTS = [
    *("tracker.example", "tracker.example:8000", "127.0.0.1.nip.io", "localhost.evil.example"),
    *("evil.example:127", "0.0.0.0", "[::]", "192.168.1.5", "2130706433", "", "127.0.0.1 x"),
    *("user@127.0.0.1", "127.0.0.1/x", "localhost:8000:9", "xn--lcalhost-jxb"),
]
LOCAL_HOSTS = [
    *("localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1", "127.0.0.1:80", "127.8.8.8"),
    *("[::1]", "[::1]:8000", "[::ffff:127.0.0.1]"),
]
Header = tuple[str, str]


def _scope(*headers: Header, **ends: Any) -> dict[str, Any]:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    here = {"client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000)}
    return {"type": "http", "headers": raw} | here | ends


@pytest.mark.parametrize("host", LOCAL_HOSTS)
def test_a_host_that_is_loopback_is_local(host: str) -> None:
    assert is_local(_scope(("Host", host)))


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_any_other_host_is_not(host: str) -> None:
    assert not is_local(_scope(("Host", host)))


@pytest.mark.parametrize("ends", [{}, {"client": None, "server": ("/run/tracker.sock", None)}])
@pytest.mark.parametrize("header", PASSED_ON)
def test_what_was_passed_on_is_not(header: Header, ends: dict[str, Any]) -> None:
    assert is_local(_scope(("Host", "localhost"), **ends))
    assert not is_local(_scope(("Host", "localhost"), header, **ends))


def test_no_host_two_hosts_and_other_ends_are_not() -> None:
    host = ("Host", "localhost")
    assert not is_local(_scope())
    assert not is_local(_scope(host, host))
    assert not is_local(_scope(host, client=("203.0.113.9", 5)))
    assert not is_local(_scope(host, server=("192.168.1.5", 8000)))
    assert is_local(_scope(host, client=("::ffff:127.0.0.1", 5)))


@pytest.mark.parametrize("header", [*PASSED_ON, ("Host", "tracker.example")])
def test_without_keys_what_a_proxy_passes_on_is_told_to_make_one(
    http: httpx.Client, header: Header
) -> None:
    passed_on = dict([header])
    answer = http.get("/v1/tasks", headers=passed_on)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:tracker:problem:unauthenticated"
    assert "tracker keys create" in answer.json()["detail"]
    assert answer.headers["www-authenticate"].startswith("Bearer")
    front = http.post(MULTI_IMAGE, json=EXAMPLE, headers=passed_on)
    assert (front.status_code, front.json()["code"]) == (401, 1001)
    assert "tracker keys create" in front.json()["message"]
    assert http.get("/v1/tasks").json()["tasks"] == []


def test_every_route_but_callbacks_and_probes_is_closed_to_what_is_passed_on(
    http: httpx.Client, database_url: str
) -> None:
    passed_on = {"x-forwarded-for": "203.0.113.9", "host": "tracker.example"}
    for route, method, said in list_operations(ROUTES):
        if said.scope is not None:
            path = route.path.replace("{id}", "x")
            answer = http.request(method, path, json={}, headers=passed_on)
            assert answer.status_code == 401, (method, path)
    for path in ("/healthz", "/readyz"):
        assert http.get(path, headers=passed_on).status_code == 200
    task = submit(http)["id"]
    path, body = find_callback_path(task), build_kling_callback("processing")
    assert http.post(path, content=body, headers=passed_on).json() == {"verdict": "advanced"}
    key = {"authorization": f"Bearer {issue(database_url).secret}"}
    again = build_submission(external_task_id="with-a-key")
    assert http.post("/v1/tasks", json=again, headers=passed_on | key).status_code == 202


@pytest.mark.parametrize(
    ("settings", "is_advised"),
    [
        ({"TRACKER_PUBLIC_URL": "https://tracker.example"}, True),
        ({"TRACKER_PUBLIC_URL": "http://127.0.0.1:8000"}, False),
        ({"TRACKER_PUBLIC_URL": "https://tracker.example", "TRACKER_AUTH": "off"}, False),
        ({}, False),
    ],
)
def test_a_public_url_without_keys_is_advised_on_at_the_start_and_by_doctor(
    sqlite_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, str],
    is_advised: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    base = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None
    )
    given = base | settings
    assert _is_advised(given, caplog) == (is_advised, is_advised)
    issue(sqlite_url)
    assert _is_advised(given, caplog) == (False, False)


def _is_advised(env: dict[str, str], caplog: pytest.LogCaptureFixture) -> tuple[bool, bool]:
    """Return if the start, and if doctor, advise to make a key."""
    caplog.clear()
    with caplog.at_level(logging.WARNING), serve_service(env, workers=False):
        pass
    settings = Settings.read_environment(env)
    said = json.dumps([f.text for f in examine(settings) if f.level == "note"])
    advice = "there are no API keys"
    return advice in caplog.text, advice in said


def test_a_service_on_loopback_asks_for_keys_once_there_are_some(
    idle: str, database_url: str
) -> None:
    with httpx.Client(base_url=idle, trust_env=False, timeout=60) as client:
        odd = {"authorization": "Bearer of a Kling client"}
        assert client.get("/v1/tasks", headers=odd).status_code == 200
        key = build_bearer(issue(database_url))
        wait_until(lambda: client.get("/v1/tasks").status_code == 401)
        assert client.get("/v1/tasks", headers=key).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),  # another port of the same machine
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
def test_where_no_keys_are_asked_for_a_foreign_page_may_change_nothing(
    idle: str, headers: dict[str, str], status: int
) -> None:
    with httpx.Client(base_url=idle, trust_env=False, timeout=60, headers=headers) as client:
        id_ = httpx.post(
            f"{idle}/v1/tasks", json=build_submission(), trust_env=False, timeout=60
        ).json()["id"]
        assert client.get(f"/v1/tasks/{id_}").status_code == 200
        answer = client.post(f"/v1/tasks/{id_}/cancel")
        assert answer.status_code == status, answer.text
        made = client.post(MULTI_IMAGE, json=EXAMPLE)
        assert made.json()["code"] == (0 if status == 200 else 1103)


def test_a_page_of_our_own_address_may(idle: str) -> None:
    answer = httpx.post(
        f"{idle}/v1/tasks", json=build_submission(), headers={"origin": idle}, timeout=60
    )
    assert answer.status_code == 202
