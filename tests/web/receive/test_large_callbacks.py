"""Callbacks that hold whole results: taken of providers that send them, from nobody else."""

import gzip
import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.support.service import build_environment, serve_to_client
from tests.support.stalls import StallMeter
from tracker.providers.registry import PROVIDERS

LARGE = 12 * 1024 * 1024
MOST = PROVIDERS["replicate"].callback_bytes
STALL_S = 0.2
"""Of the event loop's own processor time; 50 ms, and four times that where cores are shared."""


@pytest.fixture(scope="module")
def meter() -> StallMeter:
    return StallMeter()


@pytest.fixture(scope="module")
def http(
    meter: StallMeter, sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("large")
    env = build_environment(
        sqlite_template.copy(folder),
        folder,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
        TRACKER_REPLICATE_API_KEY="r8_key",
        TRACKER_REPLICATE_BASE_URL="http://127.0.0.1:9",
    )
    with serve_to_client(env, workers=False, around=meter.wrap_app) as client:
        yield client


_ids = count()


def _prediction(http: httpx.Client) -> str:
    body: dict[str, Any] = {"version": "a" * 64, "input": {"prompt": "rain"}}
    task = submit(http, provider="replicate", operation="predictions", input=body)
    return str(task["id"])


def _says(size: int) -> bytes:
    said = {
        "id": f"p{next(_ids)}",
        "status": "succeeded",
        "output": f"data:image/png;base64,{'A' * size}",
        "webhook": "https://tracker.example/callbacks/replicate/x/y",
    }
    return json.dumps(said).encode()


def test_a_result_of_twelve_megabytes_is_taken_beside_the_event_loop(
    http: httpx.Client, meter: StallMeter
) -> None:
    stalls = []
    for _ in range(3):
        task = _prediction(http)
        path = find_callback_path(task, provider="replicate")
        meter.reset()
        assert http.post(path, content=_says(LARGE)).json() == {"verdict": "advanced"}
        stalls.append(meter.longest_s)
        assert http.get(f"/v1/tasks/{task}").json()["state"] == "succeeded"
    assert min(stalls) < STALL_S, stalls


def test_one_that_is_compressed_is_taken_too(http: httpx.Client) -> None:
    path = find_callback_path(_prediction(http), provider="replicate")
    packed = gzip.compress(_says(LARGE))
    answer = http.post(path, content=packed, headers={"content-encoding": "gzip"})
    assert answer.json() == {"verdict": "advanced"}


@pytest.mark.parametrize("size", [MOST, LARGE])
def test_more_than_a_provider_sends_or_a_stranger_may_is_refused(
    http: httpx.Client, size: int
) -> None:
    task = _prediction(http)
    path = find_callback_path(task, provider="replicate")
    if size == LARGE:
        path = path[:-1] + "~"  # not our token
    body = _says(size)
    with suppress(httpx.WriteError, httpx.ReadError):  # it is refused by its length, and not read
        assert http.post(path, content=body).status_code == 413
    packed = gzip.compress(body)
    answer = http.post(path, content=packed, headers={"content-encoding": "gzip"})
    assert answer.status_code == 413
    assert http.get(f"/v1/tasks/{task}").json()["state"] == "queued"


def test_the_limit_of_other_providers_stays(http: httpx.Client) -> None:
    path = find_callback_path(submit(http)["id"])
    assert (
        http.post(path, content=build_kling_callback("succeed", more="x" * 900_000)).status_code
        == 200
    )
    packed = gzip.compress(build_kling_callback("succeed", more="x" * 1_100_000))
    answer = http.post(path, content=packed, headers={"content-encoding": "gzip"})
    assert answer.status_code == 413
