"""kill -9 at every point between two effects, on both databases; then heal, and count.

What was acknowledged is there, once: submits, callbacks, deliveries. History folds to state.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.requests import EXAMPLE, build_submission
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.domain.signals import CrashPoint
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

SCENARIOS = {
    "called-back": "lax_ids",
    "polled": "lax_ids,no_callback",
    "told": "lax_ids,duplicated=2",
}
"""One task each. `lax_ids`: the provider takes an external id twice, so that a second submit would
show as a second creation."""
NTH = {CrashPoint.COMMIT_READY: 5, CrashPoint.COMMIT_DONE: 5}
"""Points that are passed too often for the first time to be of interest."""


@dataclass
class DyingService:
    """A service that can die and come back, its provider, and a receiver of deliveries."""

    env: dict[str, str]
    url: str
    folder: Path
    emulator: Emulator
    sink: Sink

    def start_crashing(self, point: CrashPoint, nth: int | None = None) -> Process:
        arguments = (point.value, str(nth or NTH.get(point, 1)))
        module = "tests.support.crashing"
        return Process(arguments, self.env, self.folder / "dying", module).start()

    def start(self) -> Process:
        process = Process(("serve",), self.env, self.folder / "healing").start()
        wait_until_ready(self.url, process)
        return process


@pytest.fixture
def bed(database_url: str, tmp_path: Path) -> Iterator[DyingService]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = EmulatorConfig(step_seconds=0.15, callback_backoff_seconds=0.3, callback_tries=20)
    with Emulator(config) as emulator, Sink() as sink:
        env = build_environment(
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
        yield DyingService(env, url, tmp_path, emulator, sink)


HERE = frozenset({"accept", "callback", "commit", "delivery", "job", "poll", "submit"})
"""Kinds of points, by the first word of their names, at which this file kills a process."""
ELSEWHERE = {
    "archive": "services/upkeep/test_archive.py",
    "assets": "e2e/test_custody_crashes.py",
    "backup": "services/backup/test_making.py",
    "call": "e2e/test_synchronous_kills.py",
    "fetch": "e2e/test_custody_crashes.py",
    "log": "store/driver/test_checkpoints.py",
    "reread": "e2e/test_reread_kills.py",
    "restore": "services/backup/test_restoring.py",
    "retention": "services/custody/test_sweeping.py",
    "run": "e2e/test_run_kills.py",
    "stream": "e2e/test_stream_kills.py",
}
"""Which test names the others, and dies at each."""
AGAIN = [
    *[(CrashPoint.COMMIT_DONE, n) for n in (1, 2, 3, 4, 6, 7, 8, 10)],
    *[(CrashPoint.COMMIT_READY, n) for n in (1, 2, 3, 4, 6, 7, 8, 10)],
    *[(CrashPoint.JOB_CLAIMED, n) for n in (2, 3)],
]
"""Every commit is between two effects, and what is claimed first is a submit."""


def _about(point: CrashPoint) -> str:
    return point.value.partition(":")[0]


def test_every_point_is_died_at_in_some_test() -> None:
    assert {_about(point) for point in CrashPoint} == HERE | set(ELSEWHERE)
    assert HERE.isdisjoint(ELSEWHERE)
    tests = Path(__file__).parents[1]
    for point in CrashPoint:
        if other := ELSEWHERE.get(_about(point)):
            text = (tests / other).read_text()
            assert point.name in text or f'"{point.value}"' in text, (point, other)


@pytest.mark.parametrize("point", [point for point in CrashPoint if _about(point) in HERE])
def test_nothing_is_lost_or_doubled_when_the_process_dies_at(
    bed: DyingService, point: CrashPoint
) -> None:
    dying = bed.start_crashing(point)
    acknowledged = _submit_all(bed, dying)
    wait_until(lambda: not dying.is_alive)
    healing = bed.start()
    try:
        with httpx.Client(base_url=bed.url, trust_env=False, timeout=60) as http:
            acknowledged |= _submit_all(bed, healing)
            _check(World(http, bed.emulator.url), bed, acknowledged)
    finally:
        healing.stop()


def test_nothing_is_lost_or_doubled_when_it_dies_again_and_again_at_one_commit_after_another(
    bed: DyingService,
) -> None:
    acknowledged: dict[str, str] = {}
    rounds = [f"{place}-" for place in range(len(AGAIN))]
    for prefix, (point, nth) in zip(rounds, AGAIN, strict=True):
        dying = bed.start_crashing(point, nth)
        acknowledged |= _submit_all(bed, dying, prefix)
        wait_until(lambda dying=dying: not dying.is_alive)  # type: ignore[misc]  # a default pins it
    healing = bed.start()
    try:
        for prefix in rounds:
            acknowledged |= _submit_all(bed, healing, prefix)
        with httpx.Client(base_url=bed.url, trust_env=False, timeout=60) as http:
            _check(World(http, bed.emulator.url), bed, acknowledged, rounds)
    finally:
        healing.stop()


def _submit_all(bed: DyingService, process: Process, prefix: str = "") -> dict[str, str]:
    """Submit every task until it is acknowledged or the process has died: {name: task id}."""
    acknowledged: dict[str, str] = {}

    def submitted(name: str) -> bool:
        body = EXAMPLE | {"prompt": f"[scenario:{SCENARIOS[name.removeprefix(prefix)]}]"}
        if name == f"{prefix}told":
            body |= {"callback_url": f"{bed.sink.url}/{name}"}
        try:
            answer = httpx.post(
                f"{bed.url}/v1/tasks",
                json=build_submission(input=body, external_task_id=name),
                headers={"idempotency-key": name},
                trust_env=False,
                timeout=60,
            )
        except httpx.TransportError:
            return not process.is_alive
        if answer.status_code == 202:
            acknowledged[name] = answer.json()["id"]
        return answer.status_code == 202

    for name in SCENARIOS:
        wait_until(lambda name=prefix + name: submitted(name))  # type: ignore[misc]  # a default pins the name
    return acknowledged


def _check(
    world: World, bed: DyingService, acknowledged: dict[str, str], prefixes: Sequence[str] = ("",)
) -> None:
    names = {prefix + name for prefix in prefixes for name in SCENARIOS}
    assert set(acknowledged) == names
    for name, task_id in acknowledged.items():
        task = world.wait_for_end(task_id)
        assert (task["state"], task["external_task_id"]) == ("succeeded", name)
    listed = world.http.get("/v1/tasks?limit=500").json()["tasks"]
    assert {task["id"] for task in listed} == set(acknowledged.values())
    assert world.count_creations() == dict.fromkeys(names, 1)
    for callback in world.list_callbacks():
        if callback["answer"] == 200:
            _check_kept(world, acknowledged, callback["body"])
    for prefix in prefixes:
        told = f"{prefix}told"
        wait_until(lambda told=told: _states(world, acknowledged[told]) == ["delivered"])  # type: ignore[misc]  # a default pins it
        said = {request.body for request in bed.sink.received if request.path == f"/{told}"}
        assert len(said) == 1


def _check_kept(world: World, acknowledged: dict[str, str], body: str) -> None:
    said = json.loads(body)
    task_id = acknowledged[said["task_info"]["external_task_id"]]
    kept = [json.loads(receipt["body"]) for receipt in world.read_part(task_id, "receipts")]
    assert any(receipt.get("task_status") == said["task_status"] for receipt in kept)


def _states(world: World, task_id: str) -> list[str]:
    return [delivery["state"] for delivery in world.read_part(task_id, "deliveries")]
