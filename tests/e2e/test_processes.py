"""Two web and two worker processes on one database share the work, and double none of it."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.chaos import Left, is_any_open, look, query_numbers
from tests.support.requests import build_submission
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.waiting import wait_until
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

CAP = 6
IMAGES = {"operation": "images/generations", "input": {"prompt": "rain", "n": 4}}
VIDEO = {"operation": "videos/text2video", "input": {"prompt": "rain"}}


@dataclass
class ManyProcesses:
    """Processes on one database, and their provider, which takes no more than CAP slots."""

    database_url: str
    urls: list[str]
    workers: list[Process]
    emulator: Emulator

    def submit(self, name: str, **changes: object) -> httpx.Response:
        """Submit by the web process that the name picks."""
        return httpx.post(
            f"{self.urls[len(name) % 2]}/v1/tasks",
            json=build_submission(external_task_id=name, **changes),
            headers={"idempotency-key": name},
            trust_env=False,
            timeout=60,
        )

    def healed(self) -> Left:
        """Return the remains once every task has its verdict."""
        wait_until(lambda: not is_any_open(self.database_url))
        return look(self.database_url)

    def creations(self) -> dict[str, int]:
        """Return how often the provider made each."""
        found: dict[str, int] = httpx.get(
            f"{self.emulator.url}/emulator/creations", trust_env=False, timeout=60
        ).json()
        return found

    def refusals(self) -> int:
        """Return how often the provider answered 1303."""
        said = httpx.get(
            f"{self.emulator.url}/emulator/requests?limit=100000", trust_env=False, timeout=60
        ).json()
        return sum('"code": 1303' in json.dumps(one.get("answer")) for one in said)


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[ManyProcesses]:
    config = EmulatorConfig(step_seconds=0.1, max_slots=CAP, scenario="lax_ids,duplicated=2")
    with Emulator(config) as emulator, ExitStack() as stack:
        ports = [free_port() for _ in range(2)]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        envs = [
            build_environment(
                database_url,
                tmp_path,
                provider_url=emulator.url,
                public_url=url,
                PORT=str(port),
                TRACKER_KLING_MAX_IN_FLIGHT=str(CAP),
                TRACKER_LEASE_S="10",
                TRACKER_SUBMIT_TIMEOUT_S="8",
                TRACKER_DRAIN_S="0.3",
                TRACKER_POLL_QUIET_S="0.5",
            )
            for url, port in zip(urls, ports, strict=True)
        ]
        webs = [
            Process(("serve", "--no-worker"), env, tmp_path / f"web-{n}").start()
            for n, env in enumerate(envs)
        ]
        workers = [
            Process(("worker",), env, tmp_path / f"worker-{n}").start()
            for n, env in enumerate(envs)
        ]
        for process in [*webs, *workers]:
            stack.callback(process.kill)
        for url, web in zip(urls, webs, strict=True):
            wait_until_ready(url, web)
        yield ManyProcesses(database_url, urls, workers, emulator)


def test_the_work_is_shared_and_the_providers_concurrency_never_exceeded(
    site: ManyProcesses,
) -> None:
    """Every submit is sent twice at once, to both web processes; every third task is large, and
    every fourth loses its callbacks."""

    def both(n: int) -> list[int]:
        changes: dict[str, object] = dict(IMAGES if n % 3 == 0 else VIDEO)
        lies = "lax_ids,no_callback" if n % 4 == 0 else "lax_ids,duplicated=2"
        changes["input"] = IMAGES["input"] if n % 3 == 0 else VIDEO["input"]
        changes["input"] = {**changes["input"], "prompt": f"[scenario:{lies}]"}  # type: ignore[dict-item]  # a mapping
        with ThreadPoolExecutor(2) as pair:
            name = f"task-{n}"
            answers = pair.map(lambda url: _post(url, name, changes), site.urls)
        return [answer.status_code for answer in answers]

    with ThreadPoolExecutor(4) as pool:
        statuses = Counter(status for pair in pool.map(both, range(24)) for status in pair)
    assert set(statuses) == {202}
    left = site.healed()
    names = [f"task-{n}" for n in range(24)]
    assert left.states == dict.fromkeys(names, "succeeded")
    assert site.creations() == dict.fromkeys(names, 1)
    assert left.outcomes == {name: ["accepted"] for name in names}
    assert left.breaks == []
    assert site.refusals() == 0
    assert query_numbers(site.database_url, "SELECT slots_held FROM tasks") == [0] * len(names)


def test_a_stopped_worker_hands_back_what_it_holds_without_spending_an_attempt(
    site: ManyProcesses,
) -> None:
    site.workers[1].kill()
    site.submit("slow", **_told("timeout,lax_ids,no_callback")).raise_for_status()
    query = "SELECT count(*) FROM attempts"
    wait_until(lambda: query_numbers(site.database_url, query) == [1])
    site.workers[0].signal(signal.SIGTERM)
    assert site.workers[0].join() == 0
    leased = "SELECT attempts FROM jobs WHERE lease_until IS NULL"
    assert query_numbers(site.database_url, leased) == [0]
    site.workers[0].start()
    left = site.healed()
    assert left.states == {"slow": "succeeded"}
    assert site.creations() == {"slow": 1}


def _post(url: str, name: str, changes: dict[str, object]) -> httpx.Response:
    return httpx.post(
        f"{url}/v1/tasks",
        json=build_submission(external_task_id=name, **changes),
        headers={"idempotency-key": name},
        trust_env=False,
        timeout=60,
    )


def _told(lies: str) -> dict[str, object]:
    return {
        "operation": VIDEO["operation"],
        "input": {"prompt": f"[scenario:{lies}]"},
    }
