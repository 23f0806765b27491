"""A path with too much in it leads to the same place, never to a redirect that tells without a key.

Too much: slashes, `.` parts, and what a client's base URL and its paths both hold.
"""

import socket
import time
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.requests import EXAMPLE, SECRET, build_kling_callback, find_callback_path, submit
from tests.support.service import build_environment, listen, serve_service, serve_to_client
from tests.support.waiting import PATIENCE_S
from tracker.web.api.openapi import list_operations
from tracker.web.edge.slashes import remove_repeat
from tracker.web.routes import ROUTES


def _spellings(path: str) -> list[str]:
    doubled = path.replace("/", "//")
    slashes = [f"{path}/", f"{path}//", f"/{path}", doubled, f"{doubled}//"]
    first = path.split("/")[1]
    return [*slashes, f"/{first}{path}", f"/{first}//{first}{path}/"]


def _request(http: socket.socket, method: str, path: str, body: bytes) -> int:
    """Send a path as it stands, which httpx would put right; return the status."""
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    http.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    answer = HTTPResponse(http)
    answer.begin()
    answer.read()
    return answer.status


def test_without_a_key_every_spelling_of_every_route_is_401(
    sqlite_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("slashes")
    env = build_environment(
        sqlite_url, folder, provider_url="http://127.0.0.1:9", public_url=None, TRACKER_AUTH="on"
    )
    with (
        serve_service(env, workers=False) as url,
        httpx.Client(trust_env=False, timeout=60) as http,
    ):
        for route, method, said in list_operations(ROUTES):
            if said.scope is None:
                continue
            for path in _spellings(route.path.replace("{id}", "x")):
                answer = http.request(method, f"{url}{path}", json={})
                assert answer.status_code == 401, (method, path)
        for path in _spellings("/v1/videos/multi-image2video"):
            answer = http.post(f"{url}{path}", json=EXAMPLE)
            assert (answer.status_code, answer.json()["code"]) == (401, 1001), path
        for path in ("/v1/nothing/", "//nothing", "/healthz/x/"):
            assert http.get(f"{url}{path}").status_code == 404


def test_a_front_reads_its_paths_without_extra_slashes(idle: str) -> None:
    with httpx.Client(trust_env=False, timeout=60) as http:
        for path in ("/v1/videos/text2video", "/kling/v1/videos/text2video"):
            for spelling in (*_spellings(path), path.replace("/kling/", "/kling%20/")):
                answer = http.post(f"{idle}{spelling}", json={"prompt": "p"})
                assert answer.status_code == 200, (spelling, answer.text)


def test_a_slash_too_many_leads_to_the_same(idle: str) -> None:
    with httpx.Client(trust_env=False, timeout=60) as http:
        for path in _spellings("/v1/tasks"):
            assert http.get(f"{idle}{path}").json() == {"tasks": [], "next_cursor": None}
        with httpx.Client(base_url=idle, trust_env=False, timeout=60) as client:
            task = submit(client)["id"]
        for number, path in enumerate(_spellings(find_callback_path(task))):
            said = build_kling_callback("processing", updated_at=1795500093480 + number)
            assert http.post(f"{idle}{path}", content=said).status_code == 200, path
        for path in _spellings("/kling/v1/videos/multi-image2video"):
            assert http.post(f"{idle}{path}", json=EXAMPLE).json()["code"] == 0, path


REPEATED = [
    *("/kling/kling/v1/videos/text2video", "/kling/v1/v1/videos/text2video"),
    *("/kling/v1/kling/v1/videos/text2video", "/kling/kling/kling//v1/v1/v1/videos/text2video"),
    "/v1/v1/videos/text2video",
]


def test_a_front_reads_what_base_url_and_path_both_hold_once(idle: str) -> None:
    with httpx.Client(trust_env=False, timeout=60) as http:
        for path in REPEATED:
            assert http.post(f"{idle}{path}", json={"prompt": "p"}).status_code == 200, path
        for path in ("/kling/v1/videos/videos/text2video", "/kling/v1/kling/v1"):
            answer = http.post(f"{idle}{path}", json={"prompt": "p"})
            assert (answer.status_code, answer.json()["code"]) == (404, 1203), path
        task = http.post(f"{idle}{REPEATED[0]}", json={"prompt": "p", "external_task_id": "v1"})
        named = http.get(f"{idle}/kling/kling/v1/videos/text2video/v1").json()
        assert named["data"]["task_id"] == task.json()["data"]["task_id"]


@pytest.mark.parametrize(("prefix", "path"), [("/openai", "/v1/videos"), ("/luma", "/generations")])
def test_other_fronts_are_read_so_too(shared_http: httpx.Client, prefix: str, path: str) -> None:
    plain = shared_http.get(f"{prefix}{path}/none")
    for twice in (f"{prefix}{prefix}{path}/none", f"{prefix}/./{prefix}{path}/none"):
        answer = shared_http.get(twice)
        assert (answer.status_code, answer.json()) == (plain.status_code, plain.json()), twice


def test_a_path_of_repeats_alone_costs_no_time() -> None:
    parts = ["v1"] * 200_000
    began = time.thread_time()
    assert remove_repeat(parts, 2) == ["v1", "v1"]
    assert time.thread_time() - began < 1


CALLBACKS = [
    *("{}", "{}%2F", "{}%2f%2F", "{}/.", "{}/%2e/", "/.{}", "/./{}", "/callbacks{}", "{}%2F./"),
    *("{}%20", "{}%0D%0A", "{}%09/", "{}/%20", "{}%C2%A0%2F", "{}%E3%80%80?x=%20", "/%20{}"),
    *("{}&sign=abc&t=1", "{};jsessionid=1", "{},", "{}%22%3E", "{}.", "{}/pix", "{}/a/b/?c=%20"),
]


@pytest.mark.parametrize(
    "options", [{}, {"http": "tracker.web.wire.plain:BoundedH11"}], ids=["own", "h11"]
)
@pytest.mark.parametrize("root", ["", "/tracker"])
def test_a_callback_is_taken_in_however_its_url_is_spelt(
    options: dict[str, Any], root: str, sqlite_url: str, tmp_path: Path
) -> None:
    env = build_environment(
        *(sqlite_url, tmp_path),
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_ROOT_PATH=root,
        TRACKER_CALLBACK_SECRETS=SECRET.decode(),
    )
    with (
        listen() as listener,
        serve_to_client(env, listener=listener, workers=False, **options) as client,
        socket.create_connection(listener.getsockname(), PATIENCE_S) as http,
    ):
        path = find_callback_path(submit(client)["id"])
        spellings = [one.format(path) for one in CALLBACKS] + [path.replace("/", "%2F")]
        spellings[-1] = "/" + spellings[-1].removeprefix("%2F")
        if root:
            spellings += [f"{root}{one}" for one in spellings] + [f"{root}{root}{path}"]
        for number, spelt in enumerate(spellings):
            said = build_kling_callback("processing", updated_at=1795500093480 + number)
            assert _request(http, "POST", spelt, said) == 200, spelt
