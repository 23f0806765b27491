"""kill -9 at every point between two effects, on both databases; then heal, and count.

What was acknowledged is there, once: submits, callbacks, deliveries. History folds to state.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.requests import EXAMPLE, submission
from tests.support.service import Process, environment, free_port, wait_until_ready
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.domain.signals import Point
from tracker.emulator import EmulatorConfig
from tracker.emulator import Server as Emulator

SCENARIOS = {
    "called-back": "lax_ids",
    "polled": "lax_ids,no_callback",
    "told": "lax_ids,duplicated=2",
}
"""One task each. `lax_ids`: the provider takes an external id twice, so that a second submit would
show as a second creation."""
NTH = {Point.COMMIT_READY: 5, Point.COMMIT_DONE: 5}
"""Points that are passed too often for the first time to be of interest."""


@dataclass
class Bed:
    """A service that can die and come back, its provider, and a receiver of deliveries."""

    env: dict[str, str]
    url: str
    folder: Path
    emulator: Emulator
    sink: Sink

    def start_crashing(self, point: Point) -> Process:
        arguments = (point.value, str(NTH.get(point, 1)))
        module = "tests.support.crashing"
        return Process(arguments, self.env, self.folder / "dying", module).start()

    def start(self) -> Process:
        process = Process(("serve",), self.env, self.folder / "healing").start()
        wait_until_ready(self.url, process)
        return process


@pytest.fixture
def bed(database_url: str, tmp_path: Path) -> Iterator[Bed]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = EmulatorConfig(step_seconds=0.15, callback_backoff_seconds=0.3, callback_tries=20)
    with Emulator(config) as emulator, Sink() as sink:
        env = environment(
            database_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=url,
            PORT=str(port),
            TRACKER_LEASE_S="1",
            TRACKER_DELIVER_TIMEOUT_S="2",
            TRACKER_SUBMIT_TIMEOUT_S="2",
            TRACKER_POLL_QUIET_S="0.4",
        )
        yield Bed(env, url, tmp_path, emulator, sink)


@pytest.mark.parametrize("point", list(Point))
def test_nothing_is_lost_or_doubled_when_the_process_dies_at(bed: Bed, point: Point) -> None:
    dying = bed.start_crashing(point)
    acknowledged = _submit_all(bed, dying)
    wait_until(lambda: not dying.is_alive, timeout_s=30)
    healing = bed.start()
    try:
        with httpx.Client(base_url=bed.url, trust_env=False, timeout=20) as http:
            acknowledged |= _submit_all(bed, healing)
            _check(World(http, bed.emulator.url), bed, acknowledged)
    finally:
        healing.stop()


def _submit_all(bed: Bed, process: Process) -> dict[str, str]:
    """Submit every task until it is acknowledged or the process has died: {name: task id}."""
    acknowledged: dict[str, str] = {}

    def submitted(name: str) -> bool:
        body = EXAMPLE | {"prompt": f"[scenario:{SCENARIOS[name]}]"}
        if name == "told":
            body |= {"callback_url": f"{bed.sink.url}/{name}"}
        try:
            answer = httpx.post(
                f"{bed.url}/v1/tasks",
                json=submission(input=body, external_task_id=name),
                headers={"idempotency-key": name},
                trust_env=False,
                timeout=10,
            )
        except httpx.TransportError:
            return not process.is_alive
        if answer.status_code == 202:
            acknowledged[name] = answer.json()["id"]
        return answer.status_code == 202

    for name in SCENARIOS:
        wait_until(lambda name=name: submitted(name), timeout_s=30)  # type: ignore[misc]  # a default pins the name
    return acknowledged


def _check(world: World, bed: Bed, acknowledged: dict[str, str]) -> None:
    assert set(acknowledged) == set(SCENARIOS)
    for name, task_id in acknowledged.items():
        task = world.finished(task_id, timeout_s=40)
        assert (task["state"], task["external_task_id"]) == ("succeeded", name)
    listed = world.http.get("/v1/tasks").json()["tasks"]
    assert {task["id"] for task in listed} == set(acknowledged.values())
    assert world.creations() == dict.fromkeys(SCENARIOS, 1)
    for callback in world.callbacks():
        if callback["answer"] == 200:
            _check_kept(world, acknowledged, callback["body"])
    wait_until(lambda: any(request.path == "/told" for request in bed.sink.received))
    wait_until(lambda: _states(world, acknowledged["told"]) == ["delivered"])
    assert len({request.body for request in bed.sink.received}) == 1


def _check_kept(world: World, acknowledged: dict[str, str], body: str) -> None:
    said = json.loads(body)
    task_id = acknowledged[said["task_info"]["external_task_id"]]
    kept = [json.loads(receipt["body"]) for receipt in world.part(task_id, "receipts")]
    assert any(receipt.get("task_status") == said["task_status"] for receipt in kept)


def _states(world: World, task_id: str) -> list[str]:
    return [delivery["state"] for delivery in world.part(task_id, "deliveries")]
