"""Many submits at once against a budget: those that fit leave, and no other ever does."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from tests.support.chaos import is_any_open, look
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.waiting import wait_until
from tracker.cli.main import main
from tracker.domain.signals import CrashPoint
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

PRICES = '[[price]]\nprovider = "kling"\namount = "0.7"\ncurrency = "CNY"\n'
PRICE, FIT = Decimal("0.7"), 10
CREATE = "/kling/v1/videos/text2video"
PATHS = ("/v1/tasks", CREATE)
REFUSED = {"/v1/tasks": 402, CREATE: 429}
"""By the address that is asked. Kling's own word for an empty balance is 429 with 1102."""
POINTS = [
    (CrashPoint.ACCEPT_COMMITTED, 1),
    (CrashPoint.COMMIT_READY, 3),
    (CrashPoint.COMMIT_DONE, 3),
    (CrashPoint.JOB_CLAIMED, 1),
    (CrashPoint.SUBMIT_BEGUN, 1),
    (CrashPoint.SUBMIT_SENT, 1),
]
"""From the reservation to the answer of the provider."""


@dataclass
class RacedBudget:
    """Two services on one database, and a provider that would make one task twice if asked to."""

    envs: list[dict[str, str]]
    folder: Path
    emulator: Emulator

    @property
    def database_url(self) -> str:
        return self.envs[0]["DATABASE_URL"]

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{env['PORT']}" for env in self.envs]

    def cap(self, number: int) -> None:
        """Let so many tasks fit, and not quite one more."""
        amount = f"{PRICE * number + PRICE / 2}"
        env = {"DATABASE_URL": self.database_url}
        done = CliRunner(env=env).invoke(main, ("budgets", "set", amount, "CNY"))
        assert done.exit_code == 0, done.output

    def check(self, taken: Iterable[str]) -> None:
        """Check that these tasks were made, once each, and that they are what was spent."""
        names = set(taken)
        wait_until(lambda: not is_any_open(self.database_url))
        left = look(self.database_url)
        assert (left.breaks, set(left.states)) == ([], names)
        made = httpx.get(f"{self.emulator.url}/emulator/creations", trust_env=False, timeout=60)
        assert made.json() == dict.fromkeys(names, 1)
        told = httpx.get(f"{self.urls[0]}/v1/costs?by=provider", trust_env=False, timeout=60)
        spent = [one["total"] for one in told.json()["costs"] if one["currency"] == "CNY"]
        assert [Decimal(one) for one in spent] == [PRICE * len(names)]


@pytest.fixture
def raced(database_url: str, tmp_path: Path) -> Iterator[RacedBudget]:
    (tmp_path / "prices.toml").write_text(PRICES)
    with Emulator(EmulatorConfig(step_seconds=0.05, scenario="lax_ids")) as emulator:
        envs = [
            build_environment(
                database_url,
                tmp_path,
                provider_url=emulator.url,
                public_url=f"http://127.0.0.1:{port}",
                PORT=str(port),
                TRACKER_CONFIG=str(tmp_path / "prices.toml"),
                TRACKER_LEASE_S="1",
                TRACKER_SUBMIT_TIMEOUT_S="2",
            )
            for port in (free_port(), free_port())
        ]
        yield RacedBudget(envs, tmp_path, emulator)


def test_of_many_submits_at_once_in_two_processes_those_that_fit_leave(
    raced: RacedBudget,
) -> None:
    raced.cap(FIT)
    with ExitStack() as stack:
        for number, (env, url) in enumerate(zip(raced.envs, raced.urls, strict=True)):
            process = Process(("serve",), env, raced.folder / f"service-{number}")
            wait_until_ready(url, stack.enter_context(process))
        names = [f"task-{number}" for number in range(64)]
        asked = {name: (number % 2, PATHS[number // 2 % 2]) for number, name in enumerate(names)}
        answers = asyncio.run(_submit_all(raced.urls, asked))
        taken = _taken(answers)
        assert len(taken) == FIT
        raced.check(taken)


def test_a_kill_between_reservation_and_send_neither_frees_nor_doubles_one(
    raced: RacedBudget,
) -> None:
    """One service dies in each round; whoever has no answer asks the other one again."""
    taken: set[str] = set()
    web = Process(("serve", "--no-worker"), raced.envs[0], raced.folder / "web")
    with web:
        wait_until_ready(raced.urls[0], web)
        for turn, (point, nth) in enumerate(POINTS):
            raced.cap(FIT * (turn + 1))
            log = raced.folder / f"dying-{turn}"
            arguments = (point.value, str(nth))
            with Process(arguments, raced.envs[1], log, "tests.support.crashing") as dying:
                wait_until(lambda one=dying: not one.is_alive or _is_ready(raced.urls[1]))  # type: ignore[misc]  # a default pins it
                names = [f"task-{turn}-{number}" for number in range(2 * FIT)]
                # Where it dies by what it accepted, the other one must not be faster.
                alone = point is CrashPoint.ACCEPT_COMMITTED
                asked = {name: (alone or n % 2, PATHS[n // 2 % 2]) for n, name in enumerate(names)}
                answers = asyncio.run(_submit_all(raced.urls, asked))
                unheard = {n: (0, asked[n][1]) for n, one in answers.items() if one is None}
                answers |= asyncio.run(_submit_all(raced.urls, unheard))
                wait_until(lambda one=dying: not one.is_alive)  # type: ignore[misc]  # a default pins it
            found = _taken(answers)
            assert len(found) == FIT, (point, len(found))
            taken |= found
        with Process(("serve",), raced.envs[1], raced.folder / "healed"):
            raced.check(taken)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False, timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def _taken(answers: dict[str, httpx.Response | None]) -> set[str]:
    """Return the tasks that were accepted; all others were refused for the budget."""
    found = set()
    for name, answer in answers.items():
        assert answer is not None, name
        if answer.is_success:
            found.add(name)
        else:
            assert answer.status_code == REFUSED[answer.request.url.path], answer.text
    return found


async def _submit_all(
    urls: list[str], asked: dict[str, tuple[int, str]]
) -> dict[str, httpx.Response | None]:
    """Submit all at the same time; None where the connection broke.

    asked: by name, which service is asked, and by which path.
    """
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as http:

        async def submit(name: str, service: int, path: str) -> httpx.Response | None:
            input_ = {"prompt": name, "external_task_id": name}
            task = {"provider": "kling", "operation": "videos/text2video", "input": input_}
            body = input_ if path == CREATE else task
            keyed = {"idempotency-key": name}
            try:
                return await http.post(urls[service] + path, json=body, headers=keyed)
            except httpx.TransportError:
                return None

        found = await asyncio.gather(*(submit(name, *one) for name, one in asked.items()))
    return dict(zip(asked, found, strict=True))
