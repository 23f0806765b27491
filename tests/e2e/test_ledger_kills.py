"""kill -9 around what is reserved, charged and given back; then heal, and add the ledger up."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.support.made_up_server import SECRET, MadeUpServer
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.waiting import wait_until
from tracker.domain.signals import CrashPoint

RESERVED = {"phase": "reserve", "amount": "3"}
CHARGED = {"phase": "settle", "amount": "3"}
BACK = {"phase": "refund", "amount": "3"}
STEPS = (
    {"status": "running", "bill": [RESERVED]},
    {"status": "failed", "why": "no", "bill": [CHARGED]},
    {"status": "failed", "why": "no", "bill": [CHARGED, BACK]},
)
"""All that the provider tells of a task, one callback each; the create tells of the first bill."""
POINTS = [
    (CrashPoint.SUBMIT_SENT, 1),
    *[(CrashPoint.CALLBACK_COMMITTED, n) for n in (1, 2)],
    *[(CrashPoint.COMMIT_READY, n) for n in (4, 6)],
    (CrashPoint.COMMIT_DONE, 5),
]


@dataclass
class Ledger:
    """A service that can die and come back, and a provider that bills.

    told: how many of the steps of each task were acknowledged, by our mark.
    """

    env: dict[str, str]
    url: str
    folder: Path
    provider: MadeUpServer
    told: dict[str, int] = field(default_factory=dict)

    def service(self, point: CrashPoint, nth: int) -> Process:
        """Return the service, not started, which kills itself at the n-th pass of a point."""
        log = self.folder / f"{point.name}-{nth}"
        return Process((point.value, str(nth)), self.env, log, "tests.support.crashing")

    def create(self, prompt: str) -> None:
        """Make a task, which the provider reserves 3 EUR for."""
        body = {"prompt": prompt, "plan": {"bill": [RESERVED]}}
        url = f"{self.url}/made-up/make/film"
        answer = httpx.post(url, json=body, trust_env=False, timeout=60)
        assert answer.status_code == 201, answer.text

    def tell(self, mark: str, *, steps: int) -> None:
        """Have the provider tell of a task until so many of its steps are acknowledged."""
        while self.told.setdefault(mark, 0) < steps:
            answer = self.provider.call_back(mark, **STEPS[self.told[mark]])
            assert answer.status_code == 200, answer.text
            self.told[mark] += 1

    def sums(self) -> dict[str, Decimal]:
        """Return the sums of the ledger."""
        found = httpx.get(
            f"{self.url}/v1/costs", params={"by": "provider"}, trust_env=False, timeout=60
        )
        lines = found.raise_for_status().json()["costs"]
        return {k: Decimal(v) for line in lines for k, v in line.items() if k in _SUMS}


_SUMS = ("estimated", "reserved", "possible", "settled", "refunded", "refunded_in_excess", "total")


@pytest.fixture
def ledger(database_url: str, tmp_path: Path) -> Iterator[Ledger]:
    url = f"http://127.0.0.1:{(port := free_port())}"
    with MadeUpServer(SECRET) as provider:
        env = build_environment(
            database_url,
            tmp_path,
            provider_url="http://127.0.0.1:9",
            public_url=url,
            PORT=str(port),
            **provider.settings,
            TRACKER_LEASE_S="1",
            TRACKER_SUBMIT_TIMEOUT_S="2",
        )
        yield Ledger(env, url, tmp_path, provider)


def test_sums_are_right_after_a_kill_around_each_entry(ledger: Ledger) -> None:
    """A third of the tasks stays reserved, a third charged, and a third gets its money back."""
    prompts = [f"task {number}" for number in range(len(POINTS))]
    made: set[str] = set()
    for turn, (point, nth) in enumerate(POINTS):
        with ledger.service(point, nth) as dying:
            try:
                wait_until_ready(ledger.url, dying)
                _go_on(ledger, dying, prompts[: turn + 1], made)
            except (httpx.TransportError, AssertionError):
                dying.join()
    with ledger.service(CrashPoint.ACCEPT_COMMITTED, 1_000_000) as healed:
        wait_until_ready(ledger.url, healed)
        _go_on(ledger, healed, prompts, made)
        steps = [1 + number % 3 for number in range(len(prompts))]
        assert sorted(ledger.told.values()) == sorted(steps)
        assert set(ledger.provider.creations.values()) == {1}
        expected = {
            "reserved": 3 * steps.count(1),
            "settled": 3 * (steps.count(2) + steps.count(3)),
            "refunded": 3 * steps.count(3),
            "total": 3 * (steps.count(1) + steps.count(2)),
        }
        assert ledger.sums() == {name: expected.get(name, 0) for name in _SUMS}


def _go_on(ledger: Ledger, process: Process, prompts: list[str], made: set[str]) -> None:
    """Make what was not made yet, and tell what was not acknowledged yet."""
    for prompt in prompts:
        if prompt not in made:
            ledger.create(prompt)
            made.add(prompt)
    wait_until(lambda: len(ledger.provider.creations) >= len(prompts) or not process.is_alive)
    for number, mark in enumerate(list(ledger.provider.creations)):
        ledger.tell(mark, steps=1 + number % 3)
