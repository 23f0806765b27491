"""kill -9 at every step of a fetch, on both databases; then heal, and look at every byte."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from tests.support.requests import EXAMPLE, build_submission
from tests.support.service import Process, build_environment, free_port, wait_until_ready
from tests.support.waiting import wait_until
from tracker.domain.signals import CrashPoint
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.store.driver.engine import open_engine
from tracker.store.schema import assets

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
POINTS = [
    CrashPoint.FETCH_CLAIMED,
    CrashPoint.FETCH_HALF,
    CrashPoint.FETCH_STORED,
    CrashPoint.FETCH_RECORDED,
]


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    port = free_port()
    with Emulator(EmulatorConfig(step_seconds=0.05, callback_backoff_seconds=0.2)) as emulator:
        yield build_environment(
            database_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=f"http://127.0.0.1:{port}",
            PORT=str(port),
            TRACKER_LEASE_S="1",
            TRACKER_ASSETS="on",
            TRACKER_ASSET_MIN_FREE_BYTES="0",
        )


@pytest.mark.parametrize("point", POINTS)
def test_a_result_is_kept_whole_and_once_when_the_process_dies_at(
    env: dict[str, str], tmp_path: Path, point: CrashPoint
) -> None:
    url = env["TRACKER_PUBLIC_URL"]
    dying = Process((point.value, "1"), env, tmp_path / "dying", "tests.support.crashing")
    with dying:
        wait_until_ready(url, dying)
        answer = httpx.post(
            f"{url}/v1/tasks", json=build_submission(input=EXAMPLE), trust_env=False, timeout=60
        )
        task_id = answer.json()["id"]
        wait_until(lambda: not dying.is_alive)
    with Process(("serve",), env, tmp_path / "healing") as healing:
        wait_until_ready(url, healing)

        def task() -> dict[str, object]:
            found: dict[str, object] = httpx.get(
                f"{url}/v1/tasks/{task_id}", trust_env=False, timeout=60
            ).json()
            return found

        wait_until(lambda: {a["state"] for a in _assets(task())} == {"kept"})
        steps = httpx.get(
            f"{url}/v1/tasks/{task_id}/transitions", trust_env=False, timeout=60
        ).json()
        kinds = [step["kind"] for step in steps["transitions"]]
        assets = _assets(task())
        assert kinds.count("asset_kept") == len(assets)
        for piece in task()["result"]["artifacts"]:  # type: ignore[index]
            body = httpx.get(piece["url"], trust_env=False, timeout=60).content
            assert piece["asset"]["sha256"] == sha256(body).hexdigest()
            assert piece["asset"]["bytes"] == len(body)


def test_what_a_dying_process_drops_leaves_no_row_without_its_object(
    env: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    url, point = env["TRACKER_PUBLIC_URL"], CrashPoint.ASSETS_DROPPED.value
    with Process((point, "1"), env, tmp_path / "dying", "tests.support.crashing") as dying:
        wait_until_ready(url, dying)
        httpx.post(
            f"{url}/v1/tasks", json=build_submission(input=EXAMPLE), trust_env=False, timeout=60
        )
        wait_until(lambda: _age_kept(database_url) > 0)
        wait_until(lambda: not dying.is_alive)
    left = [path for path in (tmp_path / "assets").rglob("*") if path.is_file()]
    assert left, "it died before the objects were deleted"
    for path in left:
        os.utime(path, (1_600_000_000, 1_600_000_000))
    with Process(("serve",), env, tmp_path / "healing") as healing:
        wait_until_ready(url, healing)
        wait_until(lambda: not any(path.exists() for path in left))
        found = httpx.get(f"{url}/v1/assets", trust_env=False, timeout=60).json()["assets"]
    assert {asset["state"] for asset in found} == {"gone"}


def _age_kept(database_url: str) -> int:
    """Let the retention of all files that are kept be over; return of how many."""
    engine = open_engine(database_url)
    with engine.begin() as db:
        aged = update(assets).where(assets.c.state == "kept").values(expires_at=LONG_AGO)
        number = db.execute(aged).rowcount
    engine.dispose()
    return number


def _assets(task: dict[str, object]) -> list[dict[str, object]]:
    result = task["result"] or {"artifacts": []}
    return [piece["asset"] for piece in result["artifacts"]]  # type: ignore[index]
