"""kill -9 at every step of a create whose answer is the result; then heal: made once at most.

The client's call hangs on it, and is cut each time; asking again shows the task and makes nothing.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.dying import NEVER, DyingService, open_dying_service
from tests.support.made_up import PAINT
from tests.support.service import KEEPING_FILES, Process, wait_until_ready
from tests.support.waiting import wait_until
from tracker.domain.signals import CrashPoint

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 200
PIECE = {"kind": "image", "url": b64encode(PNG).decode()}
SAID = {"status": "succeeded", "pieces": [PIECE]}
TWO = {"status": "succeeded", "pieces": [PIECE, PIECE]}
"""In the middle of this answer the first file is whole, and the second one is not."""
STEPS = {
    CrashPoint.SUBMIT_BEGUN: ("uncertain", 0),
    CrashPoint.CALL_UNDER_WAY: ("uncertain", 1),
    CrashPoint.SUBMIT_SENT: ("uncertain", 1),
    CrashPoint.SUBMIT_RECORDED: ("succeeded", 1),
    CrashPoint.ACCEPT_COMMITTED: ("succeeded", 1),  # last: the next process sends it
}
"""The state of a task whose process dies there, and how often it was made.

That nothing had left when it died at SUBMIT_BEGUN, nobody can know afterwards.
"""


@pytest.fixture
def bed(database_url: str, tmp_path: Path) -> Iterator[DyingService]:
    with open_dying_service(
        database_url, tmp_path, TRACKER_MADE_UP_FINDS="never", **KEEPING_FILES
    ) as bed:
        yield bed


def test_a_create_that_answers_at_once_is_made_once_wherever_its_process_dies(
    bed: DyingService,
) -> None:
    for point in STEPS:
        with bed.make_service(point.value, "1") as dying:
            _cut(bed, dying, point.value)
    with bed.make_service(*NEVER) as waiting:  # which dies while the provider works
        wait_until_ready(bed.url, waiting)
        with httpx.Client(trust_env=False, timeout=60) as http:
            _ask(http, bed, "slow", wait_s=0)
            _ask(http, bed, "between two", wait_s=0)
        wait_until(lambda: len(bed.provider.creations) == 6)
        wait_until(lambda: _states(bed).count("succeeded") == 2)
        wait_until(lambda: _states(bed).count("submitted") == 2)
        wait_until(lambda: len(_files(bed)) == 3)
        waiting.kill()
    bed.provider.may_go_on.set()
    expected = {point.value: step for point, step in STEPS.items()}
    expected |= dict.fromkeys(("slow", "between two"), ("uncertain", 1))
    with bed.make_service(*NEVER) as healed, httpx.Client(trust_env=False, timeout=60) as http:
        wait_until_ready(bed.url, healed)
        wait_until(lambda: not {"queued", "submitted"} & set(_states(bed)))
        for prompt, (state, times) in expected.items():
            again = _ask(http, bed, prompt, is_repeat=True)
            assert again["state"] == state, prompt
            assert bed.provider.creations[again["id"]] == times, prompt
            assert [b64decode(one) for one in again.get("files", ())] == (
                [PNG] if state == "succeeded" else []
            )
        assert len(bed.list_tasks()) == len(expected)
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
    is_repeat: bool = False,
) -> dict[str, Any]:
    is_held = prompt in ("slow", CrashPoint.CALL_UNDER_WAY.value)
    plan: dict[str, Any] = {"paint": SAID, "hold": int(is_held)}
    if prompt == "between two":
        plan = {"paint": TWO, "wait_within": 1}
    answer = http.post(
        f"{bed.url}/made-up/make/{PAINT}?wait={wait_s}",
        json={"prompt": prompt, "plan": plan},
        headers={"x-stainless-retry-count": "1"} if is_repeat else {},
    )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def _files(bed: DyingService) -> list[Path]:
    """Return what is whole in the store of files."""
    kept = (one for one in bed.folder.glob("assets/**/*") if one.is_file())
    return [one for one in kept if ".parts" not in one.parts]


def _states(bed: DyingService) -> list[str]:
    return sorted(task["state"] for task in bed.list_tasks())
