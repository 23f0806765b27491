"""Every kind of upstream, end to end: both dialects, gateways, and what gateways do to answers."""

from typing import Any

import httpx
import pytest

from tests.e2e.conftest import MakeWorld
from tests.support.waiting import wait_until
from tests.support.world import World

SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
ODDITIES = [
    "code=none,shape=bare,external=external_id",
    "code=1000,msg,no_request_id,shape=listed",
    "code=success,shape=deeper,vocabulary=new_api,status_field=status,times=zero,progress=percent",
    "id_field=taskId,id_form=uuid,status_field=state,vocabulary=relay,result=output,times=rfc3339",
    "id_field=JobId,vocabulary=tencent,result=ResultVideoUrl,times=plain,info=null",
    "id_form=qvideo,status_field=status,vocabulary=qiniu,result=metadata,times=digits",
    "id_form=number,result=list,duration=float,info=missing,time_fields=submit_time",
    "id_field=request_id,result=result_url,duration=int,times=absent,progress=number",
    "vocabulary=openai,result=images,info=empty,time_fields=create_time",
]


def _submit(world: World, operation: str, **input_: Any) -> str:
    body = {"provider": "kling", "operation": operation, "input": {"prompt": "rain"} | input_}
    answer = world.http.post("/v1/tasks", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _asked(world: World) -> list[str]:
    """The provider's log: what was asked for by GET."""
    found = httpx.get(f"{world.emulator}/emulator/requests", trust_env=False, timeout=60).json()
    calls = found["requests"] if isinstance(found, dict) else found
    return [f"{one['path']}" for one in calls if one["method"] == "GET"]


def _answers(world: World, task: dict[str, Any]) -> set[int | None]:
    """Return the answer to the provider's last try of each of the task's callbacks."""
    theirs = [one for one in world.list_callbacks() if one["task_id"] == task["provider_task_id"]]
    return {one["answer"] for one in theirs}


@pytest.mark.parametrize("source", ["callback", "poll"])
@pytest.mark.parametrize(
    ("operation", "input_"),
    [
        ("text-to-video/kling-3.0", {}),
        ("image-to-video/kling-3.0-turbo", {"contents": [{"type": "prompt", "text": "rain"}]}),
    ],
)
def test_a_task_of_the_new_standard_ends_with_its_outputs(
    make_world: MakeWorld, operation: str, input_: dict[str, Any], source: str
) -> None:
    world = make_world(callbacks=source == "callback", TRACKER_KLING_PROFILE="official")
    task = world.wait_for_end(_submit(world, operation, **input_))
    assert (task["state"], task["provider_status"]) == ("succeeded", "succeeded")
    assert task["result"]["artifacts"][0]["kind"] == "video"
    assert world.count_creations() == {task["external_task_id"]: 1}
    assert world.list_sources(task["id"])[-1][1] == source


def test_both_dialects_are_asked_for_in_one_call(make_world: MakeWorld) -> None:
    world = make_world("hold", callbacks=False, TRACKER_KLING_PROFILE="official")
    ids = [_submit(world, "text-to-video/kling-3.0"), *(world.submit() for _ in range(3))]
    for id_ in ids:
        wait_until(lambda id_=id_: world.read_task(id_)["provider_task_id"] is not None)  # type: ignore[misc] # bound now
    for id_ in ids:
        world.move(world.read_task(id_)["external_task_id"], "succeed")
    for id_ in ids:
        assert world.wait_for_end(id_)["state"] == "succeeded"
    assert any(path.rstrip("/").endswith("/tasks") for path in _asked(world))


def test_signed_callbacks_of_the_provider_are_believed_and_others_only_polled(
    make_world: MakeWorld,
) -> None:
    world = make_world(TRACKER_KLING_WEBHOOK_SECRET=SECRET, TRACKER_POLL_QUIET_S="0.3")
    unsigned = world.wait_for_end(world.submit())
    assert world.list_sources(unsigned["id"])[-1] == ("succeeded", "poll")
    assert set(world.list_verdicts(unsigned["id"])) >= {"forged"}
    wait_until(lambda: 401 in _answers(world, unsigned))  # once signed, its next try may get 200
    httpx.put(
        f"{world.emulator}/emulator/secrets",
        json={"secrets": [SECRET]},
        trust_env=False,
        timeout=60,
    ).raise_for_status()
    signed = world.wait_for_end(world.submit())
    assert world.list_sources(signed["id"])[-1] == ("succeeded", "callback")
    wait_until(lambda: _answers(world, signed) == {200})


@pytest.mark.parametrize("source", ["callback", "poll"])
@pytest.mark.parametrize("profile", ["new-api", "piapi", "acedata"])
@pytest.mark.parametrize(("scenario", "state"), [("ok", "succeeded"), ("failed", "failed")])
def test_a_gateway_of_another_house_is_spoken_to_in_its_own_way(
    make_world: MakeWorld, profile: str, scenario: str, state: str, source: str
) -> None:
    world = make_world(
        scenario, callbacks=source == "callback", path=f"/{profile}", TRACKER_KLING_PROFILE=profile
    )
    task = world.wait_for_end(_submit(world, "videos/text2video"))
    assert task["state"] == state
    assert world.list_outcomes(task["id"]) == ["accepted"]
    if state == "succeeded":
        assert task["result"]["artifacts"][0]["url"].startswith("http")
    else:
        assert task["error"]["type"] == "provider"


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("ending", ["ok", "failed,reason=fail_reason"])
def test_what_gateways_do_to_answers_changes_no_ending(
    make_world: MakeWorld, oddity: str, ending: str
) -> None:
    world = make_world(f"{oddity},{ending}", TRACKER_POLL_QUIET_S="0.3")
    task = world.wait_for_end(world.submit())
    assert task["state"] == ("succeeded" if ending == "ok" else "failed")
    assert world.count_creations() == {task["external_task_id"]: 1}
    if ending == "ok":
        assert task["result"]["artifacts"][0]["url"]


def test_a_new_api_submit_of_unknown_outcome_is_never_sent_again(make_world: MakeWorld) -> None:
    """It knows no external ids, so that its "no such task" would prove nothing."""
    world = make_world(
        "cut_after_accept,no_callback",
        path="/new-api",
        TRACKER_KLING_PROFILE="new-api",
        TRACKER_GIVE_UP_AFTER_S="1.5",
    )
    task = world.wait_for_end(_submit(world, "videos/text2video"))
    assert task["state"] == "expired"
    wait_until(lambda: world.list_outcomes(task["id"]) == ["unknown"])
    assert sum(world.count_creations().values()) <= 1
