"""Commands that read a running service and act on its tasks: what they print, and how they end."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from tests.support.requests import EXAMPLE, submit
from tests.support.service import (
    ROOT,
    Process,
    build_environment,
    listen,
    read_url,
    serve_service,
    serve_to_client,
)
from tests.support.waiting import PATIENCE_S, wait_until
from tracker.cli.main import main
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

FAILING = EXAMPLE | {"prompt": "[scenario:failed]"}


@pytest.fixture
def http(sqlite_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a service with its provider."""
    listener = listen()
    public = read_url(listener)
    with Emulator(EmulatorConfig(step_seconds=0.05)) as emulator:
        env = build_environment(sqlite_url, tmp_path, provider_url=emulator.url, public_url=public)
        with serve_to_client(env, listener=listener, workers=True) as client:
            yield client


def run(http: httpx.Client, *arguments: str) -> Result:
    """A command against the service."""
    env = {"TRACKER_URL": str(http.base_url), "TRACKER_API_KEY": None}
    return CliRunner(env=env).invoke(main, arguments, prog_name="tracker")


def finished(http: httpx.Client, **fields: Any) -> dict[str, Any]:
    """A task that is over."""
    task: dict[str, Any] = http.get(f"/v1/tasks/{submit(http, **fields)['id']}?wait=60").json()
    return task


def test_tail_prints_each_change_as_an_object_a_line(http: httpx.Client) -> None:
    made = [finished(http, metadata={"n": n})["id"] for n in (1, 2)]
    asked = ("tail", "--after", "start", "--state", "succeeded")
    said = run(http, *asked, "--count", "2", "--output", "json")
    changes = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(change["task_id"], change["to"]) for change in changes] == [
        (task_id, "succeeded") for task_id in made
    ]
    shown = run(http, *asked, "--count", "1", "--metadata", "n=2").stdout
    assert made[1] in shown
    assert "\x1b" not in shown  # no colours where nobody looks


def test_tail_says_what_is_wrong_at_once(http: httpx.Client) -> None:
    for options in (("--after", "nowhere"), ("--created-after", "today"), ("--metadata", "x")):
        said = run(http, "tail", *options)
        assert (said.exit_code in (1, 2), said.stdout) == (True, "")
        assert len(said.stderr.splitlines()) == 1


def test_tail_follows_and_says_where_to_go_on_when_it_is_interrupted(
    http: httpx.Client, tmp_path: Path
) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    with out.open("wb") as to, log.open("wb") as talk:
        following = subprocess.Popen(
            [
                *(sys.executable, "-m", "tracker", "tail", "--after", "start"),
                *("--output", "json", "--url", str(http.base_url)),
            ],
            stdout=to,
            stderr=talk,
            cwd=ROOT,
        )
    try:
        first = finished(http)["id"]
        wait_until(lambda: "succeeded" in out.read_text())
        # A page further its place lies behind the first task, however fast it is interrupted.
        second = submit(http)["id"]
        wait_until(lambda: second in out.read_text())
        following.send_signal(signal.SIGINT)
        assert following.wait(PATIENCE_S) == 130
    finally:
        following.kill()
        following.wait()
    place = log.read_text().split("--after ")[1].strip()
    later = finished(http)["id"]
    went_on = run(http, "tail", "--after", place, "--count", "4", "--output", "json")
    told = [json.loads(line)["task_id"] for line in went_on.stdout.splitlines()]
    assert len(told) == 4
    assert first not in told
    assert set(told) <= {second, later}


def test_a_wait_outlives_a_restart_of_the_service(sqlite_url: str, tmp_path: Path) -> None:
    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None
    )
    listener = listen()
    place = listener.getsockname()
    log = tmp_path / "wait"
    with serve_service(env, listener=listener, workers=False) as url:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
            task_id = submit(http)["id"]
        waiting = Process(("tasks", "wait", task_id, "--url", url), {}, log).start()
        wait_until(lambda: "queued" in log.read_text())
    wait_until(lambda: "away" in log.read_text())
    with (
        serve_service(env, listener=listen(place[1]), workers=False) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as http,
    ):
        cancelled = run(http, "tasks", "cancel", task_id, "--output", "json")
        assert (cancelled.exit_code, json.loads(cancelled.stdout)["state"]) == (0, "cancelled")
        assert waiting.join() == 1


def test_a_wait_that_is_over_before_the_task_exits_3_and_says_how_to_go_on(
    http: httpx.Client,
) -> None:
    slow = submit(http, input=EXAMPLE | {"prompt": "[scenario:slow=30]"})
    waited = run(http, "tasks", "wait", slow["id"], "--timeout", "1.2")
    assert waited.exit_code == 3
    assert "still" in waited.stderr
    assert f"tracker tasks wait {slow['id']}" in waited.stderr


def test_a_failed_task_is_submitted_again(http: httpx.Client) -> None:
    failed = finished(http, input=FAILING)
    again = run(http, "tasks", "resubmit", failed["id"], "--wait", "--output", "json")
    assert again.exit_code == 1  # it fails again
    assert json.loads(again.stdout)["resubmit_of"] == failed["id"]


def test_an_action_says_what_came_of_it_or_why_not(http: httpx.Client) -> None:
    failed = finished(http, input=FAILING)
    asked = run(http, "tasks", "refresh", failed["id"], "--output", "json")
    assert (asked.exit_code, json.loads(asked.stdout)["state"]) == (0, "failed")
    refused = run(http, "tasks", "cancel", failed["id"])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "nothing to cancel" in refused.stderr


def test_a_list_can_be_narrowed_and_read_whole(http: httpx.Client) -> None:
    made = [submit(http, metadata={"n": 1})["id"] for _ in range(3)]
    submit(http)
    options = ("--limit", "1", "--metadata", "n=1", "--output", "json")
    whole = run(http, "tasks", "list", "--all", "--order", "asc", *options)
    assert [task["id"] for task in json.loads(whole.stdout)["tasks"]] == made
    assert "--cursor" in run(http, "tasks", "list", *options).stderr
    assert run(http, "tasks", "list", "--state", "done").exit_code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str) -> None:
    said = CliRunner().invoke(main, ["completion", shell])
    assert said.exit_code == 0
    assert "_TRACKER_COMPLETE" in said.stdout


@pytest.mark.parametrize(
    ("words", "wanted"), [("tracker tasks re", "resubmit"), ("tracker tail --state s", "submitted")]
)
def test_a_shell_completes_commands_and_states(words: str, wanted: str) -> None:
    env = {
        "_TRACKER_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    assert wanted in CliRunner(env=env).invoke(main, [], prog_name="tracker").stdout
