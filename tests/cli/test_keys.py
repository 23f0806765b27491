"""`tracker keys`, as processes, and a service that is locked with what it made."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from click.testing import CliRunner

from tests.support.command import run
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.waiting import wait_until
from tracker.cli.main import main


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": sqlite_url, "TRACKER_DATA_DIR": str(tmp_path)}


def _create(settings: dict[str, str], *options: str) -> dict[str, str]:
    done = run("keys", "create", "--output", "json", *options, **settings)
    assert done.returncode == 0, done.stderr
    made: dict[str, str] = json.loads(done.stdout)
    return made


def test_a_key_is_made_shown_once_listed_and_revoked(settings: dict[str, str]) -> None:
    made = _create(settings, "--tenant", "acme", "--scope", "tasks:read", "--name", "billing")
    assert UUID(made["id"])
    assert made["key"].startswith("trk_")
    assert len(made["key"]) == 47
    listed = run("keys", "list", "--output", "json", **settings)
    (row,) = json.loads(listed.stdout)["keys"]
    assert (row["tenant"], row["name"], row["scopes"]) == ("acme", "billing", ["tasks:read"])
    assert made["key"] not in listed.stdout
    assert run("keys", "revoke", made["id"], **settings).returncode == 0
    (row,) = json.loads(run("keys", "list", "--output", "json", **settings).stdout)["keys"]
    assert row["revoked_at"]
    assert run("keys", "revoke", str(UUID(int=0)), **settings).returncode == 1


@pytest.mark.parametrize("option", ["--pair", "--kling"])
def test_a_pair_is_made_for_clients_that_sign(settings: dict[str, str], option: str) -> None:
    made = _create(settings, option)
    assert set(made) >= {"id", "access_key", "secret_key"}
    assert "key" not in made


@pytest.mark.parametrize(
    "options", [("--scope", "everything"), ("--tenant", ""), ("--tenant", "a b"), ("--rate", "0")]
)
def test_wrong_options_exit_2(settings: dict[str, str], options: tuple[str, str]) -> None:
    assert run("keys", "create", *options, **settings).returncode == 2


def test_a_service_open_to_others_starts_once_there_is_a_key(
    sqlite_url: str, tmp_path: Path
) -> None:
    port = free_port()
    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None, PORT=str(port)
    )
    refused = run("serve", "--host", "0.0.0.0", **env)
    assert refused.returncode == 2
    assert "tracker keys create" in refused.stderr
    made = _create(env, "--tenant", "acme")
    process = Process(("serve", "--host", "0.0.0.0", "--no-worker"), env, tmp_path / "log").start()
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(url, process)
        assert httpx.get(f"{url}/v1/tasks", trust_env=False, timeout=60).status_code == 401
        listed = run("tasks", "list", TRACKER_URL=url, TRACKER_API_KEY=made["key"])
        assert listed.returncode == 0, listed.stderr
        assert run("tasks", "list", TRACKER_URL=url).returncode == 1
        run("keys", "revoke", made["id"], **env)
        headers = {"authorization": f"Bearer {made['key']}"}
        wait_until(
            lambda: (
                httpx.get(
                    f"{url}/v1/tasks", headers=headers, trust_env=False, timeout=60
                ).status_code
                == 401
            )
        )
    finally:
        process.stop()
    (row,) = json.loads(run("keys", "list", "--output", "json", **env).stdout)["keys"]
    assert row["last_used_at"]
    assert made["key"] not in (tmp_path / "log").read_text()


def test_what_is_done_at_the_machine_is_in_the_audit(settings: dict[str, str]) -> None:
    def call(*arguments: str) -> str:
        done = CliRunner().invoke(main, arguments, env=settings)
        assert done.exit_code == 0, done.output
        return done.stdout

    made = json.loads(call("keys", "create", "--tenant", "acme", "--output", "json"))
    call("budgets", "set", "5", "CNY", "--tenant", "acme", "--key", made["id"])
    call("keys", "revoke", made["id"])
    call("budgets", "remove", "CNY", "--tenant", "acme", "--key", made["id"])
    lost = CliRunner().invoke(main, ("keys", "revoke", str(UUID(int=0))), env=settings)
    assert lost.exit_code == 1
    path = settings["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(
            "SELECT tenant, action, target FROM audit_entries ORDER BY key"
        ).fetchall()
        everything = str(db.execute("SELECT * FROM audit_entries").fetchall())
    actions = ("keys.create", "budgets.set", "keys.revoke", "budgets.remove")
    assert rows == [("acme", action, made["id"]) for action in actions]
    assert made["key"] not in everything
