"""`tracker retention` and `tracker holds` on a database, and the settings that they go by."""

import asyncio
import json
import sqlite3
from base64 import b64decode
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from tests.support.dropping import run_all
from tests.support.made_up_api import Played
from tests.support.workbench import HandClock, ScriptedHttp, open_workbench
from tracker.cli.doctor.retention import _check_standing
from tracker.cli.main import main
from tracker.domain.task import Task
from tracker.domain.work import JobKind
from tracker.parts import open_parts
from tracker.services.leases import Leases
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep.counting import EndCounter
from tracker.services.upkeep.retention import RetentionChore
from tracker.settings import Settings
from tracker.store.retention_standing import RetentionStanding

DAY_S = 86400.0


async def _cancelled_long_ago(url: str) -> Task:
    clock = HandClock()
    clock.move(-40 * DAY_S)
    async with open_workbench(url, ScriptedHttp(Played()), clock=clock) as bench:
        task = await bench.create_queued("old")
        await TaskActions(bench.context, SubmissionIntake(bench.context)).cancel(
            "default", task.id, actor="somebody"
        )
    return task


@pytest.fixture
def task(sqlite_url: str) -> Task:
    """Its end is 40 days ago."""
    return asyncio.run(_cancelled_long_ago(sqlite_url))


@pytest.fixture
def env(sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": sqlite_url, "TRACKER_DATA_DIR": str(tmp_path)}


def run(env: Mapping[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=dict(env))


def told(env: Mapping[str, str], *arguments: str) -> Any:
    done = run(env, *arguments, "--output", "json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def rows(env: Mapping[str, str], statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(env["DATABASE_URL"].removeprefix("sqlite:///"))) as db:
        return db.execute(statement).fetchall()


def audited(env: Mapping[str, str]) -> list[tuple[Any, ...]]:
    return rows(env, "SELECT action, target FROM audit_entries ORDER BY key")


@pytest.mark.usefixtures("task")
def test_a_plan_goes_by_the_settings_and_changes_nothing(env: dict[str, str]) -> None:
    for _ in range(2):
        inputs, evidence, deliveries, assets = told(env, "retention", "plan")["plan"]
        assert (inputs["class"], inputs["keep_days"], inputs["rows"]) == ("inputs", 30, 1)
        assert inputs["bytes"] > 0
        assert (evidence["class"], evidence["keep_days"], evidence["rows"]) == ("evidence", 90, 0)
        assert (deliveries["class"], deliveries["keep_days"]) == ("deliveries", 30)
        assert assets == {"class": "assets", "keep_days": 30, "rows": 0, "bytes": 0}
    other = env | {
        "TRACKER_KEEP_INPUTS": "never",
        "TRACKER_KEEP_TASKS": "7d",
        "TRACKER_KEEP_ASSETS": "never",
    }
    due = {one["class"]: one["rows"] for one in told(other, "retention", "plan")["plan"]}
    assert due == {"evidence": 0, "deliveries": 0, "tasks": 1}
    assert audited(env) == []


def test_a_hold_is_added_listed_and_removed(env: dict[str, str], task: Task) -> None:
    id_ = str(task.id)
    assert run(env, "holds", "add", "--task", id_, "--reason", "claim 17").exit_code == 0
    assert run(env, "holds", "add", "--tenant", "acme", "--reason", "audit").exit_code == 0
    first, second = told(env, "holds", "list")["holds"]
    assert (first["task"], first["tenant"], first["reason"]) == (id_, "default", "claim 17")
    assert (second["task"], second["tenant"]) == (None, "acme")
    number = str(first["hold"])
    assert run(env, "holds", "remove", number).exit_code == 0
    assert told(env, "holds", "list")["holds"] == [second]
    assert run(env, "holds", "remove", number).exit_code == 1
    assert run(env, "holds", "remove", str(second["hold"])).exit_code == 0
    acts = "SELECT tenant FROM audit_entries WHERE action = 'holds.remove' ORDER BY key"
    assert rows(env, acts) == [("default",), ("acme",)]
    assert ("holds.add", number) in audited(env)
    assert ("holds.remove", number) in audited(env)


def test_what_is_no_task_of_the_tenant_is_not_held(env: dict[str, str], task: Task) -> None:
    others = run(env, "holds", "add", "--tenant", "acme", "--task", str(task.id), "--reason", "x")
    assert (others.exit_code, others.stdout) == (1, "")
    assert f"tenant 'acme' has no task {task.id}" in others.stderr
    assert run(env, "holds", "add", "--task", "17", "--reason", "x").exit_code == 2
    assert told(env, "holds", "list") == {"holds": []}


@pytest.mark.usefixtures("task")
def test_an_approval_is_kept_and_stands_in_the_audit(env: dict[str, str]) -> None:
    done = run(env, "retention", "approve")
    assert (done.exit_code, done.stderr) == (0, "approved: workers drop it within minutes\n")
    assert audited(env) == [("retention.approve", None)]
    walks = [name for (name,) in rows(env, "SELECT name FROM retention_approvals ORDER BY name")]
    assert walks == ["deliveries/2592000", "evidence/7776000", "inputs/2592000"]


def test_settings_that_cannot_be_meant_stop_the_command(env: dict[str, str]) -> None:
    for name, value, reason in (
        ("TRACKER_KEEP_TASKS", "6d", "must be at least 7d"),
        ("TRACKER_KEEP_INPUTS", "soon", "must be days, hours or minutes"),
        ("TRACKER_KEEP_TOMBSTONES", "-1d", "must be days, hours or minutes"),
    ):
        done = run(env | {name: value}, "retention", "plan")
        assert done.exit_code == 2
        assert f"{name}: {reason}" in done.stderr


def test_a_worker_refuses_to_read_only(env: dict[str, str]) -> None:
    done = run(env | {"TRACKER_READ_ONLY": "1"}, "worker")
    assert done.exit_code == 2
    assert "TRACKER_READ_ONLY: a worker writes" in done.stderr


async def _drop_all(env: Mapping[str, str]) -> None:
    environ = {**env, "TRACKER_KEEP_TASKS": "10d"}
    async with open_parts(Settings.read_environment(environ)) as parts:
        await EndCounter(parts.context).fold_all()
        leases = Leases(parts.context)
        for job in await leases.claim(JobKind.SUBMIT, limit=1, per_lane=1, busy={}):
            await SubmitAttempts(parts.context).run(job)  # a task that was cancelled is not sent
        await run_all(RetentionChore(parts.context))


def test_what_was_dropped_is_read_back_from_the_archive(
    env: dict[str, str], task: Task, tmp_path: Path
) -> None:
    assert run(env, "archive", "list").stderr.startswith("tracker: there is no archive")
    env = env | {"TRACKER_ARCHIVE": str(tmp_path / "archive")}
    assert told(env, "archive", "list") == {"files": []}
    asyncio.run(_drop_all(env))
    inputs, dropped = told(env, "archive", "list")["files"]
    assert (inputs["class"], dropped["class"]) == ("inputs", "tasks")
    assert (dropped["rows"], dropped["tenant"]) == (1, "default")
    path = tmp_path / "archive" / dropped["path"]
    assert (path.stat().st_size, sha256(path.read_bytes()).hexdigest()) == (
        dropped["bytes"],
        dropped["sha256"],
    )
    assert told(env, "archive", "list", "--class", "tasks", "--day", dropped["day"])["files"] == [
        dropped
    ]
    for nothing in (("--tenant", "acme"), ("--day", "2020-01-01"), ("--class", "evidence")):
        assert told(env, "archive", "list", *nothing) == {"files": []}
    lines = run(env, "archive", "read", "--task", str(task.id)).stdout.splitlines()
    first, second = map(json.loads, lines)
    assert json.loads(b64decode(first["body"])) == {"prompt": "rain"}
    assert (second["class"], second["id"], second["state"]) == (
        "tasks",
        str(task.id),
        "cancelled",
    )
    assert [step["to_state"] for step in second["transitions"]] == ["queued", "cancelled"]
    assert run(env, "archive", "read", "--task", str(uuid4())).stdout == ""
    assert run(env, "archive", "check").exit_code == 0
    (path.parent / "9-9.jsonl.gz").write_bytes(b"")
    path.write_bytes(b"?" * dropped["bytes"])
    done = run(env, "archive", "check")
    assert (done.exit_code, len(done.stdout.splitlines())) == (1, 2)
    assert "9-9.jsonl.gz is not in the database" in done.stdout
    assert f"{dropped['path']} is not what was written" in done.stdout
    assert run(env, "archive", "read", "--class", "tasks").exit_code == 1


def _said(env: Mapping[str, str]) -> list[str]:
    found = json.loads(run(env, "doctor", "--offline", "--output", "json").stdout)
    return [one["text"] for one in found if one["about"] in ("retention", "TRACKER_ARCHIVE")]


@pytest.mark.usefixtures("task")
def test_doctor_tells_what_is_kept_what_goes_next_and_what_keeps_it_back(
    env: dict[str, str], tmp_path: Path
) -> None:
    kept, worked, due, archive = _said(env | {"TRACKER_KEEP_ASSETS": "36h"})
    assert kept == (
        "kept after a task's end: inputs 30d, evidence 90d, deliveries 30d, the whole task never "
        "dropped; files 36h; 0 rules besides"
    )
    assert worked == "no worker has looked for what is to be dropped yet"
    assert due.startswith("next: inputs of tasks that ended on ")
    assert archive == "not set: what is dropped is gone for good"
    env = env | {"TRACKER_ARCHIVE": str(tmp_path / "archive")}
    assert _said(env)[-1].endswith("nothing was yet")
    run(env, "holds", "add", "--tenant", "acme", "--reason", "audit")
    asyncio.run(_drop_all(env))
    _, worked, holds, archive = _said(env)
    assert worked.startswith("all that was due had gone on ")
    assert holds == "1 holds keep tasks and files back; see `tracker holds list`"
    assert f"{tmp_path / 'archive'} gets what is dropped; last 20" in archive


def test_doctor_says_where_the_count_of_what_waits_ends() -> None:
    for behind, words in ((9_999, "9999 tasks wait"), (10_000, "10000+ tasks wait")):
        standing = RetentionStanding(datetime(2026, 11, 30, tzinfo=UTC), behind, None, 0, None)
        (found,) = _check_standing(standing)
        assert words in found.text
