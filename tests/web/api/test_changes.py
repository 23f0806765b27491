"""`/v1/changes`: pages, waiting, the stream; how it resumes, and how it ends."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.support.service import (
    Process,
    build_environment,
    free_port,
    serve_service,
    wait_until_ready,
)
from tracker.store.driver.engine import open_engine

LONG = 60


def follow(http: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    """All that the feed holds now, by pages."""
    seen: list[dict[str, Any]] = []
    more = True
    while more:
        page = http.get("/v1/changes", params=params).json()
        seen += page["changes"]
        params["after"], more = page["next_cursor"], page["has_more"]
    return seen


@contextmanager
def streaming(http: httpx.Client, query: str = "", **headers: str) -> Iterator[Iterator[str]]:
    """The lines of a stream."""
    with http.stream("GET", f"/v1/changes/stream{query}", headers=headers) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        yield stream.iter_lines()


def events(lines: Iterator[str], count: int) -> list[tuple[str, dict[str, Any]]]:
    """The next events: (id, data)."""
    found, id_ = [], ""
    for line in lines:
        if line.startswith("id: "):
            id_ = line[4:]
        elif line.startswith("data: "):
            found.append((id_, json.loads(line[6:])))
            if len(found) == count:
                return found
    raise AssertionError("the stream ended")


def ask(port: int, path: str) -> socket.socket:
    """Send a GET; `answer` reads what comes of it."""
    asking = socket.create_connection(("127.0.0.1", port), timeout=LONG)
    asking.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
    return asking


def answer(asking: socket.socket) -> Any:
    """The JSON of the answer."""
    with asking:
        response = HTTPResponse(asking)
        response.begin()
        return json.loads(response.read())


def test_every_entry_says_whose_it_is_what_moved_and_why(http: httpx.Client) -> None:
    task = submit(http, external_task_id="mine")
    http.post(find_callback_path(task["id"]), content=build_kling_callback("succeed"))
    first, last = follow(http)
    assert (first["from"], first["to"], first["source"], first["version"]) == (
        *(None, "queued", "client"),
        1,
    )
    assert last["task_id"] == task["id"]
    assert last["external_task_id"] == "mine"
    assert (last["provider"], last["operation"]) == ("kling", "videos/multi-image2video")
    assert (last["from"], last["to"], last["source"], last["version"]) == (
        *("queued", "succeeded", "callback"),
        2,
    )
    assert last["provider_status"] == "succeed"
    assert last["provider_at"].endswith("Z")
    assert last["at"].endswith("Z")
    assert last["evidence"]["type"] == "receipt"


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages_hold_every_change_once_in_order(http: httpx.Client, limit: int) -> None:
    made = [submit(http)["id"] for _ in range(5)]
    assert [change["task_id"] for change in follow(http, limit=limit)] == made


def test_a_cursor_goes_on_from_where_it_was_made(http: httpx.Client) -> None:
    submit(http)
    page = http.get("/v1/changes")
    after = page.json()["next_cursor"]
    assert http.get("/v1/changes", params={"after": after}).json() == {
        "changes": [],
        "next_cursor": after,
        "has_more": False,
    }
    task = submit(http)
    for found in (
        http.get("/v1/changes", params={"after": after}),
        http.get(page.links["next"]["url"]),
        http.get("/v1/changes", params={"after": after, "state": "queued"}),
    ):
        assert [change["task_id"] for change in found.json()["changes"]] == [task["id"]]


def test_filters_narrow_the_feed(http: httpx.Client) -> None:
    one = submit(http, external_task_id="one")["id"]
    other = {"operation": "videos/text2video", "input": {"prompt": "a cat"}}
    two = submit(http, external_task_id="two", **other)["id"]
    http.post(find_callback_path(one), content=build_kling_callback("processing", task_id="p-1"))
    http.post(find_callback_path(one), content=build_kling_callback("succeed", task_id="p-1"))

    def steps(**params: Any) -> list[tuple[str, str]]:
        return [(change["task_id"], change["to"]) for change in follow(http, **params)]

    assert steps(operation="videos/text2video") == [(two, "queued")]
    assert steps(external_task_id="one", state=["running", "succeeded"]) == [
        (one, "running"),
        (one, "succeeded"),
    ]
    assert steps(provider_task_id="p-1", state="succeeded") == [(one, "succeeded")]
    assert steps(provider="other") == []
    assert steps(overdue="true") == []
    assert len(steps(created_after="2026-01-01T00:00:00Z")) == 4
    assert steps(updated_before="2026-01-01T00:00:00+00:00") == []


def test_a_wait_for_changes_ends_with_the_first_that_fits(http: httpx.Client) -> None:
    first = submit(http)
    after = http.get("/v1/changes?after=now").json()["next_cursor"]
    with ThreadPoolExecutor() as beside:
        params = {"after": after, "wait": LONG, "state": "succeeded"}
        waiting = beside.submit(http.get, "/v1/changes", params=params)
        submit(http)
        http.post(find_callback_path(first["id"]), content=build_kling_callback("succeed"))
        page = waiting.result().json()
    assert [(c["task_id"], c["to"]) for c in page["changes"]] == [(first["id"], "succeeded")]


def test_a_wait_for_changes_in_vain_ends_in_time_and_moves_the_cursor(http: httpx.Client) -> None:
    submit(http)
    started = time.monotonic()
    page = http.get("/v1/changes?state=failed", headers={"prefer": "wait=1"})
    assert page.json()["changes"] == []
    assert page.headers["preference-applied"] == "wait=1"
    assert time.monotonic() - started >= 1
    assert (
        http.get("/v1/changes", params={"after": page.json()["next_cursor"]}).json()["changes"]
        == []
    )


@pytest.mark.parametrize("path", ["/v1/changes", "/v1/changes/stream"])
def test_a_cursor_that_the_feed_does_not_reach_back_to_is_410(
    http: httpx.Client, database_url: str, path: str
) -> None:
    cursors = []
    for _ in range(4):
        submit(http)
        cursors.append(http.get("/v1/changes").json()["next_cursor"])
    engine = open_engine(database_url)
    with engine.begin() as db:
        db.execute(text("DELETE FROM transitions WHERE seq <= 3"))
        db.execute(text("INSERT INTO feed_floors (tenant, seq) VALUES ('default', 3)"))
    engine.dispose()
    gone = http.get(path, params={"after": cursors[0]})
    assert gone.status_code == 410
    assert gone.json()["type"].endswith("cursor-too-old")
    for kept in cursors[2:]:
        assert http.get("/v1/changes", params={"after": kept}).status_code == 200
    assert len(http.get("/v1/changes").json()["changes"]) == 1


@pytest.mark.parametrize("path", ["/v1/changes", "/v1/changes/stream"])
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("surprise=1", "surprise"),
        ("after=AAAA", "after"),
        ("state=done", "state"),
        ("overdue=yes", "overdue"),
        ("created_after=yesterday", "created_after"),
        ("created_before=2026-11-24T10:00:00", "created_before"),
        ("updated_after=0001-01-01T00:00:00%2B10:00", "updated_after"),
    ],
)
def test_a_wrong_parameter_is_400_and_named(
    shared_http: httpx.Client, path: str, query: str, name: str
) -> None:
    refused = shared_http.get(f"{path}?{query}")
    assert refused.status_code == 400
    assert [error["path"] for error in refused.json()["errors"]] == [name]


def test_a_stream_tells_what_was_and_what_comes(http: httpx.Client) -> None:
    before = submit(http)["id"]
    with streaming(http) as lines:
        assert next(lines) == "retry: 1000"
        assert [data["task_id"] for _, data in events(lines, 1)] == [before]
        later = submit(http)["id"]
        ((id_, data),) = events(lines, 1)
    assert data == follow(http)[-1]
    assert data["task_id"] == later
    assert http.get("/v1/changes", params={"after": id_}).json()["changes"] == []


def test_a_stream_from_now_on_tells_only_what_comes(http: httpx.Client) -> None:
    submit(http)
    with streaming(http, "?after=now") as lines:
        next(lines)
        later = submit(http)["id"]
        assert [data["task_id"] for _, data in events(lines, 1)] == [later]


def test_a_stream_resumes_behind_the_last_event(http: httpx.Client) -> None:
    made = [submit(http)["id"] for _ in range(3)]
    with streaming(http) as lines:
        id_ = events(lines, 1)[0][0]
    made.append(submit(http)["id"])
    with streaming(http, "?after=now", **{"last-event-id": id_}) as lines:
        assert [data["task_id"] for _, data in events(lines, 3)] == made[1:]


def test_a_silent_stream_beats_and_moves_its_readers_place(sqlite_url: str, tmp_path: Path) -> None:
    env = build_environment(
        sqlite_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_HEARTBEAT_S="0.1",
    )
    with (
        serve_service(env, workers=False) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=LONG) as http,
        streaming(http, "?after=now&state=failed") as lines,
    ):
        submit(http)  # does not fit
        ids = [next(line for line in lines if line.startswith(("id: ", ": beat")))]
        while not ids[-1].startswith("id: "):
            ids.append(next(line for line in lines if line.startswith(("id: ", ": beat"))))
        page = http.get("/v1/changes", params={"after": ids[-1][4:]}).json()
    assert page["changes"] == []


def test_a_stream_and_a_wait_do_not_hold_up_the_end_of_the_process(
    sqlite_url: str, tmp_path: Path
) -> None:
    port = free_port()
    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None, PORT=str(port)
    )
    process = Process(("serve",), env, tmp_path / "log").start()
    url = f"http://127.0.0.1:{port}"
    wait_until_ready(url, process)
    with httpx.Client(base_url=url, trust_env=False, timeout=LONG) as http:
        task = submit(http)
        with streaming(http) as lines:
            events(lines, 1)
            waiting = [
                ask(port, f"/v1/tasks/{task['id']}?wait=60"),
                ask(port, "/v1/changes?after=now&wait=60"),
            ]
            assert http.get("/healthz").status_code == 200  # so those before it are taken in
            process.stop()
            assert [data for data in lines if data.startswith("data: ")] == []
            assert answer(waiting[0])["state"] == "queued"
            assert answer(waiting[1])["changes"] == []
    assert "Traceback" not in (tmp_path / "log").read_text()
