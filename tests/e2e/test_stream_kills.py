"""kill -9 within a create whose answer is a stream; then heal: not made twice, and not lost."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.dying import NEVER, DyingService, open_dying_service
from tests.support.service import wait_until_ready
from tests.support.waiting import wait_until
from tracker.domain.signals import CrashPoint

HALF = {
    "prompt": "rain",
    "plan": {"tell": [{"text": "half."}, {"hold": 1}, {"end": {"status": "succeeded"}}]},
}


@pytest.fixture
def bed(database_url: str, tmp_path: Path) -> Iterator[DyingService]:
    with open_dying_service(database_url, tmp_path, TRACKER_MADE_UP_FINDS="never") as bed:
        yield bed


def test_a_stream_whose_process_dies_is_uncertain_and_never_made_again(bed: DyingService) -> None:
    with bed.make_service(CrashPoint.STREAM_RECORDED.value, "1") as dying:
        wait_until_ready(bed.url, dying)
        with pytest.raises(httpx.TransportError):
            _tell(bed)
        wait_until(lambda: not dying.is_alive)
    bed.provider.may_go_on.set()
    with bed.make_service(*NEVER) as healed:
        wait_until_ready(bed.url, healed)
        wait_until(lambda: [task["state"] for task in bed.list_tasks()] == ["uncertain"])
        [task] = bed.list_tasks()
        url = f"{bed.url}/v1/tasks/{task['id']}/attempts"
        [attempt] = httpx.get(url, trust_env=False, timeout=60).json()["attempts"]
        assert attempt["outcome"] == "lost"
        # Whoever asks again for what was cut is shown what is known of it, and makes nothing.
        again = _tell(bed, **{"x-stainless-retry-count": "1"})
        assert again.text.split("\n") == [task["id"], "half.", "uncertain"]
    assert bed.provider.creations == {task["id"]: 1}


def _tell(bed: DyingService, **headers: str) -> httpx.Response:
    url = f"{bed.url}/made-up/tell"
    return httpx.post(url, json=HALF, headers=headers, trust_env=False, timeout=60)
