"""kill -9 at every step of a create whose answer is the result; then heal: made once at most.

The client's call hangs on it, and is cut each time; asking again shows the task and makes nothing.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.dying import NEVER, DyingService, dying_service
from tests.support.made_up import PAINT
from tests.support.service import KEEPING_FILES, Process, wait_until_ready
from tests.support.waiting import wait_until
from tracker.domain.signals import CrashPoint

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 200
SAID = {"status": "succeeded", "pieces": [{"kind": "image", "url": b64encode(PNG).decode()}]}
STEPS = {
    CrashPoint.SUBMIT_BEGUN: ("uncertain", 0),
    CrashPoint.SUBMIT_SENT: ("uncertain", 1),
    CrashPoint.SUBMIT_RECORDED: ("succeeded", 1),
    CrashPoint.ACCEPT_COMMITTED: ("succeeded", 1),  # last: the next process sends it
}
"""The state of a task whose process dies there, and how often it was made.

That nothing had left when it died at SUBMIT_BEGUN, nobody can know afterwards.
"""


@pytest.fixture
def bed(database_url: str, tmp_path: Path) -> Iterator[DyingService]:
    with dying_service(
        database_url, tmp_path, TRACKER_MADE_UP_FINDS="never", **KEEPING_FILES
    ) as bed:
        yield bed


def test_a_create_that_answers_at_once_is_made_once_wherever_its_process_dies(
    bed: DyingService,
) -> None:
    for point in STEPS:
        with bed.service(point.value, "1") as dying:
            _cut(bed, dying, point.value)
    with bed.service(*NEVER) as waiting:  # which dies while the provider works
        wait_until_ready(bed.url, waiting)
        with httpx.Client(trust_env=False, timeout=60) as http:
            _ask(http, bed, "slow", wait_s=0, hold=True)
        wait_until(lambda: len(bed.provider.creations) == 4)
        wait_until(lambda: _states(bed).count("succeeded") == 2)
        waiting.kill()
    bed.provider.may_go_on.set()
    expected = {point.value: step for point, step in STEPS.items()} | {"slow": ("uncertain", 1)}
    with bed.service(*NEVER) as healed, httpx.Client(trust_env=False, timeout=60) as http:
        wait_until_ready(bed.url, healed)
        wait_until(lambda: "queued" not in _states(bed))
        for prompt, (state, times) in expected.items():
            again = _ask(http, bed, prompt, hold=prompt == "slow", is_repeat=True)
            assert again["state"] == state, prompt
            assert bed.provider.creations[again["id"]] == times, prompt
            assert [b64decode(one) for one in again.get("files", ())] == (
                [PNG] if state == "succeeded" else []
            )
        assert len(bed.tasks()) == len(expected)
    assert not list(bed.folder.glob("assets/.parts/*"))


def _cut(bed: DyingService, dying: Process, prompt: str) -> None:
    wait_until_ready(bed.url, dying)
    with httpx.Client(trust_env=False, timeout=60) as http, pytest.raises(httpx.TransportError):
        _ask(http, bed, prompt)
    wait_until(lambda: not dying.is_alive)


def _ask(
    http: httpx.Client,
    bed: DyingService,
    prompt: str,
    *,
    wait_s: int = 600,
    hold: bool = False,
    is_repeat: bool = False,
) -> dict[str, Any]:
    plan = {"paint": SAID, "hold": int(hold)}
    answer = http.post(
        f"{bed.url}/made-up/make/{PAINT}?wait={wait_s}",
        json={"prompt": prompt, "plan": plan},
        headers={"x-stainless-retry-count": "1"} if is_repeat else {},
    )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def _states(bed: DyingService) -> list[str]:
    return sorted(task["state"] for task in bed.tasks())
