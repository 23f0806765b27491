"""Videos of a gateway through the whole service: kept content, lost creates, doubted verdicts."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.service import KEEPING_FILES, serve_whole
from tests.support.waiting import wait_until
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

VIDEOS = "/openai/v1/videos"


@dataclass
class OpenAiGateway:
    """The service, and the emulated gateway behind it."""

    http: httpx.Client
    emulator: Emulator

    def make(self, scenario: str, prompt: str = "a cat") -> str:
        """Create a video through the front; return its id."""
        body = {"model": "sora-2", "prompt": prompt, "emulator_scenario": scenario}
        answer = self.http.post(VIDEOS, json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def task(self, id_: str) -> dict[str, Any]:
        """Return a task as the service's own API shows it."""
        found: dict[str, Any] = self.http.get(f"/v1/tasks/{id_}").json()
        return found

    def reaches(self, id_: str, state: str) -> None:
        """Wait until a task is in a state."""
        wait_until(lambda: bool(self.task(id_)["state"] == state))

    def created(self, prompt: str) -> int:
        """Return how many tasks the gateway made of a prompt."""
        made = httpx.get(f"{self.emulator.url}/emulator/tasks", trust_env=False, timeout=60).json()
        return sum(f"'{prompt}'" in str(one["request"]) for one in made)


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[OpenAiGateway]:
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(EmulatorConfig(step_seconds=0.02)))
        http = stack.enter_context(
            serve_whole(
                database_url,
                tmp_path,
                emulator.url,
                TRACKER_OPENAI_BASE_URL=f"{emulator.url}/openai/v1",
                TRACKER_OPENAI_API_KEY=DEFAULT_KEY,
                TRACKER_OPENAI_POLL_SPACING_S="0.05",
                TRACKER_POLL_FIRST_S="0.05",
                **KEEPING_FILES,
            )
        )
        yield OpenAiGateway(http, emulator)


def test_content_is_kept_and_served_in_parts(gateway: OpenAiGateway) -> None:
    """The key opens the content; clients are led to the kept file."""
    for lie in ("done_without_url=99", "done_without_url=99,content_redirect"):
        id_ = gateway.make(lie)
        content = f"{VIDEOS}/{id_}/content"

        def is_led(id_: str = id_) -> bool:
            return "metadata" in gateway.http.get(f"{VIDEOS}/{id_}").json()

        wait_until(is_led)
        assert "/links/" in gateway.http.get(content).headers["location"]
        part = gateway.http.get(content, headers={"range": "bytes=4-7"}, follow_redirects=True)
        assert (part.status_code, part.content) == (206, b"ftyp")


def test_lost_creates_are_never_sent_again_and_shown_as_open(gateway: OpenAiGateway) -> None:
    lost = {lie: gateway.make(lie, prompt=lie) for lie in ("error_created", "cut_after_accept")}
    for lie, id_ in lost.items():
        gateway.reaches(id_, "uncertain")
        assert gateway.http.get(f"{VIDEOS}/{id_}").json()["status"] == "in_progress"
        assert gateway.created(lie) == 1
    # A later task has gone all the way: the lost ones had their turn.
    later = gateway.make("ok", prompt="later")
    gateway.reaches(later, "succeeded")
    assert {gateway.task(id_)["state"] for id_ in lost.values()} == {"uncertain"}
    assert [gateway.created(lie) for lie in lost] == [1, 1]


def test_failures_of_the_gateways_own_are_doubted_and_others_are_not(
    gateway: OpenAiGateway,
) -> None:
    doubted, certain = gateway.make("expires,error_text"), gateway.make("failed")
    for id_ in (doubted, certain):
        gateway.reaches(id_, "failed")
    told = gateway.http.get("/v1/attention").json()["doubtful"]
    assert [one["task_id"] for one in told] == [doubted]
    assert gateway.http.get(f"{VIDEOS}/{doubted}").json()["status"] == "failed"
