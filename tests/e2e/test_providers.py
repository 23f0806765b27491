"""Providers of opposite kinds behind one service: Luma, unsigned and scanned; Replicate, signed."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from tests.support.service import build_environment, listen, read_url, serve_service
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SUBMISSIONS: Mapping[str, Mapping[str, Any]] = {
    "luma": {
        "provider": "luma",
        "operation": "generations/video",
        "input": {"model": "ray-2", "prompt": "a cat"},
    },
    "replicate": {
        "provider": "replicate",
        "operation": "models/acme/pic",
        "input": {"input": {"prompt": "a cat", "num_outputs": 2}},
    },
}
SCANS = {"TRACKER_POLL_QUIET_S": "0.3"}
"""Settings under which the provider is asked although it can call back."""


class MakeProviders(Protocol):
    """Start the service and the providers, which play a scenario each."""

    def __call__(self, luma: str = ..., replicate: str = ..., **settings: str) -> World: ...


@pytest.fixture
def make_world(database_url: str, tmp_path: Path) -> Iterator[MakeProviders]:
    with ExitStack() as stack:

        def make(luma: str = "ok", replicate: str = "ok", **settings: str) -> World:
            config = EmulatorConfig(step_seconds=0.2, webhook_secret=SECRET)
            emulator = stack.enter_context(Emulator(config))
            for name, scenario in (("luma", luma), ("replicate", replicate)):
                played = {"scenario": scenario, "provider": name}
                url = f"{emulator.url}/emulator/scenario"
                httpx.put(url, json=played, trust_env=False, timeout=60).raise_for_status()
            listener = listen()
            given = {
                "TRACKER_LUMA_BASE_URL": f"{emulator.url}/luma/dream-machine/v1",
                "TRACKER_LUMA_API_KEY": DEFAULT_KEY,
                "TRACKER_REPLICATE_BASE_URL": f"{emulator.url}/replicate/v1",
                "TRACKER_REPLICATE_API_KEY": DEFAULT_KEY,
                "TRACKER_REPLICATE_WEBHOOK_SECRET": SECRET,
            }
            env = build_environment(
                database_url,
                tmp_path,
                provider_url=emulator.url,
                public_url=read_url(listener),
                **(given | settings),
            )
            url = stack.enter_context(serve_service(env, listener=listener, workers=True))
            http = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=60))
            return World(http, emulator.url)

        yield make


def _submit(world: World, submission: Mapping[str, Any]) -> str:
    answer = world.http.post("/v1/tasks", json=submission)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _submit_both(world: World) -> dict[str, str]:
    return {name: _submit(world, submission) for name, submission in SUBMISSIONS.items()}


def test_callbacks_bring_news_and_verdicts_of_both_into_one_feed(make_world: MakeProviders) -> None:
    world = make_world(luma="progress_video")
    ids = _submit_both(world)
    done = {name: world.wait_for_end(id_) for name, id_ in ids.items()}
    assert {name: task["state"] for name, task in done.items()} == dict.fromkeys(ids, "succeeded")
    assert [piece["kind"] for piece in done["luma"]["result"]["artifacts"]] == ["video"]
    assert [piece["state"] for piece in done["replicate"]["result"]["artifacts"]] == [
        "ready",
        "ready",
    ]
    assert all(piece["expires_at"] for piece in done["replicate"]["result"]["artifacts"])
    assert "seconds" in [cost["unit"] for cost in done["replicate"]["costs"]]
    for name, steps in {
        "luma": ["queued", "submitted", "running", "succeeded"],
        # The second `running` is news: the output has grown.
        "replicate": ["queued", "submitted", "running", "running", "succeeded"],
    }.items():
        sources = world.list_sources(ids[name])
        assert [state for state, _ in sources] == steps
        assert {source for _, source in sources[2:]} == {"callback"}
    feed = world.http.get("/v1/changes", params={"limit": 100}).json()["changes"]
    for id_ in ids.values():
        versions = [change["version"] for change in feed if change["task_id"] == id_]
        assert versions == list(range(1, len(versions) + 1))
        assert versions
    assert sorted(world.count_creations().values()) == [1, 1]


def test_polls_find_what_no_callback_tells(make_world: MakeProviders) -> None:
    world = make_world("no_callback", "no_callback", **SCANS)
    for id_ in _submit_both(world).values():
        assert world.wait_for_end(id_)["state"] == "succeeded"
        assert world.list_sources(id_)[-1] == ("succeeded", "poll")
    assert world.list_callbacks() == []


def test_a_create_cut_after_acceptance_is_found_by_its_mark_and_never_made_again(
    make_world: MakeProviders,
) -> None:
    cut = "cut_after_accept,no_callback"
    world = make_world(cut, cut, **SCANS)
    for id_ in _submit_both(world).values():
        assert world.wait_for_end(id_)["state"] == "succeeded"
        assert "uncertain" in [state for state, _ in world.list_sources(id_)]
        assert world.list_outcomes(id_) == ["unknown"]
        assert world.read_task(id_)["provider_task_id"]
    assert sorted(world.count_creations().values()) == [1, 1]


def test_a_create_that_hides_its_mark_waits_and_is_never_made_again(
    make_world: MakeProviders,
) -> None:
    world = make_world(
        "cut_after_accept,no_callback,echo_missing",
        "cut_after_accept,no_callback,webhook_hidden",
        **SCANS,
    )
    ids = _submit_both(world)

    def lists() -> int:
        calls = httpx.get(f"{world.emulator}/emulator/requests", trust_env=False, timeout=60).json()
        return sum(
            call["method"] == "GET" and call["path"].endswith(("/generations", "/predictions"))
            for call in calls
        )

    wait_until(lambda: lists() >= 4)
    assert {world.read_task(id_)["state"] for id_ in ids.values()} == {"uncertain"}
    assert sorted(world.count_creations().values()) == [1, 1]


def test_a_cancelled_task_is_cancelled_at_the_provider(make_world: MakeProviders) -> None:
    world = make_world("hold", "hold", **SCANS)
    ids = _submit_both(world).values()
    wait_until(lambda: {world.read_task(id_)["state"] for id_ in ids} == {"submitted"})
    for id_ in ids:
        answer = world.http.post(f"/v1/tasks/{id_}/cancel")
        assert answer.status_code in (200, 202), answer.text
        assert world.wait_for_end(id_)["state"] == "cancelled"
    assert sorted(world.count_creations().values()) == [1, 1]


def test_a_follow_up_names_a_task_of_ours(make_world: MakeProviders) -> None:
    world = make_world()
    first = _submit(world, SUBMISSIONS["luma"])
    world.wait_for_end(first)
    upscale = {"provider": "luma", "operation": "generations/upscale"}
    second = _submit(world, {**upscale, "input": {"id": first, "resolution": "1080p"}})
    done = world.wait_for_end(second)
    assert (done["state"], done["parent_id"]) == ("succeeded", first)
    answer = world.http.post("/v1/tasks", json={**upscale, "input": {"id": "nobody"}})
    assert answer.status_code == 422
    assert "input.id" in answer.text


def test_unsigned_callbacks_of_replicate_are_refused_and_polling_finds_the_end(
    make_world: MakeProviders,
) -> None:
    world = make_world(replicate="unsigned", **SCANS)
    id_ = _submit(world, SUBMISSIONS["replicate"])
    assert world.wait_for_end(id_)["state"] == "succeeded"
    assert world.list_sources(id_)[-1] == ("succeeded", "poll")
    assert {call["answer"] for call in world.list_callbacks()} == {401}
