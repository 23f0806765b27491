"""Stability's front with its emulator behind it: held creates, files as bytes and as base64."""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.clients.cutting import creates, first_create
from tests.support.keys import build_bearer, issue
from tests.support.proxy import Proxy
from tests.support.service import KEEPING_FILES, build_environment, serve_service
from tests.support.waiting import wait_until
from tests.web.conftest import Shared
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

CORE, CREATIVE = "stable-image/generate/core", "stable-image/upscale/creative"
BASE, RESULTS = "/stability/v2beta", "/stability/v2beta/results"
PNG = b"\x89PNG\r\n\x1a\n"
FILE = ("a.png", PNG, "image/png")
JSON = {"accept": "application/json"}
NONE = ("", b"", "text/plain")


@dataclass(frozen=True)
class StabilityService:
    """A service that keeps files, and the provider itself. admin: headers of a key for all."""

    http: httpx.Client
    provider: httpx.Client
    admin: dict[str, str]

    def made(self, prompt: str) -> int:
        """Return how often a task with this prompt was made at the provider."""
        return int(self.provider.get("/emulator/creations").json().get(prompt, 0))


@pytest.fixture(scope="module")
def scene(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StabilityService]:
    folder = tmp_path_factory.mktemp("stability")
    with ExitStack() as stack:
        behind = stack.enter_context(Emulator(EmulatorConfig(step_seconds=0.05)))
        env = build_environment(
            shared_database_url,
            folder,
            provider_url=behind.url,
            public_url=None,
            TRACKER_STABILITY_BASE_URL=f"{behind.url}/stability",
            TRACKER_STABILITY_API_KEY=DEFAULT_KEY,
            TRACKER_STABILITY_POLL_SPACING_S="0.05",
            TRACKER_POLL_FIRST_S="0.05",
            **KEEPING_FILES,
        )
        url = stack.enter_context(serve_service(env, workers=True))
        key = {"authorization": f"Bearer {DEFAULT_KEY}"}
        provider = httpx.Client(base_url=behind.url, headers=key, trust_env=False, timeout=60)
        http = stack.enter_context(Shared(url, shared_database_url).client())
        admin = build_bearer(issue(shared_database_url))
        yield StabilityService(http, stack.enter_context(provider), admin)


def create(http: httpx.Client, name: str, prompt: str, accept: str = "image/*") -> httpx.Response:
    """Send a create as callers do: a form, also where it has texts alone."""
    files = {"none": NONE} if name == CORE else {"image": FILE}
    url, form = f"{BASE}/{name}", {"prompt": prompt, "seed": "7"}
    return http.post(url, data=form, files=files, headers={"accept": accept})


def result(http: httpx.Client, id_: str, **headers: str) -> httpx.Response:
    """Ask for a result until the status says that it is over."""
    answers: list[httpx.Response] = []

    def is_over() -> bool:
        answers.append(http.get(f"{RESULTS}/{id_}", headers=headers))
        return answers[-1].status_code != 202

    wait_until(is_over)
    return answers[-1]


def test_a_create_is_answered_with_the_file_as_the_provider_answers(
    scene: StabilityService,
) -> None:
    front, provider = (create(http, CORE, "a cat") for http in (scene.http, scene.provider))
    for answer in (front, provider):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.content.startswith(PNG)
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert [answer.headers[name] for name in ("finish-reason", "seed")] == ["SUCCESS", "7"]
    told = create(scene.http, CORE, "a cat in json", "application/json").json()
    assert b64decode(told.pop("image")).startswith(PNG)
    assert told == {"finish_reason": "SUCCESS", "seed": 7}


def test_a_result_is_asked_for_by_the_id_until_it_is_there(scene: StabilityService) -> None:
    made = create(scene.http, CREATIVE, "a large cat", "application/json")
    assert (made.status_code, set(made.json())) == (200, {"id"})
    id_ = made.json()["id"]
    raw = result(scene.http, id_, accept="image/*")
    assert raw.content.startswith(PNG)
    assert raw.headers["seed"] == "7"
    told = scene.http.get(f"{RESULTS}/{id_}", headers=JSON).json()
    assert b64decode(told["result"]) == raw.content
    older = scene.http.get(f"{BASE}/{CREATIVE}/result/{id_}", headers=JSON).json()
    assert older == {"image": told["result"], "finish_reason": "SUCCESS", "seed": 7}
    assert scene.http.get(f"{BASE}/image-to-video/result/{id_}").status_code == 404
    task = scene.http.get(f"/v1/tasks/{id_}").json()
    assert len(task["result"]["artifacts"]) == 1


@pytest.mark.parametrize(
    ("name", "scenario", "status", "word"),
    [
        (CORE, "refused", 403, "content_moderation"),
        (CORE, "content_filtered", 403, "content_moderation"),
        (CORE, "finish_error", 400, "bad_request"),
        (CORE, "gateway_timeout", 409, "outcome_unknown"),
        (CORE, "truncated", 409, "outcome_unknown"),
        (CREATIVE, "moderated", 403, "content_moderation"),
        (CREATIVE, "content_filtered", 403, "content_moderation"),
    ],
)
def test_why_there_is_no_file_is_told_by_the_status(
    scene: StabilityService, name: str, scenario: str, status: int, word: str
) -> None:
    prompt = f"{name} [scenario:{scenario}]"
    answer = create(scene.http, name, prompt, "application/json")
    if name == CREATIVE:
        answer = result(scene.http, answer.json()["id"])
    assert (answer.status_code, answer.json()["name"]) == (status, word)
    assert set(answer.json()) == {"id", "name", "errors"}
    assert scene.made(prompt) <= 1
    [task] = scene.http.get("/v1/tasks?limit=1").json()["tasks"]
    pieces = (task["result"] or {"artifacts": []})["artifacts"]
    assert [one["asset"]["state"] for one in pieces] == ["kept"] * (scenario == "content_filtered")


def test_a_file_that_is_cut_on_its_way_is_fetched_again(scene: StabilityService) -> None:
    made = create(scene.http, CREATIVE, "cut [scenario:truncated=1]", "application/json")
    done = result(scene.http, made.json()["id"])
    assert done.content.startswith(PNG)
    assert scene.made("cut [scenario:truncated=1]") == 1


def test_an_answer_that_was_lost_is_given_again(scene: StabilityService) -> None:
    key = {"authorization": scene.http.headers["authorization"]}
    with (
        Proxy(str(scene.http.base_url), choose=first_create()) as proxy,
        httpx.Client(base_url=proxy.url, headers=key, trust_env=False, timeout=60) as http,
    ):
        with pytest.raises(httpx.HTTPError):
            create(http, CORE, "a lost cat")
        again = create(http, CORE, "a lost cat")
    assert again.content.startswith(PNG)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert scene.made("a lost cat") == 1


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("POST", f"{BASE}/{CORE}", {"data": {"prompt": ""}, "files": {"none": NONE}}, 400),
        ("POST", f"{BASE}/{CORE}", {"headers": {"accept": "video/*"}}, 400),
        ("GET", f"{BASE}/{CORE}", {}, 405),
        ("POST", f"{RESULTS}/nobody", {}, 405),
        ("GET", f"{RESULTS}/nobody", {}, 404),
        ("GET", f"{BASE}/{CREATIVE}/result/nobody", {}, 404),
        ("GET", f"{BASE}/nowhere", {}, 404),
        ("GET", "/stability/v1/engines/list", {}, 404),
    ],
)
def test_what_is_not_served_is_refused_by_a_name(
    scene: StabilityService, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    answer = scene.http.request(method, path, **sent)
    assert answer.status_code == status
    assert set(answer.json()) == {"id", "name", "errors"}


def test_the_balance_is_the_providers_and_for_admins(scene: StabilityService) -> None:
    refused = scene.http.get("/sd/v1/user/balance")
    assert (refused.status_code, refused.json()["name"]) == (403, "permission_denied")
    answer = scene.http.get("/sd/v1/user/balance", headers=scene.admin)
    assert answer.json() == {"credits": 123.4}
