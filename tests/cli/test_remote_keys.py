"""`tracker keys` and `tracker holds` on a running service: rights, tenants, secrets shown once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from tests.support.keys import issue
from tests.support.service import build_environment, serve_service
from tracker.cli.main import main
from tracker.domain.access import Scope


@pytest.fixture(scope="module")
def service(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Yield the settings of an operator of tenant acme, whose own folder has no database."""
    key = issue(shared_database_url, tenant="acme", scopes={Scope.ADMIN})
    folder = tmp_path_factory.mktemp("service")
    env = build_environment(
        shared_database_url, folder, provider_url="http://127.0.0.1:9", public_url=None
    )
    with serve_service(env, workers=False) as url:
        elsewhere = Path(folder, "elsewhere")
        elsewhere.mkdir()
        yield {
            "TRACKER_URL": url,
            "TRACKER_API_KEY": key.secret,
            "DATABASE_URL": f"sqlite:///{elsewhere}/none.db",
            "TRACKER_DATA_DIR": str(elsewhere),
        }


def _run(env: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=env, prog_name="tracker")


def _told(env: dict[str, str], *arguments: str) -> dict[str, Any]:
    done = _run(env, *arguments, "--output", "json")
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_key_is_made_shown_once_listed_and_revoked_on_a_service(service: dict[str, str]) -> None:
    made = _told(service, "keys", "create", "--remote", "--name", "ci", "--scope", "tasks:read")
    assert made["key"].startswith("trk_")
    assert made["scopes"] == ["tasks:read"]
    listed = _run(service, "keys", "list", "--remote", "--output", "json")
    rows = {row["id"]: row for row in json.loads(listed.stdout)["keys"]}
    assert (rows[made["id"]]["name"], rows[made["id"]]["rate"]) == ("ci", None)
    assert made["key"] not in listed.output
    assert "ci" in _run(service, "keys", "list", "--remote").stdout
    holder = service | {"TRACKER_API_KEY": made["key"]}
    for command in (("create",), ("list",), ("revoke", made["id"])):
        refused = _run(holder, "keys", *command, "--remote")
        assert (refused.exit_code, "scope admin" in refused.stderr) == (1, True), command
    assert _run(service, "keys", "revoke", "--remote", made["id"]).exit_code == 0
    (row,) = [one for one in _told(service, "keys", "list", "--remote")["keys"] if one["name"]]
    assert row["revoked_at"]
    lost = _run(service, "keys", "revoke", "--remote", str(UUID(int=0)))
    assert (lost.exit_code, "no such key" in lost.stderr) == (1, True)


def test_a_pair_is_made_on_a_service(service: dict[str, str]) -> None:
    made = _told(service, "keys", "create", "--remote", "--pair", "--rate", "60")
    assert set(made) >= {"id", "access_key", "secret_key"}
    assert "key" not in made


def test_a_service_is_asked_only_where_the_command_names_it(service: dict[str, str]) -> None:
    before = len(_told(service, "keys", "list", "--remote")["keys"])
    assert _run(service, "keys", "list").exit_code != 0  # its database has no tables
    named = {name: text for name, text in service.items() if name != "TRACKER_URL"}
    assert len(_told(named, "keys", "list", "--url", service["TRACKER_URL"])["keys"]) == before
    for command in ("create", "list"):
        refused = _run(service, "keys", command, "--remote", "--tenant", "other")
        assert (refused.exit_code, "--tenant" in refused.stderr) == (2, True)


def test_holds_stand_and_fall_on_a_service(service: dict[str, str]) -> None:
    done = _run(service, "holds", "add", "--remote", "--reason", "audit")
    assert done.exit_code == 0, done.output
    (held,) = _told(service, "holds", "list", "--remote")["holds"]
    assert (held["task"], held["reason"]) == (None, "audit")
    assert f"hold {held['hold']} stands" in done.output
    assert "audit" in _run(service, "holds", "list", "--remote").stdout
    lost = _run(service, "holds", "add", "--remote", "--reason", "x", "--task", str(UUID(int=0)))
    assert (lost.exit_code, "no such task" in lost.stderr) == (1, True)
    assert _run(service, "holds", "remove", "--remote", str(held["hold"])).exit_code == 0
    assert _told(service, "holds", "list", "--remote")["holds"] == []
    assert _run(service, "holds", "remove", "--remote", str(held["hold"])).exit_code == 1
    refused = _run(service, "holds", "add", "--remote", "--tenant", "b", "--reason", "x")
    assert refused.exit_code == 2
