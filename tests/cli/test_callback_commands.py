"""`tracker callbacks` and the client's receipts against a running service."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from tests.support.databases import SqliteTemplate
from tests.support.requests import EXAMPLE, build_kling_callback, find_callback_path, submit
from tests.support.service import build_environment, serve_service
from tracker.cli.callbacks import VERDICTS
from tracker.cli.main import main
from tracker.client import AsyncClient, Client, NotFound
from tracker.web.api.receipts import LISTED


@pytest.fixture(scope="module")
def service(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("callbacks")
    env = build_environment(
        sqlite_template.copy(folder),
        folder,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
    )
    with serve_service(env, workers=False) as url:
        yield url


@pytest.fixture
def task(service: str) -> str:
    """A task about which nonsense and an unknown word came."""
    with httpx.Client(base_url=service, trust_env=False, timeout=60) as http:
        made: str = submit(http)["id"]
        http.post(
            find_callback_path(made), content=b"{\x1b[31m", headers={"content-type": "text/x"}
        )
        http.post(find_callback_path(made), content=build_kling_callback("marinating"))
    return made


def run(service: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ("callbacks", *arguments), env={"TRACKER_URL": service})


def listed(service: str, task: str, *arguments: str) -> list[dict[str, Any]]:
    done = run(service, "list", *arguments, "--output", "json")
    assert done.exit_code == 0, done.stderr
    return [one for one in json.loads(done.stdout)["receipts"] if one["task_id"] == task]


def test_the_command_knows_every_verdict_that_the_service_lists() -> None:
    assert set(VERDICTS) == {verdict.value for verdict in LISTED}


def test_one_is_listed_shown_and_put_aside(service: str, task: str) -> None:
    unknown, malformed = listed(service, task)
    assert (unknown["verdict"], malformed["verdict"]) == ("unknown_status", "malformed")
    table = run(service, "list", "--verdict", "malformed", "--wide").stdout
    assert malformed["id"] in table
    assert unknown["reason"] not in table
    shown = run(service, "show", f"r{malformed['id']}").stdout  # as tables and pages name it
    assert "content-type: text/x" in shown
    assert "\x1b" not in shown
    assert "[31m" in shown
    done = run(service, "dismiss", malformed["id"], unknown["id"])
    assert (done.exit_code, done.stderr) == (
        0,
        f"dismissed: {malformed['id']}, {unknown['id']}\n",
    )
    assert listed(service, task) == []
    assert len(listed(service, task, "--dismissed")) == 2
    assert "dismissed  " in run(service, "show", malformed["id"]).stdout


def test_one_that_is_not_there_ends_the_command(service: str) -> None:
    for command in ("show", "dismiss"):
        done = run(service, command, "999999")
        assert done.exit_code == 1
        assert "no such receipt" in done.stderr


def test_the_client_finds_shows_and_dismisses(service: str, task: str) -> None:
    with Client(service) as tracker:
        ours = [one for one in tracker.receipts(page_size=1) if one.task_id == task]
        assert [one.verdict for one in ours] == ["unknown_status", "malformed"]
        assert ours[1].body is None
        assert tracker.receipt(ours[1].id).body == b"{\x1b[31m"
        tracker.dismiss_receipt(ours[1].id)
        assert tracker.receipt(ours[1].id).dismissed_by
        left = tracker.receipts(verdict=["malformed"], provider="kling", dismissed=False)
        assert task not in {one.task_id for one in left}
        with pytest.raises(NotFound):
            tracker.receipt("../tasks")


@pytest.mark.anyio
async def test_the_asynchronous_client_does_too(service: str, task: str) -> None:
    async with AsyncClient(service) as tracker:
        found = [one async for one in tracker.receipts(dismissed=False) if one.task_id == task]
        assert (await tracker.receipt(found[0].id)).body is not None
        await tracker.dismiss_receipt(found[0].id)
        assert (await tracker.receipt(found[0].id)).dismissed_by


def _misaddressed(service: str) -> tuple[str, str]:
    """A task, and a receipt that names another one."""
    with httpx.Client(base_url=service, trust_env=False, timeout=60) as http:
        task: str = submit(http)["id"]
        http.post(
            find_callback_path(task),
            content=build_kling_callback("processing", external_task_id="x"),
        )
    (odd,) = listed(service, task)
    return task, odd["id"]


def test_one_is_given_to_its_task_after_a_dry_run(service: str) -> None:
    task, id_ = _misaddressed(service)
    seen = run(service, "attach", id_, task)
    assert "running" in seen.stdout
    assert seen.stderr == "nothing was changed; do it with --yes\n"
    assert len(listed(service, task)) == 1
    done = run(service, "attach", id_, task, "--yes", "--output", "json")
    assert json.loads(done.stdout)["verdict"] == "advanced"
    assert listed(service, task) == []
    again = run(service, "replay", id_, "--yes")
    assert (again.exit_code, again.stderr) == (0, "")
    assert "(none)" in again.stdout


@pytest.mark.anyio
async def test_the_clients_attach_and_replay(service: str) -> None:
    task, id_ = _misaddressed(service)
    async with AsyncClient(service) as tracker:
        seen = await tracker.attach_receipt(id_, task)
        assert (seen.is_dry_run, seen.was, seen.verdict) == (True, "mismatch", "advanced")
        assert (await tracker.replay_receipt(id_)).verdict == "mismatch"
    with Client(service) as tracker_:
        done = tracker_.attach_receipt(id_, task, dry_run=False)
        assert (done.task_id, done.steps[0]["to_state"]) == (task, "running")
        assert tracker_.replay_receipt(id_, dry_run=False).steps == []


def test_who_settled_one_is_in_the_audit(service: str) -> None:
    task, id_ = _misaddressed(service)
    run(service, "attach", id_, task, "--yes")
    asked = ["audit", "--target", id_, "--output", "json"]
    done = CliRunner().invoke(main, asked, env={"TRACKER_URL": service})
    (entry,) = json.loads(done.stdout)["entries"]
    assert (entry["action"], entry["number"]) == ("receipts.attach", 1)
    table = CliRunner().invoke(main, ["audit", "--wide"], env={"TRACKER_URL": service})
    assert "receipts.attach" in table.stdout
    with Client(service) as tracker:
        newest = next(tracker.audit(action="receipts.attach", page_size=1))
    assert (newest.id, newest.target, newest.actor) == (entry["id"], id_, entry["actor"])


@pytest.mark.anyio
async def test_the_asynchronous_client_reads_the_audit_too(service: str) -> None:
    task, id_ = _misaddressed(service)
    async with AsyncClient(service) as tracker:
        await tracker.attach_receipt(id_, task, dry_run=False)
        assert [one.action async for one in tracker.audit(target=id_)] == ["receipts.attach"]


def test_many_tasks_are_acted_on_after_a_dry_run(service: str) -> None:
    with httpx.Client(base_url=service, trust_env=False, timeout=60) as http:
        ids = [submit(http)["id"] for _ in range(2)]
        for _ in range(2):
            seen = CliRunner().invoke(
                main, ["tasks", "act", "cancel", *ids], env={"TRACKER_URL": service}
            )
            assert seen.stderr == "nothing was changed; do it with --yes\n"
        done = CliRunner().invoke(
            main,
            ["tasks", "act", "cancel", *ids, "--yes", "--output", "json"],
            env={"TRACKER_URL": service},
        )
        assert json.loads(done.stdout)["done"] == 2
        assert {http.get(f"/v1/tasks/{id_}").json()["state"] for id_ in ids} == {"cancelled"}
    again = CliRunner().invoke(
        main, ["tasks", "act", "refresh", "--yes"], env={"TRACKER_URL": service}
    )
    assert "give tasks or filters" in again.stderr
    with Client(service) as tracker:
        told = [tracker.act_on_many(action, ids=ids) for action in ("resubmit", "refresh")]
    # Nobody asks about what has ended.
    assert [(one.dry_run, one.done) for one in told] == [(True, 2), (True, 0)]


@pytest.mark.anyio
async def test_the_asynchronous_client_acts_on_many_too(service: str) -> None:
    with httpx.Client(base_url=service, trust_env=False, timeout=60) as http:
        id_ = submit(http, metadata={"mine": "act"})["id"]
    async with AsyncClient(service) as tracker:
        seen = await tracker.act_on_many("cancel", metadata={"mine": "act"})
        done = await tracker.act_on_many(
            "cancel", metadata={"mine": "act"}, cursor=seen.confirm_cursor, dry_run=False
        )
        again = await tracker.act_on_many("resubmit", ids=[id_])
    assert (seen.sample, done.done, again.done) == ([id_], 1, 1)


def test_workers_carry_out_what_was_counted(service: str) -> None:
    env = {"TRACKER_URL": service}
    with httpx.Client(base_url=service, trust_env=False, timeout=60) as http:
        id_ = submit(http)["id"]
    told = CliRunner().invoke(
        main, ["tasks", "act", "cancel", id_, "--background", "--output", "json"], env=env
    )
    run = json.loads(told.stdout)
    assert (run["action"], run["matching"]) == ("cancel", 1)
    shown = CliRunner().invoke(main, ["runs", "show", run["id"]], env=env)
    assert id_ in shown.stdout
    assert run["id"] in CliRunner().invoke(main, ["runs", "list"], env=env).stdout
    with Client(service) as tracker:
        assert tracker.run(run["id"]) == next(tracker.runs())
        assert [one.task_id for one in tracker.tasks_of_run(run["id"])] == [id_]
        assert tracker.stop_run(run["id"]).is_over
        token = tracker.act_on_many("cancel", ids=[id_]).token
        assert token is not None
        assert tracker.start_run(token).matching == 1
    stopped = CliRunner().invoke(main, ["runs", "stop", run["id"]], env=env)
    assert "nothing to stop" in stopped.stderr


@pytest.mark.anyio
async def test_the_asynchronous_client_starts_and_stops_runs(service: str) -> None:
    with httpx.Client(base_url=service, trust_env=False, timeout=60) as http:
        id_ = submit(http)["id"]
    async with AsyncClient(service) as tracker:
        token = (await tracker.act_on_many("cancel", ids=[id_])).token
        assert token is not None
        run = await tracker.start_run(token)
        assert await tracker.run(run.id) == run
        assert run.id in [one.id async for one in tracker.runs()]
        found = [one.outcome async for one in tracker.tasks_of_run(run.id, outcome=None)]
        assert (found, (await tracker.stop_run(run.id)).state) == ([None], "stopped")


def test_receipts_are_read_again_by_workers(service: str, task: str) -> None:
    arguments = ("reread", "--provider", "kling", "--task", task, "--verdict", "unknown_status")
    done = run(service, *arguments, "--since", "1h", "--apply", "--background", "--output", "json")
    made = json.loads(done.stdout)
    assert (made["state"], made["dry_run"], made["progress"]) == ("running", False, 0.0)
    assert made["filter"]["verdict"] == ["unknown_status"]
    with (
        Client(service) as tracker,
        httpx.Client(base_url=service, trust_env=False, timeout=60) as http,
    ):
        found = tracker.reread(made["id"])
        assert (found.is_over, found.notify, found.counts["same"]) == (False, False, 0)
        assert http.get("/v1/rereads").json()["rereads"][0]["id"] == made["id"]
        assert tracker.stop_reread(made["id"]).is_over
        assert tracker.reread_receipts("kling", notify=True).notify
        again = http.post(f"/v1/rereads/{made['id']}/stop")
        assert (again.status_code, "nothing to stop" in again.text) == (409, True)
        for wrong in ({"provider": "nobody"}, {"provider": "kling", "task_id": "x"}):
            assert http.post("/v1/rereads", json=wrong).status_code == 422
    shown = run(service, *arguments, "--background")
    assert "running" in shown.stdout
    assert "contradicts" in shown.stdout


@pytest.mark.anyio
async def test_the_asynchronous_client_reads_receipts_again(service: str, task: str) -> None:
    async with AsyncClient(service) as tracker:
        made = await tracker.reread_receipts("kling", task_id=task, verdict="malformed")
        assert await tracker.reread(made.id) == made
        assert (await tracker.stop_reread(made.id)).is_over


def test_the_input_of_a_task_and_the_hours_are_shown(service: str, task: str) -> None:
    env = {"TRACKER_URL": service}
    shown = CliRunner().invoke(main, ["tasks", "input", task], env=env)
    with Client(service) as tracker:
        found = tracker.input_of(task)
        assert json.loads(shown.stdout) == found
        assert found.items() >= EXAMPLE.items()
        told = CliRunner().invoke(main, ["stats", "--by-hour", "--output", "json"], env=env)
        assert json.loads(told.stdout)["hours"] == tracker.stats(by_hour=True)["hours"]


@pytest.mark.anyio
async def test_the_asynchronous_client_reads_them_too(service: str, task: str) -> None:
    async with AsyncClient(service) as tracker:
        assert (await tracker.input_of(task)).items() >= EXAMPLE.items()
        assert (await tracker.stats(hours=2))["hours"] is None
