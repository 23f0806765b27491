"""The job that `tracker demo --provider` runs: of every provider, through one service."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.service import KEEPING_FILES, listen, read_url, serve_to_client
from tests.support.waiting import wait_until
from tracker.cli.demonstration import build_emulator_settings, has_display, is_called_back
from tracker.cli.main import main
from tracker.cli.main_jobs import (
    build_account_settings,
    build_submission,
    choose_default,
    main_jobs,
)
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.emulator.registry import REGISTRY
from tracker.providers.registry import PROVIDERS


def test_every_provider_has_one_that_succeeds(sqlite_url: str, tmp_path: Path) -> None:
    jobs = main_jobs()
    assert set(jobs) == set(REGISTRY) == set(PROVIDERS)
    listener = listen()
    with Emulator(EmulatorConfig(step_seconds=0.02)) as emulator:
        accounts: dict[str, str] = {}
        for name, job in jobs.items():
            accounts |= build_account_settings(name, job, emulator.url)
        env = accounts | {
            "DATABASE_URL": sqlite_url,
            "TRACKER_DATA_DIR": str(tmp_path),
            "TRACKER_PUBLIC_URL": read_url(listener),
            "TRACKER_EGRESS_ALLOW": "127.0.0.0/8",
            "TRACKER_POLL_FIRST_S": "0.1",
            **KEEPING_FILES,
        }
        with serve_to_client(env, listener=listener, workers=True) as http:
            tasks = set()
            for name, job in jobs.items():
                answer = http.post("/v1/tasks", json=build_submission(name, job, emulator.url))
                assert answer.status_code == 202, (name, answer.text)
                tasks.add(answer.json()["id"])

            def states() -> dict[str, str]:
                found = http.get("/v1/tasks", params={"limit": "100"}).json()["tasks"]
                return {one["provider"]: one["state"] for one in found if one["id"] in tasks}

            wait_until(lambda: set(states().values()) == {"succeeded"})


@pytest.mark.parametrize(
    ("platform", "env", "seen"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "w"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_display(
    platform: str,
    env: dict[str, str],
    seen: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert has_display(env, platform) is seen


def test_one_of_them_is_shown_where_none_is_named() -> None:
    jobs = main_jobs()
    assert [name for name, job in jobs.items() if job.protocol_job] == [choose_default(jobs)]


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_settings_of_one_provider_are_whole(name: str, tmp_path: Path) -> None:
    account = build_account_settings(name, main_jobs()[name], "http://127.0.0.1:9")
    settings = build_emulator_settings(tmp_path, account, "http://127.0.0.1:9")
    assert settings.has_credentials()
    assert is_called_back(settings, name) in (True, False)


def test_the_command_runs_one_and_refuses_what_it_does_not_know() -> None:
    done = CliRunner().invoke(main, ["demo", "--provider", "nobody", "--port", "0"])
    assert (done.exit_code, "is none of" in done.output) == (2, True)
    other = "vidu"  # whose callbacks prove nothing: they lead to a query
    done = CliRunner().invoke(main, ["demo", "--provider", other, "--port", "0", "--step", "0.02"])
    assert done.exit_code == 0, done.output
