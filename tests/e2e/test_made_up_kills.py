"""kill -9 between the commits around one create that says more than an id; then heal, and count.

Its answer may hold a result, further tasks, or belong to a task that continues another.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.dying import NEVER, DyingService, open_dying_service
from tests.support.service import Process, wait_until_ready
from tests.support.waiting import wait_until
from tracker.domain.signals import CrashPoint

DONE = {"status": "succeeded", "pieces": [{"key": "1", "url": "https://media.example/v.mp4"}]}
CREATES: dict[str, dict[str, Any]] = {
    "parts": {"plan": {"parts": 2}},
    "result": {"plan": {"said": DONE}},
    "continued": {},
}
POINTS = [
    (CrashPoint.SUBMIT_BEGUN, 1),
    (CrashPoint.SUBMIT_SENT, 1),
    (CrashPoint.SUBMIT_SENT, 3),
    (CrashPoint.SUBMIT_RECORDED, 2),
    *[(CrashPoint.COMMIT_READY, n) for n in (5, 8)],
    *[(CrashPoint.COMMIT_DONE, n) for n in (4, 7)],
]


def _create(bed: DyingService, process: Process, turn: str, name: str, parent: str) -> str | None:
    """Make one of the creates; None where the process died before it answered."""
    body = CREATES[name] | {"prompt": f"{name}, {turn}"}
    if name == "continued":
        body["parent"] = parent
    try:
        wait_until_ready(bed.url, process)
        url = f"{bed.url}/made-up/make/film"
        answer = httpx.post(url, json=body, trust_env=False, timeout=60)
    except (httpx.TransportError, AssertionError):
        assert not process.is_alive or process.join() is not None
        return None
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def bed(database_url: str, tmp_path: Path) -> Iterator[DyingService]:
    with open_dying_service(database_url, tmp_path, TRACKER_SUBMIT_TIMEOUT_S="2") as bed:
        yield bed


def test_creates_that_say_more_than_an_id_survive_every_kill(bed: DyingService) -> None:
    made: dict[str, str] = {}
    rounds = [f"{point.value}/{nth}" for point, nth in POINTS]
    with bed.make_service(*NEVER) as first:
        wait_until_ready(bed.url, first)
        answer = httpx.post(
            f"{bed.url}/made-up/make/film",
            json={"prompt": "the first"},
            trust_env=False,
            timeout=60,
        )
        parent = str(answer.json()["id"])
        wait_until(lambda: bed.list_tasks()[0]["state"] == "submitted")
    for turn, (point, nth) in enumerate(POINTS):
        with bed.make_service(point.value, str(nth)) as dying:
            for name in rounds[: turn + 1]:  # whoever was not answered asks again
                _create_all(bed, dying, parent, made, name)
            wait_until(lambda dying=dying: not dying.is_alive)  # type: ignore[misc]  # pinned
    with bed.make_service(*NEVER) as healed:
        wait_until_ready(bed.url, healed)
        for name in rounds:
            _create_all(bed, healed, parent, made, name)
        assert len(made) == len(rounds) * len(CREATES)
        wait_until(lambda: _is_healed(bed, len(made)))
    assert len(set(made.values())) == len(POINTS) * len(CREATES)
    assert set(bed.provider.creations.values()) == {1}
    assert len(bed.provider.creations) == 1 + len(made)


def _create_all(
    bed: DyingService, process: Process, parent: str, made: dict[str, str], turn: str
) -> None:
    for name in CREATES:
        if f"{turn} {name}" not in made:
            task = _create(bed, process, turn, name, parent)
            if task is not None:
                made[f"{turn} {name}"] = task


def _is_healed(bed: DyingService, made: int) -> bool:
    """Return whether every task stands as its create's answer said, with all of its parts."""
    tasks = [task for task in bed.list_tasks() if task["state"] in ("submitted", "succeeded")]
    turns = made // len(CREATES)
    states = [task["state"] for task in tasks]
    return (states.count("succeeded"), len(tasks)) == (turns, 1 + made + 2 * turns)
