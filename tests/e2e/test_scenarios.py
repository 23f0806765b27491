"""The emulator's scenarios, end to end on both databases: the task ends as it should, and the
provider made it once."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e.conftest import MakeWorld
from tests.support.sink import Sink
from tests.support.waiting import wait_until


def test_a_task_succeeds_by_callback_with_evidence_and_a_result_that_downloads(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    task = world.wait_for_end(world.submit(external_task_id="mine"))
    assert world.list_sources(task["id"]) == [
        ("queued", "client"),
        ("submitted", "submit"),
        ("running", "callback"),
        ("succeeded", "callback"),
    ]
    media = httpx.get(task["result"]["artifacts"][0]["url"], trust_env=False, timeout=60)
    assert media.headers["content-type"] == "video/mp4"
    assert b"ftyp" in media.content[:16]
    assert world.count_creations() == {"mine": 1}
    wait_until(lambda: {callback["answer"] for callback in world.list_callbacks()} == {200})


@pytest.mark.parametrize(
    ("scenario", "state"),
    [
        ("failed", "failed"),
        ("moderated", "failed"),
        ("refused", "failed"),
        ("slow=0.5", "succeeded"),
        ("duplicated=7", "succeeded"),
        ("reordered", "succeeded"),
        ("delayed=0.3", "succeeded"),
        ("forged", "succeeded"),
        ("callback_first", "succeeded"),
        ("busy=2", "succeeded"),
        ("rate_limited=1", "succeeded"),
        ("unavailable=1", "succeeded"),
        ("unknown_word", "succeeded"),
        ("upper_case", "succeeded"),
        ("seconds", "succeeded"),
        ("enveloped", "succeeded"),
        ("other_id", "succeeded"),
        ("code_string", "succeeded"),
    ],
)
def test_a_scenario_ends_as_it_should(make_world: MakeWorld, scenario: str, state: str) -> None:
    world = make_world(scenario)
    task = world.wait_for_end(world.submit())
    assert task["state"] == state
    assert world.count_creations().get(task["external_task_id"], 0) == (scenario != "refused")


@pytest.mark.parametrize(
    "scenario",
    [
        "no_callback",
        "no_callback,upper_case",
        "no_callback,unknown_word",
        "no_callback,mute_query=2",
    ],
)
def test_with_every_callback_lost_polling_finds_the_verdict(
    make_world: MakeWorld, scenario: str
) -> None:
    world = make_world(scenario, TRACKER_POLL_QUIET_S="0.3")
    task = world.wait_for_end(world.submit())
    assert (task["state"], world.list_sources(task["id"])[-1][1]) == ("succeeded", "poll")


def test_without_a_public_url_everything_works_by_polling(make_world: MakeWorld) -> None:
    world = make_world(callbacks=False)
    task = world.wait_for_end(world.submit())
    assert (task["state"], world.list_callbacks()) == ("succeeded", [])
    assert {source for _, source in world.list_sources(task["id"])} == {"client", "submit", "poll"}


@pytest.mark.parametrize(
    "fault",
    ["cut_after_accept", "error_5000_created", "error_5002_created", "html_error_created"],
)
def test_an_ambiguous_submit_is_looked_up_and_never_sent_twice(
    make_world: MakeWorld, fault: str
) -> None:
    world = make_world(f"{fault},lax_ids,no_callback", TRACKER_POLL_QUIET_S="0.3")
    task = world.wait_for_end(world.submit())
    assert task["state"] == "succeeded"
    assert world.list_outcomes(task["id"]) == ["unknown"]
    assert ("uncertain", "submit") in world.list_sources(task["id"])
    assert world.count_creations() == {task["external_task_id"]: 1}


@pytest.mark.parametrize("fault", ["cut_before_accept", "error_5000_lost", "html_error"])
def test_a_submit_that_was_lost_is_sent_again_once_the_provider_denied_it_twice(
    make_world: MakeWorld, fault: str
) -> None:
    world = make_world(f"{fault},lax_ids")
    task = world.wait_for_end(world.submit())
    assert task["state"] == "succeeded"
    assert world.list_outcomes(task["id"]) == ["unknown", "accepted"]
    assert [state for state, _ in world.list_sources(task["id"])][:4] == [
        "queued",
        "uncertain",
        "queued",
        "submitted",
    ]
    assert world.count_creations() == {task["external_task_id"]: 1}


def test_forged_callbacks_are_kept_and_believed_by_nobody(make_world: MakeWorld) -> None:
    world = make_world("forged")
    task = world.wait_for_end(world.submit(external_task_id="mine"))
    assert "evil.example" not in str(task)
    assert "mismatch" in world.list_verdicts(task["id"])
    answers = {c["answer"] for c in world.list_callbacks() if c["kind"] == "forged"}
    assert 404 in answers


def test_a_callers_callback_url_is_told_in_klings_shape(make_world: MakeWorld) -> None:
    world = make_world()
    with Sink(answers=[503, 200]) as sink:
        task = world.wait_for_end(
            world.submit(callback_url=f"{sink.url}/done", external_task_id="mine"),
        )
        wait_until(lambda: len(sink.received) == 2)
        wait_until(lambda: world.read_part(task["id"], "deliveries")[0]["state"] == "delivered")
    first, second = sink.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    told = second.parse_json()
    assert (told["task_id"], told["task_status"]) == (task["id"], "succeed")
    assert told["task_info"]["external_task_id"] == "mine"
    assert told["task_result"]["videos"][0]["url"] == task["result"]["artifacts"][0]["url"]


def test_forty_tasks_at_once_all_finish_and_each_is_made_once(make_world: MakeWorld) -> None:
    world = make_world("duplicated=3,reordered", TRACKER_KLING_MAX_IN_FLIGHT="8")
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: world.submit(external_task_id=f"t{n}"), range(40)))
    tasks = [world.wait_for_end(task_id) for task_id in ids]
    assert {task["state"] for task in tasks} == {"succeeded"}
    assert world.count_creations() == {f"t{n}": 1 for n in range(40)}


def test_a_provider_that_is_away_refuses_nobody(make_world: MakeWorld) -> None:
    world = make_world("down")
    task_id = world.submit()
    wait_until(lambda: len(world.read_part(task_id, "attempts")) > 0)
    assert world.read_task(task_id)["state"] == "queued"
    httpx.put(
        f"{world.emulator}/emulator/scenario", json={"scenario": "ok"}, trust_env=False, timeout=60
    )
    assert world.wait_for_end(task_id)["state"] == "succeeded"
