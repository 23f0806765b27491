"""The database goes away, fills up or may only be read: callbacks are answered 503 with
Retry-After and never 200, and when it is back everything goes on without a restart."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from tests.support.postgres import PostgresServer
from tests.support.requests import build_kling_callback, build_submission, find_callback_path
from tests.support.service import (
    Process,
    build_environment,
    free_port,
    serve_whole,
    wait_until_ready,
)
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.store.migrate import upgrade

SECRET = "a secret for tests only"


@contextmanager
def _world(database_url: str, folder: Path, **settings: str) -> Iterator[World]:
    config = EmulatorConfig(
        step_seconds=0.1, callback_backoff_seconds=0.2, callback_tries=100, scenario="hold"
    )
    with (
        Emulator(config) as emulator,
        serve_whole(
            database_url,
            folder,
            emulator.url,
            TRACKER_CALLBACK_SECRETS=SECRET,
            TRACKER_LOG_LEVEL="error",
            **settings,
        ) as http,
    ):
        yield World(http, emulator.url)


def _assert_refused_for_now(world: World, task_id: str) -> None:
    answers = [
        world.http.post(find_callback_path(task_id), content=build_kling_callback("processing")),
        world.http.post("/v1/tasks", json=build_submission()),
    ]
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
    assert world.http.get("/readyz").status_code == 503
    assert world.http.get("/healthz").status_code == 200


def _goes_on(world: World, task_id: str) -> None:
    """The task that was there ends by a callback, and a new one runs through."""
    wait_until(lambda: world.http.get("/readyz").status_code == 200)
    world.move(world.read_task(task_id)["external_task_id"], "succeed")
    assert world.wait_for_end(task_id)["state"] == "succeeded"
    world.play("ok")
    assert world.wait_for_end(world.submit())["state"] == "succeeded"


def test_a_postgresql_that_dies_and_comes_back_needs_no_restart(
    server: PostgresServer, tmp_path: Path
) -> None:
    upgrade(server.build_url())
    with _world(server.build_url(), tmp_path) as world:
        task_id = world.submit(external_task_id="mine")
        wait_until(lambda: world.read_task(task_id)["state"] == "submitted")
        server.kill()
        _assert_refused_for_now(world, task_id)
        server.start()
        _goes_on(world, task_id)


def test_a_postgresql_that_may_only_be_read_is_told_from_a_fault_of_ours(
    server: PostgresServer, tmp_path: Path
) -> None:
    upgrade(server.build_url())
    with _world(server.build_url(), tmp_path) as world:
        task_id = world.submit(external_task_id="only read")
        wait_until(lambda: world.read_task(task_id)["state"] == "submitted")
        _set_read_only(server, "on")
        answer = world.http.post(
            find_callback_path(task_id), content=build_kling_callback("processing")
        )
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
        assert world.read_task(task_id)["state"] == "submitted"  # reading goes on
        assert world.http.get("/readyz").status_code == 503
        _set_read_only(server, "off")
        _goes_on(world, task_id)


def _set_read_only(server: PostgresServer, value: str) -> None:
    """Switch the server to read-only, as on a standby or a full disk; open sessions too."""
    with psycopg.connect(server.build_url(), autocommit=True) as db:
        db.execute("SET default_transaction_read_only = off")
        db.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        db.execute("SELECT pg_reload_conf()")
        wait_until(lambda: _reads_as(server, value))


def _reads_as(server: PostgresServer, value: str) -> bool:
    with psycopg.connect(server.build_url()) as db:
        row = db.execute("SHOW default_transaction_read_only").fetchone()
        return row is not None and row[0] == value


def test_a_full_disk_refuses_callbacks_and_loses_nothing(sqlite_url: str, tmp_path: Path) -> None:
    """The kernel refuses every byte beyond a file's size, as a full disk does."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = EmulatorConfig(
        step_seconds=0.1, callback_backoff_seconds=0.2, callback_tries=100, scenario="hold"
    )
    with Emulator(config) as emulator:
        env = build_environment(
            sqlite_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=url,
            PORT=str(port),
            TRACKER_CALLBACK_SECRETS=SECRET,
        )
        process = Process(("serve",), env, tmp_path / "log").start()
        try:
            wait_until_ready(url, process)
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
                world = World(http, emulator.url)
                task_id = world.submit(external_task_id="mine")
                wait_until(lambda: world.read_task(task_id)["state"] == "submitted")
                _limit_files(process, 0)
                answer = http.post(
                    find_callback_path(task_id), content=build_kling_callback("processing")
                )
                assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
                assert world.read_task(task_id)["state"] == "submitted"
                assert "writes_stalled" in _standing(http)
                _limit_files(process, resource.RLIM_INFINITY)
                answer = http.post(
                    find_callback_path(task_id), content=build_kling_callback("processing")
                )
                assert answer.status_code == 200
                # Other kinds of write were refused meanwhile: each is tried again by itself.
                wait_until(lambda: "writes_stalled" not in _standing(http))
                _goes_on(world, task_id)
        finally:
            process.kill()


def _standing(http: httpx.Client) -> set[str]:
    return {one["name"] for one in http.get("/v1/attention").json()["conditions"]}


def _limit_files(process: Process, size: int) -> None:
    assert process.pid is not None
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, hard))


def test_a_file_that_may_only_be_read_refuses_callbacks(sqlite_url: str, tmp_path: Path) -> None:
    with _world(sqlite_url, tmp_path) as world:
        task_id = world.submit(external_task_id="mine")
        wait_until(lambda: world.read_task(task_id)["state"] == "submitted")
    read_only = sqlite_url.replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true"
    with _world(read_only, tmp_path) as world:
        answer = world.http.post(
            find_callback_path(task_id), content=build_kling_callback("processing")
        )
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
        assert world.http.get("/readyz").status_code == 503
        assert world.read_task(task_id)["state"] == "submitted"
