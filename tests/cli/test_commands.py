"""The commands, as processes: results on stdout, talk on stderr, exit codes for scripts."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import run
from tests.support.requests import EXAMPLE, SECRET, build_kling_callback, find_callback_path, submit
from tests.support.service import (
    Process,
    build_environment,
    free_port,
    listen,
    read_url,
    serve_to_client,
    wait_until_ready,
)
from tests.support.waiting import wait_until
from tracker.app import build_server_options
from tracker.cli.doctor import examine
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.settings import Settings


@pytest.fixture
def service(sqlite_url: str, tmp_path: Path) -> Iterator[str]:
    """`tracker serve` as a process; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Emulator(EmulatorConfig(step_seconds=0.05)) as emulator:
        env = build_environment(
            sqlite_url, tmp_path, provider_url=emulator.url, public_url=url, PORT=str(port)
        )
        process = Process(("serve",), env, tmp_path / "log").start()
        wait_until_ready(url, process)
        yield url
        process.stop()


def test_demo_shows_the_task_to_its_end_and_exits_0() -> None:
    done = run("demo", "--port", "0", "--step", "0.2")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("queued", "submitted", "running", "succeeded", "by callback", " r2 "):
        assert word in done.stdout
    assert "bytes of video/mp4" in done.stdout


@pytest.mark.parametrize("scenario", ["failed", "no_callback"])
def test_demo_exits_1_unless_a_callback_brought_success(scenario: str) -> None:
    done = run("demo", "--port", "0", "--step", "0.2", "--scenario", scenario)
    assert done.returncode == 1


def test_submit_waits_and_prints_the_task_as_json(service: str) -> None:
    done = run(
        *("submit", "--input", json.dumps(EXAMPLE), "--metadata", "order=7"),
        *("--wait", "--output", "json"),
        TRACKER_URL=service,
    )
    assert done.returncode == 0, done.stderr
    task = json.loads(done.stdout)
    assert (task["state"], task["metadata"]) == ("succeeded", {"order": "7"})
    assert "accepted" in done.stderr


def test_waiting_for_a_failed_task_exits_1_and_a_slow_one_3(service: str) -> None:
    for scenario, code in (("failed", 1), ("slow=30", 3)):
        body = json.dumps(EXAMPLE | {"prompt": f"[scenario:{scenario}]"})
        task = json.loads(
            run("submit", "--input", body, "--output", "json", "--url", service).stdout
        )
        timeout = "20" if code == 1 else "0.2"
        waited = run("tasks", "wait", task["id"], "--timeout", timeout, "--url", service)
        assert waited.returncode == code, waited.stderr


def test_show_has_history_and_evidence(service: str) -> None:
    made = run(
        "submit", "--input", json.dumps(EXAMPLE), "--wait", "--output", "json", "--url", service
    )
    task = json.loads(made.stdout)
    shown = run("tasks", "show", task["id"], "--url", service)
    for word in ("history", "attempts", "receipts", "advanced", "succeeded"):
        assert word in shown.stdout
    whole = json.loads(
        run("tasks", "show", task["id"], "--output", "json", "--url", service).stdout
    )
    assert whole["transitions"][-1]["to"] == "succeeded"
    names = [row.split()[0] for row in shown.stdout.splitlines() if row]
    assert names.count("a1") == 1  # as the dashboard names them, not by their rows
    assert {f"r{one['id']}" for one in whole["receipts"]} <= set(names)
    assert shown.stdout.count(" a1 ") >= 1
    listed = json.loads(run("tasks", "list", "--output", "json", "--url", service).stdout)
    assert [row["id"] for row in listed["tasks"]] == [task["id"]]


def test_a_refused_submission_says_which_field_in_one_line(service: str) -> None:
    done = run("submit", "--input", '{"image_list":[]}', "--url", service)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "tracker: input.image_list: at least 1 items, got 0"


def test_a_misspelt_field_of_an_input_is_told_beside_the_task(service: str) -> None:
    body = json.dumps(EXAMPLE | {"promt": "p"})
    done = run("submit", "--input", body, "--output", "json", "--url", service)
    assert json.loads(done.stdout)["state"] == "queued"
    assert done.stderr.strip() == (
        "warning: input.promt: no such field is known; it is passed on as it is; "
        "did you mean prompt?"
    )


def test_no_server_is_said_in_one_line() -> None:
    done = run("tasks", "list", "--url", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "postgresql://u:some@canary-of-it@127.0.0.1:1/db"),
        ("TRACKER_PUBLIC_URL", "tracker.example"),
        ("TRACKER_CALLBACK_SECRETS", "short"),
        ("TRACKER_EGRESS_ALLOW", "everything"),
        ("TRACKER_KLING_ACCESS_KEY", "half of a pair"),
        ("TRACKER_MISSPELT", "1"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    tmp_path: Path, name: str, value: str
) -> None:
    done = run("serve", TRACKER_DATA_DIR=str(tmp_path), **{name: value})
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert name in done.stderr
    assert "canary" not in done.stderr


def test_an_open_door_is_refused_unless_it_is_written_down(tmp_path: Path) -> None:
    done = run("serve", "--host", "0.0.0.0", TRACKER_DATA_DIR=str(tmp_path))
    assert done.returncode == 2
    assert "TRACKER_AUTH" in done.stderr


def test_an_unmigrated_database_is_refused_with_the_way_out(tmp_path: Path) -> None:
    for command in ("serve", "worker"):
        done = run(command, TRACKER_DATA_DIR=str(tmp_path))
        assert done.returncode == 1
        assert "tracker migrate" in done.stderr


def test_doctor_says_what_is_wrong_and_what_is_unwise(tmp_path: Path) -> None:
    bare = run("doctor", TRACKER_DATA_DIR=str(tmp_path))
    assert bare.returncode == 1
    assert "tracker migrate" in bare.stdout
    assert "TRACKER_{PROVIDER}_API_KEY" in bare.stdout
    settings = {
        "TRACKER_DATA_DIR": str(tmp_path),
        "TRACKER_KLING_API_KEY": "a-key-that-is-secret",
        "TRACKER_PUBLIC_URL": "http://tracker.example",
    }
    assert run("migrate", **settings).returncode == 0
    well = run("doctor", "--offline", "--output", "json", **settings)
    assert well.returncode == 0
    assert {finding["level"] for finding in json.loads(well.stdout)} == {"ok", "note"}
    assert "a-key-that-is-secret" not in well.stdout


def test_without_the_fast_packages_everything_works_and_doctor_says_so(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = listen()
    public = read_url(listener)
    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=public
    ) | {"TRACKER_CALLBACK_SECRETS": SECRET.decode()}
    settings = Settings.read_environment(env)
    fast = "tracker.web.receive.protocol:CallbackProtocol"
    said = {finding.about: finding for finding in examine(settings)}["callback-tracker[fast]"]
    assert (build_server_options(settings)["http"], said.level) == (fast, "ok")
    for name in ("httptools", "uvloop"):
        monkeypatch.setitem(sys.modules, name, None)
    said = {finding.about: finding for finding in examine(settings)}["callback-tracker[fast]"]
    assert (build_server_options(settings)["http"], said.level) == (
        "tracker.web.wire.plain:BoundedH11",
        "note",
    )
    assert "httptools and uvloop" in said.text
    slow: Any = {"loop": "asyncio"}  # what "auto" comes to where uvloop is missing
    with serve_to_client(env, listener=listener, workers=False, **slow) as http:
        path = find_callback_path(submit(http)["id"])
        answer = http.post(path, content=build_kling_callback("processing"))
        assert answer.json() == {"verdict": "advanced"}


def test_doctor_proves_each_account_by_one_harmless_query(tmp_path: Path) -> None:
    accounts = """
[accounts.kling.well]
api_key = "emulator-key"
base_url = "URL/kling"
[accounts.kling.official]
api_key = "emulator-key"
base_url = "URL"
profile = "official"
[accounts.kling.stranger]
api_key = "not-a-key"
base_url = "URL"
[accounts.kling.new-api]
api_key = "emulator-key"
base_url = "URL/new-api"
profile = "new-api"
[accounts.kling.pi]
api_key = "emulator-key"
base_url = "URL/piapi"
profile = "piapi"
[accounts.kling.ace]
api_key = "emulator-key"
base_url = "URL/acedata"
profile = "acedata"
[accounts.kling.lost]
api_key = "emulator-key"
base_url = "URL/no/such/place"
[accounts.kling.away]
api_key = "emulator-key"
base_url = "http://127.0.0.1:9"
"""
    path = tmp_path / "accounts.toml"
    with Emulator(EmulatorConfig()) as emulator:
        path.write_text(accounts.replace("URL", emulator.url))
        done = run(
            *("doctor", "--output", "json"),
            TRACKER_DATA_DIR=str(tmp_path),
            TRACKER_CONFIG=str(path),
        )
    found = {one["about"]: one for one in json.loads(done.stdout) if "kling/" in one["about"]}
    assert {about.partition("/")[2]: one["level"] for about, one in found.items()} == {
        "well": "ok",
        "official": "ok",
        "stranger": "error",
        "new-api": "ok",
        "pi": "ok",
        "ace": "ok",
        "lost": "error",
        "away": "error",
    }
    assert done.returncode == 1
    assert "not-a-key" not in done.stdout


def test_the_callback_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = {"TRACKER_DATA_DIR": str(folder), "PORT": "0"}
    assert run("migrate", **settings).returncode == 0
    process = Process(("serve",), settings, tmp_path / "log").start()
    wait_until((folder / "callback_secrets").exists)
    assert (folder / "callback_secrets").stat().st_mode & 0o777 == 0o600
    process.stop()


def test_sigterm_ends_serve_and_worker_cleanly(sqlite_url: str, tmp_path: Path) -> None:
    port = free_port()
    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None, PORT=str(port)
    )
    web = Process(("serve", "--no-worker"), env, tmp_path / "web").start()
    worker = Process(("worker",), env, tmp_path / "worker").start()
    wait_until_ready(f"http://127.0.0.1:{port}", web)
    wait_until(lambda: "tracker worker started" in worker.log.read_text())  # it hears signals
    assert web.stop() in (0, -signal.SIGTERM)
    assert worker.stop() == 0
    assert "Traceback" not in (tmp_path / "web").read_text() + (tmp_path / "worker").read_text()
