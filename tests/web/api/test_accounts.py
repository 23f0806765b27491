"""Which provider accounts there are, and the first key of a platform without a shell."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from tests.support.keys import build_bearer, issue
from tests.support.service import build_environment, serve_service
from tracker.cli.main import main
from tracker.client import AsyncClient, Client
from tracker.settings import Settings, SettingsError

FIRST = "b" * 40


def test_the_operator_sees_every_account_without_its_secrets_and_others_see_none(
    database_url: str, tmp_path: Path
) -> None:
    config = tmp_path / "accounts.toml"
    config.write_text(
        '[accounts.kling.main]\napi_key = "main-secret-text"\nweight = 3\nmax_in_flight = 20\n'
        '[accounts.kling.spare]\nregion = "china"\n'
    )
    env = build_environment(
        database_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None
    )
    env |= {"TRACKER_CONFIG": str(config), "TRACKER_AUTH": "on"}
    ours, other = issue(database_url), build_bearer(issue(database_url, tenant="other"))
    with serve_service(env, workers=False) as url:
        answer = httpx.get(
            f"{url}/v1/accounts", headers=build_bearer(ours), trust_env=False, timeout=60
        )
        assert answer.status_code == 200
        assert "main-secret-text" not in answer.text
        told = {one["name"]: one for one in answer.json()["accounts"]}
        assert list(told) == ["default", "main", "spare"]
        assert (told["main"]["weight"], told["main"]["max_in_flight"]) == (3, 20)
        assert [told[name]["has_credentials"] for name in told] == [True, True, False]
        assert told["main"]["health"] == {"status": "ok", "conditions": [], "reason": None}
        assert told["main"]["slots"] == {"held": 0, "allowed": 20}
        assert (told["main"]["latest_submits"], told["main"]["unknown_words"]) == ([], [])
        with Client(url, ours.secret) as tracker:
            found = {one.name: one for one in tracker.accounts()}
            assert (found["main"].slots_held, found["main"].slots_allowed) == (0, 20)
            made = tracker.create_key(name="from a program", scopes=["tasks:read"])
            assert [one.id for one in tracker.api_keys(page_size=1)] == [str(ours.row.id), made.id]
            tracker.revoke_key(made.id)
            installation = tracker.system()["installation"]
        assert installation["schema"] == installation["wanted_schema"]
        assert [one["is_worker"] for one in installation["processes"]] == [False]
        due = {one["kind"]: one["count"] for one in installation["due"]}
        assert due == {"submit": 0, "reconcile": 0, "fetch": 0}
        asked = {"TRACKER_URL": url, "TRACKER_API_KEY": ours.secret, "COLUMNS": "80"}
        shown = CliRunner(env=asked).invoke(main, ["accounts"])
        assert (shown.exit_code, "spare" in shown.stdout) == (0, True)
        shown = CliRunner(env=asked).invoke(main, ["system"])
        assert (shown.exit_code, "reconcile" in shown.stdout) == (0, True)
        theirs = httpx.get(f"{url}/v1/accounts", headers=other, trust_env=False, timeout=60)
        assert theirs.json() == {"accounts": []}


def test_the_first_key_comes_from_the_settings_once(database_url: str, tmp_path: Path) -> None:
    env = build_environment(
        database_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None
    )
    env |= {"TRACKER_HOST": "0.0.0.0", "TRACKER_BOOTSTRAP_KEY": FIRST}
    holder = {"authorization": f"Bearer {FIRST}"}
    for _ in range(2):  # a second start makes no second key
        with serve_service(env, workers=False) as url:
            assert httpx.get(f"{url}/v1/tasks", trust_env=False, timeout=60).status_code == 401
            answer = httpx.get(f"{url}/v1/tasks", headers=holder, trust_env=False, timeout=60)
            assert answer.status_code == 200
    runner = CliRunner(env={"DATABASE_URL": database_url, "TRACKER_DATA_DIR": str(tmp_path)})
    listed = runner.invoke(main, ["keys", "list", "--output", "json"])
    (key,) = json.loads(listed.stdout)["keys"]
    assert (key["name"], key["scopes"]) == ("bootstrap", ["admin", "tasks:read", "tasks:write"])
    revoked = runner.invoke(main, ["keys", "revoke", key["id"]])
    assert revoked.exit_code == 0
    with serve_service(env, workers=False) as url:  # a revoked one stays revoked
        answer = httpx.get(f"{url}/v1/tasks", headers=holder, trust_env=False, timeout=60)
        assert answer.status_code == 401


@pytest.mark.parametrize("key", ["short", "with a space " * 4])
def test_a_first_key_that_could_be_guessed_or_not_sent_is_refused(key: str) -> None:
    with pytest.raises(SettingsError, match="TRACKER_BOOTSTRAP_KEY: must be at least 32"):
        Settings.read_environment({"TRACKER_BOOTSTRAP_KEY": key})


def test_the_asynchronous_client_manages_keys_too(sqlite_url: str, tmp_path: Path) -> None:
    async def manage(url: str, key: str) -> None:
        async with AsyncClient(url, key) as tracker:
            made = await tracker.create_key(kind="pair")
            assert made.secret_key
            assert [one.kind async for one in tracker.api_keys()] == ["key", "pair"]
            await tracker.revoke_key(made.id)
            assert [one.name for one in await tracker.accounts()] == ["default"]
            assert (await tracker.system())["version"]

    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None
    )
    ours = issue(sqlite_url)
    with serve_service(env | {"TRACKER_AUTH": "on"}, workers=False) as url:
        asyncio.run(manage(url, ours.secret))
