"""Things that need a human are shown: lost callbacks, late tasks, odd receipts."""

from pathlib import Path
from typing import Any

from tests.e2e.conftest import MakeWorld
from tests.support.requests import build_kling_callback, submit
from tests.support.service import build_environment, serve_to_client
from tests.support.waiting import wait_until
from tests.support.world import World


def _attention(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.http.get("/v1/attention").json()
    return found


def test_lost_callbacks_are_a_condition_that_clears_when_they_come_back(
    make_world: MakeWorld,
) -> None:
    world = make_world("no_callback", TRACKER_POLL_QUIET_S="0.2", TRACKER_LEARN_S="0.2")
    for task_id in [world.submit() for _ in range(5)]:
        world.wait_for_end(task_id)
    wait_until(lambda: len(_attention(world)["conditions"]) == 1)
    raised = _attention(world)["conditions"][0]
    assert (raised["name"], raised["provider"]) == ("callbacks_degraded", "kling")
    assert "TRACKER_PUBLIC_URL" in raised["reason"]
    world.play("ok")
    for task_id in [world.submit() for _ in range(12)]:
        world.wait_for_end(task_id)
    wait_until(lambda: _attention(world)["conditions"] == [])


def test_a_late_task_is_overdue_stays_open_and_ends_all_the_same(make_world: MakeWorld) -> None:
    world = make_world("stuck", TRACKER_DEADLINE_S="0.3", TRACKER_POLL_QUIET_S="0.3")
    task_id = world.submit(external_task_id="mine")
    wait_until(lambda: world.read_task(task_id)["state"] == "running")  # overdue may come before it
    wait_until(lambda: world.read_task(task_id)["overdue"])
    assert world.read_task(task_id)["state"] == "running"
    assert [stuck["external_task_id"] for stuck in _attention(world)["overdue"]] == ["mine"]
    wait_until(lambda: ("running", "sweep") in world.list_sources(task_id))
    world.move("mine", "succeed")
    assert world.wait_for_end(task_id)["state"] == "succeeded"
    assert _attention(world)["overdue"] == []


def test_a_task_that_nobody_answers_for_expires_and_a_late_verdict_replaces_that(
    make_world: MakeWorld,
) -> None:
    world = make_world("stuck", TRACKER_GIVE_UP_AFTER_S="1")
    task_id = world.submit(external_task_id="mine")
    assert world.wait_for_end(task_id)["state"] == "expired"
    world.move("mine", "succeed")
    wait_until(lambda: world.read_task(task_id)["state"] == "succeeded")
    assert world.list_sources(task_id)[-2:] == [("expired", "sweep"), ("succeeded", "callback")]


def test_a_task_that_the_provider_forgot_expires(make_world: MakeWorld) -> None:
    world = make_world("stuck,no_callback,forgotten=0.5", TRACKER_POLL_QUIET_S="0.3")
    task = world.wait_for_end(world.submit())
    assert (task["state"], world.list_sources(task["id"])[-1]) == ("expired", ("expired", "poll"))


def test_odd_receipts_are_listed_by_verdict(make_world: MakeWorld) -> None:
    world = make_world("hold")
    task_id = world.submit(external_task_id="mine")
    url = world.find_callback_url(task_id)
    other = build_kling_callback("succeed", task_info={"external_task_id": "another"})
    for body in (build_kling_callback("marinating"), other, b"{"):
        world.http.post(url, content=body)
    world.http.post(url[:-2], content=b"{}")
    listed = _attention(world)["receipts"]
    counts = {verdict: len(found) for verdict, found in listed.items() if found}
    assert counts == {"unknown_status": 1, "mismatch": 1, "malformed": 1, "forged": 1}
    assert listed["unknown_status"][0]["task_id"] == task_id
    (word,) = _attention(world)["unknown_words"]
    assert (word["word"], word["provider"], word["count"]) == ("marinating", "kling", 1)
    assert word["task_id"] == task_id


def test_a_success_without_a_result_is_listed_until_a_callback_names_it(
    make_world: MakeWorld,
) -> None:
    world = make_world("hold")
    task_id = world.submit(external_task_id="mine")
    url = world.find_callback_url(task_id)
    world.http.post(
        url, content=build_kling_callback("succeed", task_result={"videos": [{"url": ""}]})
    )
    bare = world.wait_for_end(task_id)
    assert [one["task_id"] for one in _attention(world)["without_result"]] == [task_id]
    video = {"id": "9", "url": "https://media.example/v.mp4", "duration": "5"}
    world.http.post(url, content=build_kling_callback("succeed", task_result={"videos": [video]}))
    whole = world.wait_for_end(task_id)
    assert [piece["url"] for piece in whole["result"]["artifacts"]] == [video["url"]]
    assert (whole["version"], whole["finished_at"]) == (bare["version"] + 1, bare["finished_at"])
    last = world.read_part(task_id, "transitions")[-1]
    assert (last["kind"], last["from"], last["to"]) == ("result_completed",) + ("succeeded",) * 2
    assert last["evidence"]["type"] == "receipt"
    assert _attention(world)["without_result"] == []


def test_a_task_past_its_deadline_is_shown_although_nobody_works(
    database_url: str, tmp_path: Path
) -> None:
    env = build_environment(
        database_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_LEASE_S="1",
    )
    with serve_to_client(env, workers=False) as http:
        task_id = submit(http, deadline_s=1)["id"]
        wait_until(
            lambda: (
                [one["task_id"] for one in http.get("/v1/attention").json()["overdue"]] == [task_id]
            )
        )
        listed = http.get("/v1/tasks", params={"overdue": "true"}).json()["tasks"]
        assert [(one["id"], one["overdue"]) for one in listed] == [(task_id, True)]
        wait_until(
            lambda: (
                "no_worker"
                in [one["name"] for one in http.get("/v1/attention").json()["conditions"]]
            )
        )
        assert http.get("/readyz").json()["has_worker"] is False
