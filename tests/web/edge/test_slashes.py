"""A slash too many leads to the same place, and never to a redirect that tells without a key."""

import httpx
import pytest

from tests.support.requests import EXAMPLE, callback_path, kling_says, submit
from tests.support.service import environment, listen, serving
from tracker.web.api.openapi import operations
from tracker.web.routes import ROUTES


def _spellings(path: str) -> list[str]:
    doubled = path.replace("/", "//")
    return [f"{path}/", f"{path}//", f"/{path}", doubled, f"{doubled}//"]


def test_without_a_key_every_spelling_of_every_route_is_401(
    sqlite_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("slashes")
    env = environment(
        sqlite_url, folder, provider_url="http://127.0.0.1:9", public_url=None, TRACKER_AUTH="on"
    )
    with (
        serving(env, door=listen(), workers=False) as url,
        httpx.Client(trust_env=False, timeout=20) as http,
    ):
        for route, method, said in operations(ROUTES):
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
    with httpx.Client(trust_env=False, timeout=20) as http:
        for path in ("/v1/videos/text2video", "/kling/v1/videos/text2video"):
            for spelling in _spellings(path):
                answer = http.post(f"{idle}{spelling}", json={"prompt": "p"})
                assert answer.status_code == 200, (spelling, answer.text)


def test_a_slash_too_many_leads_to_the_same(idle: str) -> None:
    with httpx.Client(trust_env=False, timeout=20) as http:
        for path in _spellings("/v1/tasks"):
            assert http.get(f"{idle}{path}").json() == {"tasks": [], "next_cursor": None}
        with httpx.Client(base_url=idle, trust_env=False, timeout=20) as client:
            task = submit(client)["id"]
        for number, path in enumerate(_spellings(callback_path(task))):
            said = kling_says("processing", updated_at=1795500093480 + number)
            assert http.post(f"{idle}{path}", content=said).status_code == 200, path
        for path in _spellings("/kling/v1/videos/multi-image2video"):
            assert http.post(f"{idle}{path}", json=EXAMPLE).json()["code"] == 0, path
