"""Words of a later release in the database: this one shows them, and its readers go on."""

import json

import httpx
import pytest
from sqlalchemy import text

from tests.support.requests import build_kling_callback, find_callback_path, submit
from tracker.domain.events import EventKind
from tracker.services.upkeep.stalls import UNREAD
from tracker.store.driver.engine import open_engine
from tracker.store.tolerant import read_member

LATER = "of_a_later_release"
CHECKED = (("transitions", "kind"), ("transitions", "source"), ("receipts", "verdict"))


def as_a_later_release_writes(database_url: str) -> None:
    """Put words into the newest rows that no release so far has, with its wider checks."""
    engine = open_engine(database_url)
    with engine.connect() as db:
        if engine.dialect.name == "sqlite":
            db.execute(text("PRAGMA ignore_check_constraints = ON"))
        for table, column in (*CHECKED, ("receipts", "source")):
            if engine.dialect.name == "postgresql":
                db.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{column}"))
            key = "seq" if table == "transitions" else "key"
            newest = f"(SELECT max({key}) FROM {table})"
            db.execute(text(f"UPDATE {table} SET {column} = '{LATER}' WHERE {key} = {newest}"))
        artifacts = json.dumps(
            [{"kind": "video", "url": "https://media.example/v", "state": LATER}]
        )
        db.execute(
            text("UPDATE tasks SET artifacts = :a, follow_up = :w"), {"a": artifacts, "w": LATER}
        )
        db.commit()
    engine.dispose()


def test_readers_show_the_words_of_a_later_release_as_they_are(
    http: httpx.Client, database_url: str
) -> None:
    task = submit(http)["id"]
    answer = http.post(find_callback_path(task), content=build_kling_callback("processing"))
    assert answer.json() == {"verdict": "advanced"}
    as_a_later_release_writes(database_url)
    step = http.get(f"/v1/tasks/{task}/transitions").json()["transitions"][-1]
    assert (step["kind"], step["source"]) == (LATER, LATER)
    assert http.get("/v1/changes").json()["changes"][-1]["kind"] == LATER
    (receipt,) = http.get(f"/v1/tasks/{task}/receipts").json()["receipts"]
    assert (receipt["verdict"], receipt["source"]) == (LATER, LATER)
    shown = http.get(f"/v1/tasks/{task}").json()
    assert shown["result"]["artifacts"][0]["state"] == LATER
    assert http.get("/v1/attention").status_code == 200


def test_writers_go_on_with_a_task_that_a_later_release_has_changed(
    http: httpx.Client, database_url: str
) -> None:
    task = submit(http)["id"]
    http.post(find_callback_path(task), content=build_kling_callback("processing"))
    as_a_later_release_writes(database_url)
    answer = http.post(find_callback_path(task), content=build_kling_callback("succeed"))
    assert answer.json() == {"verdict": "advanced"}
    assert http.get(f"/v1/tasks/{task}").json()["state"] == "succeeded"


def test_readers_go_on_with_a_task_in_a_state_of_a_later_release(
    http: httpx.Client, database_url: str
) -> None:
    task = submit(http, external_task_id="mine", deadline_s=0.001)["id"]
    ordinary = submit(http)["id"]
    engine = open_engine(database_url)
    with engine.connect() as db:
        if engine.dialect.name == "sqlite":
            db.execute(text("PRAGMA ignore_check_constraints = ON"))
        for table, column in (("tasks", "state"), ("transitions", "to_state")):
            if engine.dialect.name == "postgresql":
                name = "state" if table == "tasks" else column
                db.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}"))
            key = "key" if table == "tasks" else "task_key"
            oldest = f"(SELECT min({key}) FROM {table})"
            db.execute(text(f"UPDATE {table} SET {column} = '{LATER}' WHERE {key} = {oldest}"))
        db.commit()
    engine.dispose()
    shown = http.get(f"/v1/tasks/{task}")
    assert (shown.status_code, shown.json()["state"]) == (200, LATER)
    tag = {"if-none-match": shown.headers["etag"]}
    assert http.get(f"/v1/tasks/{task}", headers=tag).status_code == 304
    assert http.get(f"/v1/tasks/{task}?wait=1").json()["state"] == LATER
    listed = http.get("/v1/tasks", params={"order": "asc"}).json()["tasks"]
    assert [(one["id"], one["state"]) for one in listed] == [(task, LATER), (ordinary, "queued")]
    for params in ({"overdue": "true"}, {"external_task_id": "mine"}, {"state": "queued"}):
        assert http.get("/v1/tasks", params=params).status_code == 200
    found = http.post("/v1/tasks/query", json={"ids": [task], "external_task_ids": ["mine"]})
    assert [one["task"]["state"] for one in found.json()["items"]] == [LATER, LATER]
    for path in ("transitions", "receipts", "attempts", "deliveries"):
        assert http.get(f"/v1/tasks/{task}/{path}").status_code == 200
    for path in ("/v1/changes", "/v1/attention", "/v1/stats", "/readyz"):
        assert http.get(path).status_code == 200
    assert http.get(f"/kling/v1/videos/multi-image2video/{task}").status_code == 200
    assert http.get("/kling/v1/videos/multi-image2video").status_code == 200
    # Only that release knows what may become of the task: the provider must send it again.
    assert (
        http.post(find_callback_path(task), content=build_kling_callback("succeed")).status_code
        == 503
    )
    for action in ("cancel", "refresh", "resubmit", "dismiss"):
        assert http.post(f"/v1/tasks/{task}/{action}").status_code in (202, 409, 503)
    neighbour = http.post(find_callback_path(ordinary), content=build_kling_callback("succeed"))
    assert neighbour.json() == {"verdict": "advanced"}
    with engine.begin() as db:
        db.execute(text("ALTER TABLE holds RENAME TO taken_away"))
    engine.dispose()  # of the connection that this made
    assert http.get("/v1/holds").status_code == 503
    ready = http.get("/readyz")  # the rest is served
    assert (ready.status_code, ready.json()["status"], ready.json()["reason"]) == (
        200,
        "ok",
        UNREAD,
    )
    (standing,) = http.get("/v1/attention").json()["conditions"]
    assert standing["reason"] == UNREAD


def test_the_stream_of_changes_goes_on(http: httpx.Client, database_url: str) -> None:
    begun = http.get("/v1/changes").json()["next_cursor"]
    task = submit(http)["id"]
    as_a_later_release_writes(database_url)
    with http.stream("GET", "/v1/changes/stream", params={"after": begun}) as stream:
        data = next(line for line in stream.iter_lines() if line.startswith("data:"))
    entry = json.loads(data.removeprefix("data:"))
    assert (entry["task_id"], entry["kind"]) == (task, LATER)


@pytest.mark.parametrize("word", list(EventKind))
def test_a_known_word_is_the_member_itself(word: EventKind) -> None:
    assert read_member(EventKind, word.value) is word


def test_an_unknown_word_equals_no_member() -> None:
    unknown = read_member(EventKind, LATER)
    assert (unknown, unknown.value, f"{unknown}") == (LATER, LATER, LATER)
    assert unknown not in set(EventKind)
