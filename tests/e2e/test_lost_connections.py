"""PostgreSQL's process dies inside each statement that the service sends, one after the other: at
once everything goes on with another connection, and nothing that was acknowledged is lost."""

import threading
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.insistent import InsistentClient
from tests.support.pg_proxy import End, PostgresProxy
from tests.support.requests import build_kling_callback, build_submission, find_callback_path
from tests.support.service import build_environment, listen, read_url, serve_service
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

SECRET = "a secret for tests only"
MOST_ROUNDS = 200


@dataclass
class EachOnce:
    """Ends the server's process once in each statement; then not again before `arm`.

    ended: the statements.
    """

    end: End
    ended: set[str] = field(default_factory=set)
    _armed: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self) -> None:
        self._armed.set()

    def __call__(self, statement: str) -> End | None:
        with self._lock:
            if not self._armed.is_set() or statement in self.ended:
                return None
            self._armed.clear()
            self.ended.add(statement)
            return self.end


@dataclass
class CallbackSender:
    """Sends one callback after the other, each different, and arms what ends processes again.

    taken: how many were answered 200: one at least between any two ends, or none was armed.
    odd:   answers that are neither 200 nor 503.
    """

    url: str
    each: EachOnce
    taken: int = 0
    odd: list[str] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as http:
            number = 0
            while not self._stopping.wait(0.01):
                number += 1
                self._call(
                    http, build_kling_callback("processing", updated_at=1_795_500_100_000 + number)
                )

    def stop(self) -> None:
        self._stopping.set()

    def _call(self, http: httpx.Client, body: bytes) -> None:
        answer = http.post(self.url, content=body)
        if answer.status_code == 200:
            self.taken += 1
            self.each.arm()
        elif answer.status_code != 503:
            self.odd.append(f"{answer.status_code} {answer.text}")


@pytest.mark.parametrize("end", list(End), ids=lambda end: end.name.lower())
def test_a_connection_that_dies_inside_any_statement_costs_nothing(
    postgres_url: str, tmp_path: Path, end: End
) -> None:
    each = EachOnce(end)
    config = EmulatorConfig(
        step_seconds=0.02, callback_backoff_seconds=0.05, callback_tries=100, scenario="ok"
    )
    with Emulator(config) as emulator, PostgresProxy(postgres_url, each) as proxy, Sink() as sink:
        listener = listen()
        env = build_environment(
            proxy.url,
            tmp_path,
            provider_url=emulator.url,
            public_url=read_url(listener),
            TRACKER_CALLBACK_SECRETS=SECRET,
            TRACKER_LEASE_S="1",
            TRACKER_DELIVER_TIMEOUT_S="3",
            TRACKER_LOG_LEVEL="error",
        )
        with (
            serve_service(env, listener=listener, workers=True) as url,
            InsistentClient(url) as http,
        ):
            world = World(http, emulator.url)
            standing = _standing(world)
            caller = CallbackSender(f"{url}{find_callback_path(standing)}", each)
            calling = threading.Thread(target=caller.run)
            calling.start()
            try:
                made = _rounds(world, each, sink.url)
            finally:
                caller.stop()
                calling.join()
            assert caller.odd == []
            wait_until(lambda: http.get("/readyz").status_code == 200)
            for task_id in made:
                assert world.wait_for_end(task_id)["state"] == "succeeded"
                wait_until(partial(_is_told, world, task_id))
            assert set(world.count_creations().values()) == {1}
    assert len(each.ended) > 40
    assert _receipts(postgres_url, standing) >= caller.taken


def _standing(world: World) -> str:
    """A task that stays open."""
    world.play("hold")
    task_id = world.submit(external_task_id="standing")
    wait_until(lambda: world.read_task(task_id)["state"] == "submitted")
    world.play("ok")
    return task_id


def _rounds(world: World, each: EachOnce, hook: str) -> list[str]:
    """Tasks that ran through, until one meets no statement that was not tried yet."""
    made = []
    for number in range(MOST_ROUNDS):
        before = len(each.ended)
        task_id = _submit(world, external_task_id=f"task-{number}", webhook_url=hook)
        made.append(task_id)
        wait_until(partial(_is_over, world, task_id))
        wait_until(partial(_is_told, world, task_id))
        if len(each.ended) == before:
            return made
    raise AssertionError(f"new statements still after {MOST_ROUNDS} rounds")


def _submit(world: World, **fields: Any) -> str:
    """Submit like a client that tries again when it is asked to."""
    for _ in range(20):
        answer = world.http.post(
            "/v1/tasks",
            json=build_submission(**fields),
            headers={"idempotency-key": fields["external_task_id"]},
        )
        if answer.status_code == 202:
            return str(answer.json()["id"])
        assert answer.status_code in (503, 409), answer.text
    raise AssertionError("never accepted")


def _is_over(world: World, task_id: str) -> bool:
    answer = world.http.get(f"/v1/tasks/{task_id}")
    assert answer.status_code in (200, 503), answer.text
    return answer.status_code == 200 and answer.json()["state"] == "succeeded"


def _is_told(world: World, task_id: str) -> bool:
    answer = world.http.get(f"/v1/tasks/{task_id}/deliveries")
    assert answer.status_code in (200, 503), answer.text
    if answer.status_code != 200:
        return False
    states = [one["state"] for one in answer.json()["deliveries"]]
    return bool(states) and set(states) == {"delivered"}


def _receipts(url: str, task_id: str) -> int:
    with psycopg.connect(url) as db:
        row = db.execute(
            "SELECT count(*) FROM receipts JOIN tasks ON tasks.key = receipts.task_key"
            " WHERE tasks.id = %s",
            (task_id,),
        ).fetchone()
        assert row is not None
        return int(row[0])
