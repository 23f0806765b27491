"""What subscribers are told, end to end on both databases, by a receiver that verifies it."""

from standardwebhooks.webhooks import Webhook

from tests.e2e.conftest import MakeWorld
from tests.support.requests import submit
from tests.support.sink import Received, Sink
from tests.support.waiting import wait_until
from tests.support.world import World

OLD, NEW = "whsec_" + "b2xk" * 8, "whsec_" + "bmV3" * 8


def told(sink: Sink) -> list[str]:
    """The types of what came, in order of the task's versions."""
    bodies = [request.json() for request in sink.received]
    return [
        body["type"] for body in sorted(bodies, key=lambda body: body["data"]["task"]["version"])
    ]


def verify(request: Received, secret: str) -> None:
    """By the public library; raises where the signature does not fit."""
    Webhook(secret).verify(request.body, request.headers)


def all_delivered(world: World, task_id: str, *, count: int) -> bool:
    states = [owed["state"] for owed in world.part(task_id, "deliveries")]
    return states == ["delivered"] * count


def test_a_webhook_url_is_told_of_every_change_and_signed_with_every_secret(
    make_world: MakeWorld,
) -> None:
    world = make_world(TRACKER_WEBHOOK_SECRETS=f"{NEW},{OLD}")
    with Sink() as sink:
        task_id = submit(world.http, webhook_url=f"{sink.url}/hook?x=1")["id"]
        task = world.finished(task_id)
        wait_until(lambda: all_delivered(world, task_id, count=3))
    assert told(sink) == ["task.submitted", "task.running", "task.succeeded"]
    for request in sink.received:
        assert request.path == "/hook?x=1"
        verify(request, OLD)
        verify(request, NEW)
    assert len({request.headers["webhook-id"] for request in sink.received}) == 3
    last = max((request.json() for request in sink.received), key=lambda b: b["timestamp"])
    assert last["version"] == 1
    assert last["data"]["task"] == task
    assert last["data"]["transition"]["to"] == "succeeded"


def test_without_a_secret_what_came_with_a_task_is_told_unsigned(make_world: MakeWorld) -> None:
    world = make_world()
    with Sink() as sink:
        task_id = submit(world.http, webhook_url=sink.url)["id"]
        world.finished(task_id)
        wait_until(lambda: all_delivered(world, task_id, count=3))
    assert all("webhook-signature" not in request.headers for request in sink.received)


def test_an_overdue_task_is_told_once(make_world: MakeWorld) -> None:
    world = make_world("slow=600", TRACKER_DEADLINE_S="0.2")
    with Sink() as sink:
        task_id = submit(world.http, webhook_url=sink.url)["id"]
        wait_until(lambda: "task.overdue" in told(sink))
        wait_until(lambda: world.task(task_id)["overdue"])
        wait_until(
            lambda: all(d["state"] == "delivered" for d in world.part(task_id, "deliveries"))
        )
    assert told(sink).count("task.overdue") == 1


def test_a_webhook_url_inside_is_refused_with_its_field(make_world: MakeWorld) -> None:
    world = make_world(TRACKER_EGRESS_ALLOW="")
    answer = world.http.post(
        "/v1/tasks",
        json={
            "provider": "kling",
            "operation": "videos/text2video",
            "input": {"prompt": "a cat"},
            "webhook_url": "http://169.254.169.254/latest",
        },
    )
    assert answer.status_code == 422
    assert [field["path"] for field in answer.json()["errors"]] == ["webhook_url"]
