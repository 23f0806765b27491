"""A body that will be refused costs little: no answer is large, and nothing stops the event loop.

The bound is 50 ms of the loop's own processor time, and four times that for a machine whose cores
are shared; what is refused here took seconds before bodies were bounded. The best of a few tries
counts, because a collection of this process's garbage, or a module that is imported by a first
request, falls into the loop's time by chance; a cost of the request itself is there each time.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.requests import (
    EXAMPLE,
    MULTI_IMAGE,
    build_submission,
    find_callback_path,
    submit,
)
from tests.support.service import build_environment, serve_to_client
from tests.support.stalls import StallMeter
from tracker.domain.errors import MOST_NAMED
from tracker.web.api.openapi import list_operations
from tracker.web.edge.structure import MOST_VALUES
from tracker.web.routes import ROUTES

STALL_S = 0.05
SHARED = 4
TRIES = 5
ANSWER_BYTES = 64 * 1024
MANY = MOST_VALUES - 100
BODY_ROUTES = [
    (method, route.path.replace("{id}", "01a20cc0-9b56-74d5-b1db-1d0dc30dd2da"))
    for route, method, said in list_operations(ROUTES)
    if said.body is not None
]


@dataclass(frozen=True, slots=True)
class Measured:
    """A service and what its event loop suffers."""

    http: httpx.Client
    meter: StallMeter

    def refused(self, method: str, path: str, content: bytes) -> httpx.Response:
        """Its answer to a body, which must be small, come fast and be a refusal."""
        headers = {"content-type": "application/json"}
        answer = self.fast(
            lambda: self.http.request(method, path, content=content, headers=headers)
        )
        assert 400 <= answer.status_code < 500, answer.text[:200]
        assert len(answer.content) < ANSWER_BYTES
        return answer

    def fast(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """The first answer to what is sent; one of the tries must leave the event loop free."""
        stalls: list[float] = []
        answers: list[httpx.Response] = []
        while len(stalls) < TRIES and min(stalls, default=1.0) >= STALL_S * SHARED:
            self.http.get("/healthz").raise_for_status()
            self.meter.reset()
            answers.append(send())
            self.http.get("/healthz").raise_for_status()
            stalls.append(self.meter.longest_s)
        assert min(stalls) < STALL_S * SHARED, stalls
        return answers[0]


@pytest.fixture(scope="module")
def measured(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Measured]:
    meter = StallMeter()
    folder = tmp_path_factory.mktemp("measured")
    database = sqlite_template.copy(folder)
    env = build_environment(
        database,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
    )
    with serve_to_client(env, workers=False, around=meter.wrap_app) as http:
        yield Measured(http, meter)


@cache
def _unknown(count: int) -> bytes:
    return json.dumps({f"field-{n}": n for n in range(count)}).encode()


@pytest.mark.parametrize(("method", "path"), BODY_ROUTES)
def test_many_unknown_fields_are_refused_early_on_every_route(
    measured: Measured, method: str, path: str
) -> None:
    whole = measured.refused(method, path, _unknown(1_000_000))
    assert whole.status_code in (400, 413)
    few = measured.refused(method, path, _unknown(2_000))
    assert few.status_code == 422
    errors = few.json()["errors"]
    assert len(errors) == MOST_NAMED + 1
    assert errors[0] == {"path": "field-0", "reason": "there is no such field"}
    assert errors[-1]["reason"] == f"{2_000 - MOST_NAMED} more fields are wrong"


@pytest.mark.parametrize("path", ["/v1/tasks", "/v1/tasks/query", MULTI_IMAGE, "/kling/tasks"])
def test_very_many_values_are_refused_before_they_are_parsed(measured: Measured, path: str) -> None:
    body = b'{"input":[' + b"[]," * (20 * 1024 * 1024 // 3) + b"[]]}"
    assert measured.refused("POST", path, body).status_code in (400, 413)


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {f"key-{n}": [] for n in range(MANY // 2)}},
        {"input": EXAMPLE | {"image_list": [[]] * (MANY // 2)}},
        {"input": EXAMPLE | {f"field-{n}": [] for n in range(MANY // 2)} | {"image_list": 1}},
        {"input": EXAMPLE | {"image_list": [{"image": n} for n in range(MANY // 2)]}},
        {"provider": "x" * 5_000_000},
        {"x" * 5_000_000: 1},
        {"metadata": {"x" * 5_000_000: 1}},
    ],
    ids=["metadata", "lists", "unknown input", "wrong images", "value", "name", "key"],
)
def test_as_much_as_may_be_parsed_is_refused_fast(
    measured: Measured, changes: dict[str, Any]
) -> None:
    body = build_submission(**changes)
    measured.refused("POST", "/v1/tasks", json.dumps(body).encode())
    if "input" in changes:
        measured.refused("POST", MULTI_IMAGE, json.dumps(body["input"]).encode())


def test_very_many_parameters_are_refused_fast(measured: Measured) -> None:
    many = "&".join(f"a{n:x}" for n in range(1_000))
    answer = measured.refused("GET", f"/v1/tasks?{many}=1&limit=1&limit=2", b"")
    assert answer.json()["errors"][-1]["path"] == ""


def test_a_large_picture_is_still_taken(measured: Measured) -> None:
    image = "A" * (10 * 1024 * 1024)
    body = build_submission(input=EXAMPLE | {"image_list": [{"image": image}]})
    assert measured.http.post("/v1/tasks", json=body).status_code == 202


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "once"}])
def test_a_body_of_the_largest_size_is_taken_beside_the_event_loop(
    measured: Measured, headers: dict[str, str]
) -> None:
    images = [{"image": "A" * (12 * 1024 * 1024)} for _ in range(4)]
    body = json.dumps(build_submission(input=EXAMPLE | {"image_list": images})).encode()
    sent = {"content-type": "application/json"} | headers
    answer = measured.fast(lambda: measured.http.post("/v1/tasks", content=body, headers=sent))
    assert answer.status_code == 202, answer.text[:200]


def test_a_callback_of_very_many_values_is_kept_and_not_parsed(measured: Measured) -> None:
    task = submit(measured.http)["id"]
    body = b"[" + b"[]," * 300_000 + b"[]]"
    answer = measured.refused("POST", find_callback_path(task), body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "")
    (receipt,) = measured.http.get(f"/v1/tasks/{task}/receipts").json()["receipts"]
    assert receipt["verdict"] == "malformed"
    assert f"more than {MOST_VALUES} values" in receipt["reason"]


def test_a_field_that_a_body_has_too_many_is_told_with_those_there_are(
    shared_http: httpx.Client,
) -> None:
    wrong = {"url": "https://a.example/hook", "events": [], "payload": "much"}
    errors = shared_http.post("/v1/endpoints", json=wrong).json()["errors"]
    reasons = {one["path"]: one["reason"] for one in errors}
    assert reasons["events"].startswith("there is no such field; known here: description, event_")
    assert reasons["payload"].startswith("must be one of")
