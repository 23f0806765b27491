"""Callbacks that bring a verdict and only make us ask: unsigned ones, and half answers."""

import httpx
import pytest

from tests.e2e.conftest import MakeWorld
from tests.support.requests import build_kling_callback
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.domain import token

SECRET = "a secret for tests only"
SHARED = f"/callbacks/kling/shared/{token.sign(SECRET.encode(), 'kling', token.SHARED)}"
SPEECH = {"prompt": "rain", "duration": 5.0}


def _claim(world: World, **fields: object) -> str:
    body = build_kling_callback("succeed", task_info={"external_task_id": "mine"}, **fields)
    answer = world.http.post(SHARED, content=body)
    assert answer.status_code == 200
    return str(answer.json()["verdict"])


def _submit(world: World) -> str:
    body = {"provider": "kling", "operation": "audio/text-to-audio", "input": SPEECH}
    answer = world.http.post("/v1/tasks", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _queries(world: World) -> int:
    found = httpx.get(f"{world.emulator}/emulator/requests", trust_env=False, timeout=60).json()
    calls = found["requests"] if isinstance(found, dict) else found
    return sum(one["method"] == "GET" for one in calls)


def test_an_unsigned_verdict_on_the_shared_url_only_makes_us_ask(make_world: MakeWorld) -> None:
    world = make_world("hold,no_callback", TRACKER_CALLBACK_SECRETS=SECRET)
    task_id = world.submit(external_task_id="mine")
    wait_until(lambda: world.read_task(task_id)["state"] == "submitted")
    assert _claim(world) == "unconfirmed"
    wait_until(lambda: _queries(world) >= 1)
    assert world.read_task(task_id)["state"] == "submitted"
    assert _claim(world, task_status_msg="again") == "unconfirmed"
    world.move("mine", "failed")
    task = world.wait_for_end(task_id)
    assert (task["state"], world.list_sources(task_id)[-1]) == ("failed", ("failed", "poll"))
    assert "media.example" not in str(task)
    assert world.list_verdicts(task_id)[:2] == ["unconfirmed", "unconfirmed"]


def test_by_setting_a_tasks_own_url_is_no_proof_either(make_world: MakeWorld) -> None:
    world = make_world(TRACKER_CONFIRM_TERMINAL="always")
    task = world.wait_for_end(world.submit())
    assert world.list_sources(task["id"])[-2:] == [("running", "callback"), ("succeeded", "poll")]
    assert world.list_verdicts(task["id"]) == ["advanced", "unconfirmed", "advanced"]


def test_by_setting_the_shared_url_is_believed(make_world: MakeWorld) -> None:
    world = make_world(
        "hold,no_callback", TRACKER_CALLBACK_SECRETS=SECRET, TRACKER_CONFIRM_TERMINAL="never"
    )
    task_id = world.submit(external_task_id="mine")
    wait_until(lambda: world.read_task(task_id)["state"] == "submitted")
    assert _claim(world) == "advanced"
    assert world.read_task(task_id)["state"] == "succeeded"


@pytest.mark.parametrize("policy", ["never", "always"])
def test_a_success_that_leaves_out_the_audio_is_completed_by_a_query(
    make_world: MakeWorld, policy: str
) -> None:
    world = make_world("thin_callback", TRACKER_CONFIRM_TERMINAL=policy)
    task = world.wait_for_end(_submit(world))
    assert [piece["kind"] for piece in task["result"]["artifacts"]] == ["audio"]
    assert world.list_sources(task["id"])[-1] == ("succeeded", "poll")
    assert "unconfirmed" in world.list_verdicts(task["id"])


def test_a_success_whose_detail_does_not_come_counts_as_it_is(make_world: MakeWorld) -> None:
    world = make_world("thin_callback,mute_query=99")
    task = world.wait_for_end(_submit(world))
    assert (task["state"], task["result"]) == ("succeeded", None)
    last = world.read_part(task["id"], "transitions")[-1]
    held = [r for r in world.read_part(task["id"], "receipts") if r["verdict"] == "unconfirmed"]
    assert {receipt["reason"].partition(" audio")[0] for receipt in held} == {"it leaves out"}
    assert (last["source"], last["evidence"]["id"]) == ("callback", held[-1]["id"])


def test_what_leaves_nothing_out_that_was_asked_for_counts_at_once(make_world: MakeWorld) -> None:
    world = make_world("thin_callback")
    task = world.wait_for_end(world.submit())
    assert world.list_sources(task["id"])[-1] == ("succeeded", "callback")


def test_watermarks_that_were_asked_for_are_asked_for_again(make_world: MakeWorld) -> None:
    world = make_world()
    task = world.wait_for_end(world.submit(watermark_info={"enabled": True}))
    assert world.list_sources(task["id"])[-1] == ("succeeded", "poll")


@pytest.mark.parametrize(
    ("scenario", "amount"), [("ok", {"2", "4"}), ("failed", {"0"}), ("refused", set())]
)
def test_a_task_costs_what_the_provider_says_and_nothing_is_made_up(
    make_world: MakeWorld, scenario: str, amount: set[str]
) -> None:
    world = make_world(scenario)
    task = world.wait_for_end(world.submit())
    assert {cost["amount"] for cost in task["costs"]} <= amount
    assert {cost["kind"] for cost in task["costs"]} == ({"unit"} if amount else set())
    listed = world.http.get("/v1/tasks").json()["tasks"]
    assert listed[0]["costs"] == task["costs"]
