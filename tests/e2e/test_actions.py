"""Actions of callers: cancel really prevents the send, refresh polls, resubmit links."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.e2e.conftest import MakeWorld
from tests.support.requests import EXAMPLE, build_submission
from tests.support.waiting import wait_until
from tests.support.world import World

BAD = EXAMPLE | {"prompt": "[scenario:failed]"}


def act(world: World, task_id: str, action: str, **headers: str) -> httpx.Response:
    return world.http.post(f"/v1/tasks/{task_id}/{action}", headers=headers)


def submit(world: World, **fields: Any) -> dict[str, Any]:
    task: dict[str, Any] = world.http.post("/v1/tasks", json=build_submission(**fields)).json()
    return task


def test_a_cancelled_task_is_never_sent_and_a_sent_one_is_not_cancelled(
    make_world: MakeWorld,
) -> None:
    """The workers send while callers cancel: whoever comes first, the other one knows."""
    world = make_world()

    def submit_and_cancel(n: int) -> tuple[str, int]:
        task = submit(world, external_task_id=f"t-{n}")
        return task["id"], act(world, task["id"], "cancel").status_code

    with ThreadPoolExecutor(8) as callers:
        cancelled = list(callers.map(submit_and_cancel, range(40)))
    for task_id, _ in cancelled:
        world.wait_for_end(task_id)
    made = world.count_creations()
    for n, (task_id, status) in enumerate(cancelled):
        task = world.read_task(task_id)
        if status == 200:
            assert (task["state"], made.get(f"t-{n}", 0)) == ("cancelled", 0)
            assert world.list_sources(task_id)[-1] == ("cancelled", "client")
            assert world.list_outcomes(task_id) == []
        else:
            assert (status, task["state"], made[f"t-{n}"]) == (409, "succeeded", 1)


def test_a_task_that_waits_for_a_slot_can_be_cancelled_and_stays_so(make_world: MakeWorld) -> None:
    world = make_world("hold", TRACKER_KLING_MAX_IN_FLIGHT="1")
    first = submit(world)["id"]
    wait_until(lambda: world.read_task(first)["provider_task_id"] is not None)
    waiting = submit(world, external_task_id="second")["id"]
    for _ in range(2):  # twice is no other than once
        answer = act(world, waiting, "cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answer.headers["etag"] == '"2"'
    world.play("ok")
    world.move(world.read_task(first)["external_task_id"], "succeed")
    world.wait_for_end(first)
    third = submit(world)["id"]
    world.wait_for_end(third)
    assert "second" not in world.count_creations()


def test_what_the_provider_has_cannot_be_cancelled_and_why_is_said(make_world: MakeWorld) -> None:
    world = make_world("hold")
    task_id = submit(world, external_task_id="mine")["id"]
    wait_until(lambda: world.read_task(task_id)["provider_task_id"] is not None)
    refused = act(world, task_id, "cancel")
    assert refused.status_code == 409
    assert "no way to cancel" in refused.json()["detail"]
    world.move("mine", "succeed")
    world.wait_for_end(task_id)
    assert act(world, task_id, "cancel").status_code == 409


def test_a_refresh_asks_the_provider_at_once(make_world: MakeWorld) -> None:
    world = make_world("no_callback", TRACKER_POLL_QUIET_S="600")
    task_id = submit(world)["id"]
    wait_until(lambda: world.read_task(task_id)["provider_task_id"] is not None)
    answer = None
    while answer is None or answer.json()["state"] != "succeeded":
        answer = act(world, task_id, "refresh", prefer="wait=1")
        assert answer.status_code in (200, 202)
        assert answer.headers["preference-applied"] == "wait=1"
    assert world.list_sources(task_id)[-1] == ("succeeded", "poll")
    again = act(world, task_id, "refresh")
    assert (again.status_code, again.json()["version"]) == (200, answer.json()["version"])


def test_a_refresh_of_an_expired_task_finds_its_late_verdict(make_world: MakeWorld) -> None:
    world = make_world("stuck,no_callback", TRACKER_GIVE_UP_AFTER_S="0.5")
    task_id = submit(world, external_task_id="mine")["id"]
    assert world.wait_for_end(task_id)["state"] == "expired"
    world.move("mine", "succeed")
    answer = act(world, task_id, "refresh", prefer="wait=60")
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")


def test_a_failed_task_is_submitted_again_as_another_one_linked_to_it(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    first = submit(world, input=BAD, metadata={"order": 7}, external_task_id="mine")
    world.wait_for_end(first["id"])
    headers = {"idempotency-key": "again", "prefer": "wait=60"}
    made = act(world, first["id"], "resubmit", **headers)
    again = made.json()
    assert (made.status_code, again["state"]) == (200, "failed")
    assert again["id"] != first["id"]
    assert again["resubmit_of"] == first["id"]
    assert again["external_task_id"] == again["id"]
    assert (again["metadata"], again["operation"]) == ({"order": 7}, first["operation"])
    created = world.read_part(again["id"], "transitions")[0]
    assert (created["source"], first["id"] in created["message"]) == ("client", True)
    replayed = act(world, first["id"], "resubmit", **headers)
    assert replayed.json()["id"] == again["id"]
    assert replayed.headers["idempotency-replayed"] == "true"
    other = act(world, again["id"], "resubmit", **headers)
    assert other.status_code == 422
    assert sorted(world.count_creations().values()) == [1, 1]


def test_what_succeeded_or_is_under_way_is_not_submitted_again(make_world: MakeWorld) -> None:
    world = make_world()
    done = submit(world)["id"]
    world.wait_for_end(done)
    assert act(world, done, "resubmit").status_code == 409
    world.play("hold")
    under_way = submit(world)["id"]
    assert act(world, under_way, "resubmit").status_code == 409
    assert len(world.http.get("/v1/tasks").json()["tasks"]) == 2
