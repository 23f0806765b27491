"""Junk at every route: always answered, never with a 5xx, and the service still works after it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.databases import PostgresTemplate, SqliteTemplate
from tests.support.requests import build_submission, find_callback_path, submit
from tests.support.service import build_environment, serve_to_client
from tracker.domain.token import SHARED

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _dumped(fields: Any) -> bytes:
    return json.dumps(fields).encode("utf-8", "surrogatepass")


FIELDS = st.sampled_from(
    [
        "image_list",
        "prompt",
        "mode",
        "duration",
        "callback_url",
        "external_task_id",
        "task_id",
        "task_status",
        "task_result",
        "data",
        "task_info",
        "provider",
        "operation",
        "input",
        "metadata",
        "deadline_s",
        "account",
        "updated_at",
        "progress",
        "error",
    ]
)
OBJECTS = st.dictionaries(FIELDS | st.text(max_size=8), JSON, max_size=8)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
SEGMENTS = st.sampled_from(
    [
        "v1",
        "tasks",
        "kling",
        "proxy",
        "videos",
        "multi-image2video",
        "images",
        "callbacks",
        "shared",
        "transitions",
        "receipts",
        "..",
        "%00",
        "%2F",
        "%FF",
        "字",
        "healthz",
    ]
) | st.text(max_size=6)
QUERIES = st.dictionaries(
    st.sampled_from(["limit", "cursor", "state", "provider", "external_task_id", "x"])
    | st.text(max_size=4),
    st.text(max_size=12),
    max_size=3,
)
MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module", params=["sqlite and postgres"])  # `-k "not postgres"` leaves it out
def services(
    sqlite_template: SqliteTemplate,
    postgres_template: PostgresTemplate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[httpx.Client]]:
    """One on each kind of database: drawing a request costs more than sending it twice."""
    folders = [tmp_path_factory.mktemp("junk") for _ in range(2)]
    with (
        postgres_template.copy() as postgres,
        _client(sqlite_template.copy(folders[0]), folders[0]) as on_sqlite,
        _client(postgres, folders[1]) as on_postgres,
    ):
        yield [on_sqlite, on_postgres]


@contextmanager
def _client(database_url: str, folder: Path) -> Iterator[httpx.Client]:
    env = build_environment(
        database_url,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
    )
    with serve_to_client(env, workers=False) as client:
        yield client


def _send(services: list[httpx.Client], method: str, path: str, **options: Any) -> None:
    for http in services:
        _send_to(http, method, path, **options)


def _send_to(http: httpx.Client, method: str, path: str, **options: Any) -> None:
    try:
        answer = http.request(method, path, **options)
    except (httpx.InvalidURL, httpx.LocalProtocolError, ValueError):
        return  # the client itself would not send such a request
    assert answer.status_code < 500, (method, path, options, answer.text)


@MANY
@given(method=METHODS, parts=st.lists(SEGMENTS, max_size=6), query=QUERIES, body=st.binary())
def test_any_path(
    services: list[httpx.Client], method: str, parts: list[str], query: dict[str, str], body: bytes
) -> None:
    headers = {"content-type": "application/json"}
    path = "/" + "/".join(parts)
    _send(services, method, path, params=query, content=body, headers=headers)


@MANY
@given(body=OBJECTS, input_=OBJECTS)
def test_any_submission(
    services: list[httpx.Client], body: dict[str, Any], input_: dict[str, Any]
) -> None:
    for path, sent in (
        ("/v1/tasks", body),
        ("/v1/tasks", build_submission() | body),
        ("/v1/tasks", build_submission(input=input_)),
        ("/kling/v1/videos/multi-image2video", input_),
        ("/kling/v1/videos/lip-sync", body | {"input": input_}),
        ("/kling/v1/images/generations", {"prompt": "x"} | input_),
    ):
        _send(
            services,
            "POST",
            path,
            content=_dumped(sent),
            headers={"content-type": "application/json"},
        )


@MANY
@given(body=st.binary() | OBJECTS.map(_dumped))
def test_any_callback(services: list[httpx.Client], body: bytes) -> None:
    for http in services:
        task = submit(http)
        forged = f"/callbacks/kling/{task['id']}/x"
        for path in (find_callback_path(task["id"]), find_callback_path(SHARED), forged):
            _send_to(http, "POST", path, content=body)
        assert http.get(f"/v1/tasks/{task['id']}/receipts").status_code == 200
        assert http.get(f"/v1/tasks/{task['id']}/transitions").status_code == 200
        assert http.get(f"/kling/v1/videos/multi-image2video/{task['id']}").status_code == 200


@MANY
@given(query=QUERIES)
def test_any_query(services: list[httpx.Client], query: dict[str, str]) -> None:
    _send(services, "GET", "/v1/tasks", params=query)


@MANY
@given(
    name=st.sampled_from(["idempotency-key", "if-none-match", "x-request-id", "content-type"]),
    value=st.binary(max_size=40),
)
def test_any_header(services: list[httpx.Client], name: str, value: bytes) -> None:
    headers = [(name.encode(), value.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))]
    _send(services, "POST", "/v1/tasks", content=b"{}", headers=headers)
    _send(services, "GET", "/v1/tasks", headers=headers)


def test_after_all_that_they_still_work(services: list[httpx.Client]) -> None:
    for http in services:
        assert submit(http)["state"] == "queued"
        assert http.get("/readyz").status_code == 200
