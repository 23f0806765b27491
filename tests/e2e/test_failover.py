"""A primary and its synchronous standby: reads on the standby, writes that wait for it, and the
primary killed under load. Each test goes on where the one before it ended."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import httpx
import psycopg
import pytest

from tests.support.insistent import InsistentClient
from tests.support.postgres import PostgresServer
from tests.support.requests import build_kling_callback, build_submission, find_callback_path
from tests.support.service import build_environment, serve_service
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.store.migrate import upgrade

LIMIT_S = 6.0
"""For a commit: no less than a busy machine needs between two looks at it."""
CALLERS = 3


@dataclass
class Pair:
    """Two servers, the process that writes to whichever is the primary, and one that reads."""

    primary: PostgresServer
    standby: PostgresServer
    world: World
    reader: httpx.Client


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("failover")
    with ExitStack() as stack:
        primary = PostgresServer()
        stack.callback(primary.close)
        upgrade(primary.start().build_url())
        standby = PostgresServer(follows=primary)
        stack.callback(standby.close)
        standby.start()
        wait_until(lambda: _is_streaming(primary))
        primary.configure("synchronous_standby_names", "*")
        emulator = stack.enter_context(
            Emulator(EmulatorConfig(step_seconds=0.05, callback_backoff_seconds=0.2))
        )
        hosts = [("host", f"{server.folder}:5432") for server in (primary, standby)]
        both = urlencode([*hosts, ("target_session_attrs", "read-write")])
        url = stack.enter_context(
            _serving(f"postgresql://postgres@/postgres?{both}", folder, emulator.url)
        )
        reader_url = stack.enter_context(
            _serving(standby.build_url(), folder, emulator.url, TRACKER_READ_ONLY="1")
        )
        world = World(stack.enter_context(InsistentClient(url)), emulator.url)
        yield Pair(primary, standby, world, stack.enter_context(_client(reader_url)))


def _serving(
    database_url: str, folder: Path, provider_url: str, **more: str
) -> AbstractContextManager[str]:
    env = build_environment(
        database_url,
        folder,
        provider_url=provider_url,
        public_url=None,
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
        TRACKER_COMMIT_TIMEOUT_S=str(LIMIT_S),
        TRACKER_LEASE_S="5",
        TRACKER_LOG_LEVEL="error",
        **more,
    )
    return serve_service(env, workers=True)


def _processes(server: PostgresServer) -> list[int]:
    """Return the processes of a server, the one that all others come from included."""
    with psycopg.connect(server.build_url(), autocommit=True) as db:
        found = [pid for (pid,) in db.execute("SELECT pid FROM pg_stat_activity")]
    return [*found, int((server.folder / "data" / "postmaster.pid").read_text().split()[0])]


def _signal(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class _Caller(threading.Thread):
    """Submits one task after another.

    kept:    name and id of each that was acknowledged.
    refused: how many were not.
    """

    def __init__(self, url: httpx.URL, number: int) -> None:
        super().__init__(daemon=True)
        self._url, self._number = url, number
        self._is_over = threading.Event()
        self.kept: list[tuple[str, str]] = []
        self.refused = 0

    def run(self) -> None:
        with _client(str(self._url)) as http:
            for turn in count():
                if self._is_over.is_set():
                    return
                name = f"failover-{self._number}-{turn}"
                answer = http.post("/v1/tasks", json=build_submission(external_task_id=name))
                if answer.status_code == 202:
                    self.kept.append((name, answer.json()["id"]))
                else:
                    assert answer.status_code == 503, answer.text
                    self.refused += 1

    def stop(self) -> None:
        """End it."""
        self._is_over.set()
        self.join(60)
        assert not self.is_alive()


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, trust_env=False, timeout=60)


def _submitted(pair: Pair, name: str) -> httpx.Response:
    """Return the answer that takes a task; a busy machine may need more than the limit for it."""
    answers = list[httpx.Response]()

    def is_taken() -> bool:
        answers.append(
            pair.world.http.post(
                "/v1/tasks",
                json=build_submission(external_task_id=name),
                headers={"idempotency-key": name},
            )
        )
        assert answers[-1].status_code in (202, 409, 503), answers[-1].text
        return answers[-1].status_code == 202

    wait_until(is_taken)
    return answers[-1]


def _is_streaming(primary: PostgresServer) -> bool:
    with psycopg.connect(primary.build_url()) as db:
        row = db.execute("SELECT count(*) FROM pg_stat_replication").fetchone()
        return row == (1,)


def _feed(http: httpx.Client) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    after: dict[str, str] = {}
    while True:
        page = http.get("/v1/changes", params={"limit": "500", **after}).json()
        found += page["changes"]
        if not page["has_more"]:
            return found
        after = {"after": page["next_cursor"]}


def test_a_standby_is_read_and_has_what_was_written_once_it_is_asked_for(pair: Pair) -> None:
    wait_until(lambda: pair.reader.get("/readyz").json()["status"] == "read-only")
    wait_until(lambda: pair.reader.get("/readyz").json()["lag_s"] == 0)  # between two writes
    with InsistentClient(str(pair.reader.base_url)) as reader:
        for number in range(20):
            made = _submitted(pair, f"read-{number}")
            position = made.headers["tracker-position"]
            seen = reader.get(
                f"/v1/tasks/{made.json()['id']}", headers={"tracker-position": position}
            )
            assert seen.status_code == 200
        ids = [task["id"] for task in pair.world.http.get("/v1/tasks").json()["tasks"]]
        for task_id in ids:
            pair.world.wait_for_end(task_id)
        wait_until(lambda: _feed(reader) == _feed(pair.world.http))


def test_what_writes_is_refused_by_a_process_that_reads(pair: Pair) -> None:
    task_id = _submitted(pair, "refused").json()["id"]
    refused = [
        pair.reader.post("/v1/tasks", json=build_submission()),
        pair.reader.post(find_callback_path(task_id), content=build_kling_callback("processing")),
        pair.reader.get("/v1/tasks", headers={"tracker-position": "FFFFFFFF/0"}),
    ]
    for answer in refused:
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
    odd = pair.reader.get("/v1/tasks", headers={"tracker-position": "yesterday"})
    assert odd.status_code == 400


def test_a_standby_that_freezes_stops_writes_in_time_and_no_reads(pair: Pair) -> None:
    task_id = _submitted(pair, "frozen").json()["id"]
    pair.world.wait_for_end(task_id)
    pids = _processes(pair.standby)
    body = build_kling_callback("processing", updated_at=1_795_500_100_000)
    _signal(pids, signal.SIGSTOP)
    try:
        assert pair.world.http.post(find_callback_path(task_id), content=body).status_code == 503
        assert pair.world.http.get(f"/v1/tasks/{task_id}").status_code == 200
        wait_until(lambda: pair.world.http.get("/readyz").status_code == 503)
    finally:
        _signal(pids, signal.SIGCONT)
    wait_until(
        lambda: pair.world.http.post(find_callback_path(task_id), content=body).status_code == 200
    )
    wait_until(lambda: pair.world.http.get("/readyz").status_code == 200)


def test_a_commit_whose_wait_for_the_standby_is_ended_is_not_acknowledged(pair: Pair) -> None:
    task_id = _submitted(pair, "cancelled").json()["id"]
    pair.world.wait_for_end(task_id)
    pids = _processes(pair.standby)
    body = build_kling_callback("processing", updated_at=1_795_500_200_000)
    _signal(pids, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as threads:
            told = threads.submit(pair.world.http.post, find_callback_path(task_id), content=body)
            while not told.done():
                _cancel_waits(pair.primary)
            assert told.result().status_code == 503
    finally:
        _signal(pids, signal.SIGCONT)
    wait_until(
        lambda: pair.world.http.post(find_callback_path(task_id), content=body).status_code == 200
    )


def _cancel_waits(primary: PostgresServer) -> None:
    """Cancel what waits for a standby, as an operator may who sees it hang."""
    with psycopg.connect(primary.build_url(), autocommit=True) as db:
        db.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        )


def test_nothing_acknowledged_is_lost_with_its_primary(pair: Pair) -> None:
    callers = [_Caller(pair.world.http.base_url, number) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    wait_until(lambda: all(len(caller.kept) > 5 for caller in callers))
    pair.primary.kill()
    wait_until(lambda: all(caller.refused for caller in callers))
    before = [len(caller.kept) for caller in callers]
    pair.standby.promote()
    wait_until(
        lambda: all(len(one.kept) > was + 5 for one, was in zip(callers, before, strict=True))
    )
    for caller in callers:
        caller.stop()
    for name, task_id in (one for caller in callers for one in caller.kept):
        assert pair.world.read_task(task_id)["external_task_id"] == name
    assert pair.world.wait_for_end(callers[0].kept[-1][1])["state"] == "succeeded"
    wait_until(lambda: pair.reader.get("/readyz").json()["status"] == "read-only")
    assert "database_changed" in {
        one["name"] for one in pair.world.http.get("/v1/attention").json()["conditions"]
    }
