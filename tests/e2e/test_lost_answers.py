"""A process dies between the commit of a create and its answer: the repeat gets the same task."""

from pathlib import Path

import httpx
import pytest

from tests.support.requests import EXAMPLE, MULTI_IMAGE
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.waiting import wait_until
from tracker.domain.signals import CrashPoint
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


def create(url: str) -> str:
    """Make the same create as always, on a connection of its own; return the task's id."""
    answer = httpx.post(f"{url}{MULTI_IMAGE}", json=EXAMPLE, trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["task_id"])


def test_repeat_after_a_kill_is_joined_and_after_a_stop_is_not(
    database_url: str, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Emulator(EmulatorConfig(step_seconds=0.05)) as emulator:
        env = build_environment(
            database_url, tmp_path, provider_url=emulator.url, public_url=url, PORT=str(port)
        )
        serving = Process(("serve",), env, tmp_path / "serving")
        with serving as first:
            wait_until_ready(url, first)
            tasks = [create(url), create(url)]
            first.stop()
        with serving as second:
            wait_until_ready(url, second)
            tasks.append(create(url))
            assert len(set(tasks)) == 3
            second.stop()
        point = (CrashPoint.ACCEPT_COMMITTED.value, "1")
        with Process(point, env, tmp_path / "dying", "tests.support.crashing") as dying:
            wait_until_ready(url, dying)
            with pytest.raises(httpx.TransportError):
                create(url)
            wait_until(lambda: not dying.is_alive)
        with serving as healed:
            wait_until_ready(url, healed)
            joined, other = create(url), create(url)
            assert len({*tasks, joined, other}) == 5
            wait_until(lambda: set(creations(emulator.url)) == {*tasks, joined, other})
            healed.stop()
        assert set(creations(emulator.url).values()) == {1}


def creations(emulator: str) -> dict[str, int]:
    """Return how often each task was made at the provider, by its external id."""
    found: dict[str, int] = httpx.get(
        f"{emulator}/emulator/creations", trust_env=False, timeout=60
    ).json()
    return found
