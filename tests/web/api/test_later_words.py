"""Words of a later release in the database: this one shows them, and its readers go on."""

import json

import httpx
import pytest
from sqlalchemy import text

from tests.support.requests import callback_path, kling_says, submit
from tracker.domain.events import EventKind
from tracker.store.driver.engine import open_engine
from tracker.store.tolerant import member

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
    answer = http.post(callback_path(task), content=kling_says("processing"))
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
    http.post(callback_path(task), content=kling_says("processing"))
    as_a_later_release_writes(database_url)
    answer = http.post(callback_path(task), content=kling_says("succeed"))
    assert answer.json() == {"verdict": "advanced"}
    assert http.get(f"/v1/tasks/{task}").json()["state"] == "succeeded"


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
    assert member(EventKind, word.value) is word


def test_an_unknown_word_equals_no_member() -> None:
    unknown = member(EventKind, LATER)
    assert (unknown, unknown.value, f"{unknown}") == (LATER, LATER, LATER)
    assert unknown not in set(EventKind)
