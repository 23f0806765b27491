"""Ark, Runway, CogVideoX, Pika and Domo through the whole service, each with lies of its own."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import httpx
import pytest

from tests.support.service import serve_whole
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.cli.main_jobs import build_account_settings, build_submission, main_jobs
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

PROVIDERS = ("ark", "runway", "cogvideox", "pika", "domo")
PROMPTS = ("promptText", "prompt")
JOBS = main_jobs()


@pytest.fixture(scope="module")
def world(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(EmulatorConfig(step_seconds=0.05)))
        accounts: dict[str, str] = {}
        for name in PROVIDERS:
            accounts |= build_account_settings(name, JOBS[name], emulator.url)
            accounts[f"TRACKER_{name.upper()}_POLL_SPACING_S"] = "0.1"
        http = stack.enter_context(
            serve_whole(
                shared_database_url,
                tmp_path_factory.mktemp("service"),
                emulator.url,
                TRACKER_POLL_FIRST_S="0.1",
                TRACKER_POLL_QUIET_S="0.3",
                **accounts,
            )
        )
        yield World(http, emulator.url)


def submit(world: World, provider: str, scenario: str) -> str:
    """Submit a provider's main job, which plays a scenario."""
    body = build_submission(provider, JOBS[provider], world.emulator)
    text = f"{provider}, {scenario} [scenario:{scenario}]"
    if "content" in body["input"]:
        body["input"]["content"] = [{"type": "text", "text": text}]
    else:
        body["input"][next(one for one in PROMPTS if one in body["input"])] = text
    answer = world.http.post("/v1/tasks", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def made(world: World, provider: str, scenario: str) -> int:
    """Return how many tasks the provider made of one of ours."""
    tasks = httpx.get(f"{world.emulator}/emulator/tasks", trust_env=False, timeout=60).json()
    return sum(f"{provider}, {scenario} [" in str(one["request"]) for one in tasks)


def all_end(world: World, provider: str, ends: Mapping[str, str]) -> dict[str, str]:
    """Submit one task for each lie, all at once; return their ids once each is in its state.

    Each was made once at most, and its history is whole.
    """
    ids = {lie: submit(world, provider, lie) for lie in ends}

    def states() -> dict[str, str]:
        return {lie: str(world.read_task(id_)["state"]) for lie, id_ in ids.items()}

    wait_until(lambda: states() == ends)
    for lie, id_ in ids.items():
        world.check_history(world.read_task(id_))
        assert made(world, provider, lie) <= 1, lie
    return ids


def test_runway(world: World) -> None:
    capped = submit(world, "runway", "daily_cap=9")  # of one model: others do not wait for it
    wait_until(lambda: world.list_outcomes(capped) == ["deferred"])
    ids = all_end(
        world,
        "runway",
        {
            "throttled": "succeeded",
            "progress_resets=2": "succeeded",
            "ends_cancelled": "cancelled",
            "no_credits": "failed",
            "cut_after_accept": "uncertain",
        },
    )
    done = world.read_task(ids["throttled"])
    assert [(cost["phase"], cost["amount"]) for cost in done["costs"]][-1:] == [("settle", "25")]
    assert world.list_sources(ids["throttled"])[-1] == ("succeeded", "poll")
    assert done["result"]["artifacts"][0]["expires_at"]


def test_cogvideox(world: World) -> None:
    all_end(
        world,
        "cogvideox",
        {
            "ok": "succeeded",
            "cut_after_accept": "uncertain",
            "arrears": "failed",
            "failed,fail_without_error": "failed",
            "lower_case,no_id": "succeeded",
        },
    )


def test_pika(world: World) -> None:
    ids = all_end(
        world,
        "pika",
        {
            "two_videos,progress_null": "succeeded",
            "empty_first=2": "succeeded",
            "cut_after_accept": "uncertain",
        },
    )
    both = world.read_task(ids["two_videos,progress_null"])["result"]["artifacts"]
    assert len({piece["url"] for piece in both}) == 2


def test_domo(world: World) -> None:
    ids = all_end(
        world,
        "domo",
        {
            "ok": "succeeded",
            "url_late=2": "succeeded",
            "canceled": "cancelled",
            "no_credits": "failed",
            "cut_after_accept": "succeeded",
        },
    )
    for lie in ("ok", "cut_after_accept"):
        assert world.list_sources(ids[lie])[-1] == ("succeeded", "callback")


def test_ark(world: World) -> None:
    ids = all_end(
        world,
        "ark",
        {
            "ok": "succeeded",
            "late_running,duplicated=2": "succeeded",
            "expired": "failed",
            "cancelled": "cancelled",
            "own_limit": "failed",
            "cut_after_accept": "succeeded",
            "error_created,no_callback": "succeeded",
        },
    )
    assert world.list_outcomes(ids["error_created,no_callback"]) == ["unknown"]
    assert world.read_task(ids["expired"])["error"]["code"] == "expired"
    done = world.http.post(f"/v1/tasks/{ids['ok']}/cancel")
    assert done.status_code == 409
    assert made(world, "ark", "ok") == 1  # not erased


def test_ark_cancels_what_is_queued_and_nothing_else(world: World) -> None:
    queued, running = (submit(world, "ark", lie) for lie in ("queued_long=900", "stuck"))
    wait_until(lambda: world.read_task(running)["state"] == "running")
    refused = world.http.post(f"/v1/tasks/{running}/cancel")
    assert (refused.status_code, "only what is queued" in refused.json()["detail"]) == (409, True)
    wait_until(lambda: world.read_task(queued)["state"] == "submitted")
    assert world.http.post(f"/v1/tasks/{queued}/cancel").status_code < 300
    wait_until(lambda: world.read_task(queued)["state"] == "cancelled")
    world.check_history(world.read_task(queued))
