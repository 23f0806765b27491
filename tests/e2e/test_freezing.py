"""SIGSTOP past the lease, then SIGCONT: another process has taken over, and the frozen one neither
sends nor commits."""

import signal
from pathlib import Path

import httpx
import pytest

from tests.support.chaos import look
from tests.support.requests import build_submission
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.domain.signals import CrashPoint
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


@pytest.mark.parametrize(
    ("point", "outcomes"),
    [
        (CrashPoint.SUBMIT_BEGUN, ["lost", "accepted"]),
        (CrashPoint.SUBMIT_SENT, ["lost"]),
        (CrashPoint.POLL_ANSWERED, ["accepted"]),
    ],
)
def test_a_process_that_was_frozen_past_its_lease_neither_sends_nor_commits(
    database_url: str, tmp_path: Path, point: CrashPoint, outcomes: list[str]
) -> None:
    config = EmulatorConfig(step_seconds=0.1, scenario="lax_ids,no_callback")
    with Emulator(config) as emulator:
        ports = [free_port(), free_port()]
        envs = [
            build_environment(
                database_url,
                tmp_path,
                provider_url=emulator.url,
                public_url=None,
                PORT=str(port),
                TRACKER_LEASE_S="3",
                # Of a submit that was cut off nothing is asked before this is over, and one that
                # takes longer counts as cut off: no less than a busy machine needs.
                TRACKER_SUBMIT_TIMEOUT_S="8",
            )
            for port in ports
        ]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        frozen = Process(
            (point.value, "1", "SIGSTOP"), envs[0], tmp_path / "frozen", "tests.support.crashing"
        ).start()
        other = Process(("serve",), envs[1], tmp_path / "other")
        try:
            wait_until_ready(urls[0], frozen)
            httpx.post(
                f"{urls[0]}/v1/tasks",
                json=build_submission(external_task_id="mine"),
                trust_env=False,
                timeout=60,
            ).raise_for_status()
            wait_until(lambda: frozen.is_frozen)
            other.start()
            wait_until_ready(urls[1], other)
            with httpx.Client(base_url=urls[1], trust_env=False, timeout=60) as http:
                world = World(http, emulator.url)
                (task,) = http.get("/v1/tasks").json()["tasks"]
                world.wait_for_end(task["id"])
                before = look(database_url)
                frozen.signal(signal.SIGCONT)
                _works_again(urls[0], world)
                after = look(database_url)
                assert after.outcomes["mine"] == before.outcomes["mine"]
                # On a busy machine a lease may run out before the first byte: nothing is sent then.
                sent = [one for one in after.outcomes["mine"] if one != "not_sent"]
                assert sent == outcomes
                assert after.states["mine"] == "succeeded"
                assert after.breaks == []
                assert world.read_part(task["id"], "transitions")[-1]["to"] == "succeeded"
                assert world.count_creations() == {"mine": 1, "next": 1}
        finally:
            frozen.kill()
            other.stop()


def _works_again(url: str, world: World) -> None:
    """Until the thawed process has done what it was at: it takes a task and it ends.

    A transaction that was frozen with it has stood still, for which it refuses writes at first.
    """
    taken: list[str] = []

    def is_taken() -> bool:
        answer = httpx.post(
            f"{url}/v1/tasks",
            json=build_submission(external_task_id="next"),
            headers={"idempotency-key": "next"},
            trust_env=False,
            timeout=60,
        )
        assert answer.status_code in (202, 503), answer.text
        taken.extend([answer.json()["id"]] if answer.status_code == 202 else [])
        return bool(taken)

    wait_until(is_taken)
    world.wait_for_end(taken[0])
