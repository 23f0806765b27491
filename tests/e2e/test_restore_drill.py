"""The restore drill: what came after the backup is found again, and nothing is made twice."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.support import command
from tests.support.postgres import PROGRAMS
from tests.support.requests import build_submission
from tests.support.service import (
    Process,
    build_environment,
    free_port,
    listen,
    serve_service,
    wait_until_ready,
)
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.clock import SystemClock, make_token
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.services.backup.making import BackupOrder, make
from tracker.store.driver.engine import find_sqlite_file

SECRET = "a secret that outlives its database"
UNLISTED = "hold,lagging=3600"


@dataclass(frozen=True)
class Drill:
    """A service that is backed up and killed, and the provider beside it."""

    env: dict[str, str]
    port: int
    world: World
    folder: Path

    def submit(self, prompt: str, **fields: str) -> str:
        answer = self.try_to_submit(prompt, **fields)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def try_to_submit(self, prompt: str, **fields: str) -> httpx.Response:
        body = build_submission(operation="videos/text2video", input={"prompt": prompt}, **fields)
        return self.world.http.post("/v1/tasks", json=body)

    def is_in(self, id_: str, state: str) -> bool:
        return bool(self.world.read_task(id_).get("state") == state)

    def changes(self, cursor: str) -> tuple[list[tuple[str, str]], str]:
        """Return the changes behind a cursor, as (task, state), and the cursor after them."""
        found: list[tuple[str, str]] = []
        while True:
            page = self.world.http.get(
                "/v1/changes", params={"after": cursor} if cursor else {}
            ).json()
            if not page["changes"]:
                return found, cursor
            found += [(one["task_id"], one["to"]) for one in page["changes"]]
            cursor = page["next_cursor"]

    @contextmanager
    def served(self) -> Iterator[None]:
        with serve_service(self.env, listener=listen(self.port), workers=True):
            yield


@pytest.fixture
def drill(database_url: str, tmp_path: Path) -> Iterator[Drill]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        emulator = stack.enter_context(
            Emulator(EmulatorConfig(step_seconds=0.02, callback_backoff_seconds=0.02))
        )
        env = build_environment(
            database_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=url,
            PORT=str(port),
            TRACKER_CALLBACK_SECRETS=SECRET,
            TRACKER_KLING_MAX_IN_FLIGHT="1",
        )
        http = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=60))
        yield Drill(env, port, World(http, emulator.url), tmp_path)


def program(name: str, *arguments: str) -> None:
    subprocess.run([PROGRAMS / name, *arguments], check=True, timeout=300, capture_output=True)


def back_up(drill: Drill) -> Path:
    url, dump = drill.env["DATABASE_URL"], None
    if find_sqlite_file(url) is None:
        dump = drill.folder / "dump"
        program("pg_dump", "--format=custom", f"--file={dump}", url)
    order = BackupOrder(url, [SECRET.encode()], dump=dump)
    make(order, drill.folder / "backup", SystemClock())
    return drill.folder / "backup"


def lose(drill: Drill, backup: Path, stack: ExitStack) -> None:
    """Lose the database; a server's new one gets the dump, as the page on operation says."""
    url = drill.env["DATABASE_URL"]
    file = find_sqlite_file(url)
    if file is not None:
        for end in ("", "-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        return
    name = f"restored_{make_token()}"
    admin = stack.enter_context(psycopg.connect(url, autocommit=True))
    admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    stack.callback(
        admin.execute, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    )
    drill.env["DATABASE_URL"] = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    target = drill.env["DATABASE_URL"]
    program("pg_restore", "--no-owner", f"--dbname={target}", str(backup / "tracker.dump"))


def test_what_came_after_the_backup_is_found_and_nothing_is_made_twice(drill: Drill) -> None:
    world = drill.world
    with ExitStack() as stack:
        service = stack.enter_context(Process(("serve",), drill.env, drill.folder / "log"))
        wait_until_ready(str(world.http.base_url), service)
        first = drill.submit("[scenario:hold]", external_task_id="first")
        wait_until(lambda: drill.is_in(first, "submitted"))
        waiting = drill.submit("queued at the backup, sent after it", external_task_id="waiting")
        backup = back_up(drill)
        world.move("first", "succeed")
        named = drill.submit("told and forgotten", external_task_id="named")
        own = drill.submit("told and forgotten, without a name of its caller's")
        for id_ in (first, waiting, named, own):
            assert world.wait_for_end(id_)["state"] == "succeeded"
        called = drill.submit(f"[scenario:{UNLISTED}]", external_task_id="called")
        wait_until(lambda: drill.is_in(called, "submitted"))
        _, cursor = drill.changes("")
        service.kill()

        lose(drill, backup, stack)
        restored = command.run("restore", str(backup), **drill.env)
        assert restored.returncode == 0, restored.stderr
        assert "1 tasks may have been sent since" in restored.stderr
        assert command.run("restore", str(backup), **drill.env).returncode == 2  # rows, or in use
        with drill.served():
            refused = drill.try_to_submit("new", external_task_id="new")
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:tracker:problem:recovering"
            assert int(refused.headers["retry-after"]) > 0
            for id_ in (first, waiting, own):
                assert world.wait_for_end(id_)["state"] == "succeeded"
            by_name = {"external_task_id": "named"}
            wait_until(lambda: world.http.get("/v1/tasks", params=by_name).json()["tasks"])
            (adopted,) = world.http.get("/v1/tasks", params=by_name).json()["tasks"]
            assert world.wait_for_end(adopted["id"])["state"] == "succeeded"
            assert world.http.get(f"/v1/tasks/{called}").status_code == 404
            world.move("called", "succeed")
            wait_until(lambda: drill.is_in(called, "succeeded"))
            attention = world.http.get("/v1/attention").json()["conditions"]
            assert {"recovering", "database_changed"} <= {one["name"] for one in attention}

            ended = command.run("recover", "--done", **drill.env)
            assert ended.returncode == 0, ended.stderr
            again = drill.try_to_submit("again", external_task_id="named")
            assert again.status_code == 409
            new = drill.submit("new", external_task_id="new")
            assert world.wait_for_end(new)["state"] == "succeeded"
            told, _ = drill.changes(cursor)
            ids = (first, waiting, own, called, adopted["id"], new)
            assert {(id_, "succeeded") for id_ in ids} <= set(told)
    names = {"first", "waiting", "named", own, "called", "new"}
    assert world.count_creations() == dict.fromkeys(names, 1)
