"""Midjourney proxies that lie, behind one service: what is told, found, cancelled, made once."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.service import serve_whole
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

ACCOUNT = """
[accounts.midjourney.{kind}]
base_url = "{url}/midjourney/{kind}/mj"
api_key = "{key}"
profile = "{kind}"
poll_spacing_s = 0.1
"""
KINDS = ("novicezk", "trueai", "new-api")
PICTURE = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def quiet_s() -> str:
    """Seconds between looks where callbacks are expected: none comes by the clock in a test."""
    return "600"


@pytest.fixture
def world(database_url: str, tmp_path: Path, quiet_s: str) -> Iterator[World]:
    path = tmp_path / "accounts.toml"
    with ExitStack() as stack:
        config = EmulatorConfig(step_seconds=0.2, max_slots=200)
        emulator = stack.enter_context(Emulator(config))
        path.write_text(
            "".join(ACCOUNT.format(kind=k, url=emulator.url, key=DEFAULT_KEY) for k in KINDS)
        )
        http = stack.enter_context(
            serve_whole(
                database_url,
                tmp_path,
                emulator.url,
                TRACKER_CONFIG=str(path),
                TRACKER_KLING_API_KEY="",
                TRACKER_POLL_QUIET_S=quiet_s,
            )
        )
        yield World(http, emulator.url)


def _submit(world: World, account: str, operation: str, input_: Mapping[str, Any]) -> str:
    body = {
        "provider": "midjourney",
        "account": account,
        "operation": operation,
        "input": input_,
    }
    answer = world.http.post("/v1/tasks", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _imagine(world: World, account: str, scenario: str = "ok") -> str:
    return _submit(world, account, "imagine", {"prompt": f"a cat [scenario:{scenario}]"})


@pytest.mark.parametrize("quiet_s", ["1"])
def test_each_lie_ends_as_the_truth_and_nothing_is_made_twice(world: World) -> None:
    """One task for each lie, all at once."""
    lies = {
        ("novicezk", "echoes,duplicated"): "succeeded",
        ("novicezk", "false_timeout"): "succeeded",
        ("novicezk", "cut_after_accept"): "succeeded",
        ("trueai", "code_9=made"): "succeeded",
        ("trueai", "exception=made"): "succeeded",
        ("trueai", "empty_answer=made"): "succeeded",
        ("novicezk", "queue_full=1"): "succeeded",
        ("trueai", "limit=queue"): "queued",
        ("novicezk", "banned"): "failed",
        ("new-api", "queued,number_id,rewritten_image"): "succeeded",
        ("new-api", "dead_corner"): "failed",
        ("new-api", "gateway_error=do_request_failed"): "uncertain",
        ("new-api", "cut_after_accept"): "uncertain",
        ("trueai", "code_9=lost"): "uncertain",
        ("new-api", "quota"): "failed",
        ("trueai", "gateway_deaf"): "running",
    }
    ids = {lie: _imagine(world, *lie) for lie in lies}

    def states() -> dict[tuple[str, str], str]:
        return {lie: str(world.read_task(id_)["state"]) for lie, id_ in ids.items()}

    wait_until(lambda: states() == lies)
    for id_ in ids.values():
        world.check_history(world.read_task(id_))
    made = world.count_creations()
    for lie, id_ in ids.items():
        assert made.get(world.read_task(id_)["external_task_id"], 0) <= 1, lie
        sent = [one for one in world.list_outcomes(id_) if one != "deferred"]
        assert len(sent) <= 1, (lie, sent)
    timeout = ids["novicezk", "false_timeout"]
    assert [state for state, _ in world.list_sources(timeout)][-2:] == ["failed", "succeeded"]
    quota = world.read_task(ids["new-api", "quota"])
    assert quota["error"]["code"] == "quota_not_enough"
    attention = world.http.get("/v1/attention").json()
    why = {one["task_id"]: one["resolve"] for one in attention["uncertain"]}
    assert why[ids["new-api", "cut_after_accept"]]
    assert why[ids["trueai", "code_9=lost"]] is None


def test_buttons_windows_and_bookmarks(world: World) -> None:
    parent = _imagine(world, "trueai")
    world.wait_for_end(parent)

    def press(button: str, task: str = parent, scenario: str = "ok") -> str:
        input_ = {"taskId": task, "customId": button, "emulator_scenario": scenario}
        return _submit(world, "trueai", "action", input_)

    # No callback tells, and the next poll by the clock is ten minutes away.
    instant = world.wait_for_end(press("MJ::JOB::upsample::1::x", scenario="instant"))
    assert (instant["state"], instant["parent_id"]) == ("succeeded", parent)
    bookmark = world.wait_for_end(press("MJ::BOOKMARK::x"))
    assert (bookmark["state"], bookmark["provider_task_id"]) == ("succeeded", None)

    window = press("MJ::CustomZoom::x")
    wait_until(lambda: world.read_task(window)["state"] == "running")
    assert world.read_task(window)["stage"] == "MODAL"
    blocked = world.http.get("/v1/attention").json()["blocked"]
    assert [one["task_id"] for one in blocked] == [window]
    modal = _submit(world, "trueai", "modal", {"taskId": window, "prompt": "a hat"})
    assert {world.wait_for_end(id_)["state"] for id_ in (modal, window)} == {"succeeded"}
    same = {world.read_task(id_)["provider_task_id"] for id_ in (modal, window)}
    assert len(same) == 1
    assert world.http.get("/v1/attention").json()["blocked"] == []


def test_the_window_tells_whether_a_lost_modal_was_taken(world: World) -> None:
    """Nothing finds the call itself; a person settles it by the window's id."""
    parent = _imagine(world, "trueai")
    world.wait_for_end(parent)
    ends = {"empty_answer=made": "succeeded", "empty_answer=lost": "running"}
    windows, modals = {}, {}
    for lie in ends:
        input_ = {"taskId": parent, "customId": "MJ::CustomZoom::x"}
        windows[lie] = _submit(world, "trueai", "action", input_)
    wait_until(lambda: {world.read_task(id_)["stage"] for id_ in windows.values()} == {"MODAL"})
    for lie, window in windows.items():
        input_ = {"taskId": window, "prompt": "a hat", "emulator_scenario": lie}
        modals[lie] = _submit(world, "trueai", "modal", input_)
    wait_until(lambda: {world.read_task(id_)["state"] for id_ in modals.values()} == {"uncertain"})
    taken, lost = modals
    assert world.wait_for_end(windows[taken])["state"] == "succeeded"
    assert world.read_task(windows[lost])["stage"] == "MODAL"
    said = {
        "verb": "exists",
        "provider_task_id": world.read_task(windows[taken])["provider_task_id"],
    }
    world.http.post(f"/v1/tasks/{modals[taken]}/resolve", json=said).raise_for_status()
    said = {"verb": "never_made"}
    world.http.post(f"/v1/tasks/{modals[lost]}/resolve", json=said).raise_for_status()
    assert world.wait_for_end(modals[taken])["state"] == "succeeded"
    again = _submit(world, "trueai", "modal", {"taskId": windows[lost], "prompt": "a hat"})
    assert {world.wait_for_end(id_)["state"] for id_ in (again, windows[lost])} == {"succeeded"}


def test_one_button_makes_four_tasks_each_with_its_own_end(world: World) -> None:
    described = _submit(world, "trueai", "describe", {"base64": PICTURE})
    assert world.wait_for_end(described)["result"]["artifacts"][0]["kind"] == "text"
    input_ = {"taskId": described, "customId": "MJ::Job::PicReader::all"}
    first = _submit(world, "trueai", "action", input_)
    name = world.wait_for_end(first)["external_task_id"]
    names = [name, *(f"{name}::{n}" for n in (2, 3, 4))]

    def found() -> list[dict[str, Any]]:
        answer = world.http.get("/v1/tasks", params={"provider": "midjourney", "limit": 50})
        return [one for one in answer.json()["tasks"] if one["external_task_id"] in names]

    wait_until(lambda: [one["state"] for one in found()] == ["succeeded"] * 4)
    assert len({one["provider_task_id"] for one in found()}) == 4


def test_a_mute_cancel_is_found_and_our_url_is_never_shown(world: World) -> None:
    held = _imagine(world, "trueai", "hold")
    wait_until(lambda: world.read_task(held)["state"] == "submitted")
    assert world.http.post(f"/v1/tasks/{held}/cancel").status_code in (200, 202)
    assert world.wait_for_end(held)["state"] == "cancelled"
    other = _imagine(world, "novicezk", "hold")
    wait_until(lambda: world.read_task(other)["state"] == "submitted")
    refused = world.http.post(f"/v1/tasks/{other}/cancel")
    assert refused.status_code == 409

    shown = _imagine(world, "novicezk")
    world.wait_for_end(shown)
    sent = httpx.get(f"{world.emulator}/emulator/requests", trust_env=False, timeout=60).text
    token = sent.split(f"/callbacks/midjourney/{shown}/")[1].split('"')[0]
    assert len(token) > 10
    for path in ("", "/receipts", "/transitions", "/attempts"):
        assert token not in json.dumps(world.http.get(f"/v1/tasks/{shown}{path}").json())
    receipts = world.read_part(shown, "receipts")
    assert receipts
    for receipt in receipts:
        raw = world.http.get(f"/v1/receipts/{receipt['id']}")
        assert token not in raw.text
