"""The wrapper of Domo's bot, which calls one URL for all tasks, unsigned, for successes alone."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.keys import read_folder_secret
from tests.support.service import serve_whole
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.domain import token
from tracker.domain.token import SHARED
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


@pytest.fixture
def shared() -> dict[str, str]:
    """The shared callback URL, once the service is there."""
    return {}


@pytest.fixture
def world(database_url: str, tmp_path: Path, shared: dict[str, str]) -> Iterator[World]:
    """A service that would not look at a task for ten minutes by itself."""
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(EmulatorConfig(step_seconds=0.2)))
        http = stack.enter_context(
            serve_whole(
                database_url,
                tmp_path,
                emulator.url,
                TRACKER_DOMO_BASE_URL=f"{emulator.url}/domo-discord/v1",
                TRACKER_DOMO_API_KEY=DEFAULT_KEY,
                TRACKER_DOMO_PROFILE="discord",
                TRACKER_POLL_FIRST_S="600",
            )
        )
        signed = token.sign(read_folder_secret(tmp_path), "domo", SHARED)
        shared["url"] = f"{http.base_url}/callbacks/domo/{SHARED}/{signed}"
        yield World(http, emulator.url)


def _draw(world: World, scenario: str, **more: str) -> str:
    input_ = {"prompt": f"rain [scenario:{scenario}]", **more}
    body = {"provider": "domo", "operation": "gen", "input": input_}
    answer = world.http.post("/v1/tasks", json=body)
    assert answer.status_code == 202, answer.text
    id_ = str(answer.json()["id"])
    wait_until(lambda: world.read_task(id_)["provider_task_id"])
    return id_


def _event(task_id: str | None, **more: Any) -> dict[str, Any]:
    said = json.dumps({"status": "SUCCESS", "images": [{"url": "https://evil.example/x.png"}]})
    return {"event": "TASK_SUCCESS", "task_id": task_id, "data": said, **more}


def test_an_event_to_the_shared_url_ends_a_task_by_a_look(
    world: World, shared: dict[str, str]
) -> None:
    """Posted twice: the second tells nothing more."""
    id_ = _draw(world, "json_in_string,duplicated=2", event_callback_url=shared["url"])
    done = world.wait_for_end(id_)
    assert done["state"] == "succeeded"
    assert world.list_sources(id_)[-1] == ("succeeded", "poll")
    wait_until(lambda: _callbacks(world, id_) == ["unconfirmed", "duplicate"])
    assert sum(world.count_creations().values()) == 1


def test_forged_and_foreign_events_end_nothing_and_take_nothing_over(
    world: World, shared: dict[str, str]
) -> None:
    id_ = _draw(world, "slow=600")
    theirs = world.read_task(id_)["provider_task_id"]
    url = shared["url"]
    forged = url[:-1] + ("A" if url[-1] != "A" else "B")
    for address, body, status, verdict in (
        (forged, _event(theirs), 404, None),
        (url.replace("/domo/", "/luma/"), _event(theirs), 404, None),
        (url, _event("3c90c3cc-0d44-4b50-8888-8dd25736052a"), 200, "unknown_task"),
        (url, _event(None), 400, None),
        (url, _event(theirs), 200, "unconfirmed"),
        (url, _event(theirs), 200, "duplicate"),
        (url, _event(theirs, n=1), 200, "unconfirmed"),
    ):
        answer = world.http.post(address, json=body)
        assert answer.status_code == status, (address, body, answer.text)
        assert answer.json().get("verdict") == verdict or verdict is None
    # Whoever knows the URL can make the service ask, and the wrapper says that it works on.
    wait_until(lambda: world.read_task(id_)["state"] == "running")
    shown = world.read_task(id_)
    assert shown["result"] is None or not shown["result"]["artifacts"]
    assert "evil" not in json.dumps(shown)


def _callbacks(world: World, id_: str) -> list[str]:
    return [
        one["verdict"] for one in world.read_part(id_, "receipts") if one["source"] == "callback"
    ]
