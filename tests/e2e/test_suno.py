"""Suno behind the service: songs before the end, callbacks that lie, creates that are lost."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from tests.support.service import serve_whole
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SONG: dict[str, Any] = {"customMode": True, "instrumental": False, "model": "V5", "style": "pop"}
SONG |= {"title": "t", "prompt": "la"}
ADDRESSES = {"gateway": "/suno", "kie": "/kie/api/v1", "sunoapi": "/sunoapi/api/v1"}


class MakeSunoWorld(Protocol):
    """Start the service and one kind of upstream, which plays a scenario."""

    def __call__(self, profile: str, scenario: str = ..., **settings: str) -> World: ...


@pytest.fixture
def make_world(database_url: str, tmp_path: Path) -> Iterator[MakeSunoWorld]:
    with ExitStack() as stack:

        def make(profile: str, scenario: str = "ok", **settings: str) -> World:
            config = EmulatorConfig(step_seconds=0.2, webhook_secret=SECRET)
            emulator = stack.enter_context(Emulator(config))
            played = {"scenario": scenario, "provider": "suno"}
            url = f"{emulator.url}/emulator/scenario"
            httpx.put(url, json=played, trust_env=False, timeout=60).raise_for_status()
            http = stack.enter_context(
                serve_whole(
                    database_url,
                    tmp_path,
                    emulator.url,
                    TRACKER_SUNO_BASE_URL=emulator.url + ADDRESSES[profile],
                    TRACKER_SUNO_API_KEY=DEFAULT_KEY,
                    TRACKER_SUNO_PROFILE=profile,
                    TRACKER_SUNO_POLL_SPACING_S="0.05",
                    **settings,
                )
            )
            return World(http, emulator.url)

        yield make


def submit(world: World, operation: str, input_: dict[str, Any]) -> str:
    body = {"provider": "suno", "operation": operation, "input": input_}
    answer = world.http.post("/v1/tasks", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_subscribers_hear_of_a_song_before_the_task_ends(make_world: MakeSunoWorld) -> None:
    world = make_world("sunoapi", TRACKER_POLL_FIRST_S="60")
    id_ = submit(world, "generate", SONG)
    done = world.wait_for_end(id_)
    assert done["state"] == "succeeded"
    sounds = [one for one in done["result"]["artifacts"] if one["kind"] == "audio"]
    assert [one["state"] for one in sounds] == ["ready", "ready"]
    steps = world.list_sources(id_)
    assert [state for state, _ in steps] == [
        *("queued", "submitted", "running", "running", "succeeded"),
    ]
    assert {source for _, source in steps[2:]} == {"callback"}
    assert sum(world.count_creations().values()) == 1


def test_a_body_that_no_signature_covers_ends_nothing(make_world: MakeSunoWorld) -> None:
    world = make_world("kie", "sign_not_body", TRACKER_SUNO_WEBHOOK_SECRET=SECRET)
    id_ = submit(world, "generate", SONG)
    assert world.wait_for_end(id_)["state"] == "succeeded"
    steps = world.list_sources(id_)
    assert "failed" not in [state for state, _ in steps]
    assert steps[-1] == ("succeeded", "poll")


@pytest.mark.parametrize(
    ("profile", "operation", "input_"),
    [("gateway", "submit/music", {"prompt": "la"}), ("kie", "generate", SONG)],
)
def test_a_create_whose_answer_was_lost_is_never_made_again(
    make_world: MakeSunoWorld, profile: str, operation: str, input_: dict[str, Any]
) -> None:
    world = make_world(profile, "error_created,no_callback")
    id_ = submit(world, operation, input_)
    wait_until(lambda: bool(world.read_task(id_)["state"] == "uncertain"))
    second = submit(world, operation, input_)  # goes through the same workers, and later
    wait_until(lambda: bool(world.read_task(second)["state"] == "uncertain"))
    assert world.read_task(id_)["state"] == "uncertain"
    assert world.list_outcomes(id_) == ["unknown"]
    assert sum(world.count_creations().values()) == 2


def test_a_person_resolves_a_lost_create_and_its_songs_are_found(make_world: MakeSunoWorld) -> None:
    world = make_world("gateway", "error_created")
    id_ = submit(world, "submit/music", {"prompt": "la"})
    wait_until(lambda: bool(world.read_task(id_)["state"] == "uncertain"))
    made = httpx.get(f"{world.emulator}/emulator/tasks", trust_env=False, timeout=60).json()
    named = {"verb": "exists", "provider_task_id": made[0]["task_id"]}
    world.http.post(f"/v1/tasks/{id_}/resolve", json=named).raise_for_status()
    assert world.wait_for_end(id_)["state"] == "succeeded"
    assert sum(world.count_creations().values()) == 1
