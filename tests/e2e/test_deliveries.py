"""Deliveries to subscribers, end to end on both databases, with a receiver that verifies."""

from collections import Counter
from pathlib import Path

import httpx
from standardwebhooks.webhooks import Webhook

from tests.e2e.conftest import MakeWorld
from tests.support.requests import submit
from tests.support.service import Process, build_environment, listen, serve_service
from tests.support.sink import Received, Sink
from tests.support.waiting import wait_until
from tests.support.world import World

OLD, NEW = "whsec_" + "b2xk" * 8, "whsec_" + "bmV3" * 8


def told(sink: Sink) -> list[str]:
    """The types of what came, in order of the task's versions."""
    bodies = [request.parse_json() for request in sink.received]
    return [
        body["type"] for body in sorted(bodies, key=lambda body: body["data"]["task"]["version"])
    ]


def verify(request: Received, secret: str) -> None:
    """By the public library; raises where the signature does not fit."""
    Webhook(secret).verify(request.body, request.headers)


def all_delivered(world: World, task_id: str, *, count: int) -> bool:
    states = [owed["state"] for owed in world.read_part(task_id, "deliveries")]
    return states == ["delivered"] * count


def test_a_webhook_url_is_told_of_every_change_and_signed_with_every_secret(
    make_world: MakeWorld,
) -> None:
    world = make_world(TRACKER_WEBHOOK_SECRETS=f"{NEW},{OLD}")
    with Sink() as sink:
        task_id = submit(world.http, webhook_url=f"{sink.url}/hook?x=1")["id"]
        task = world.wait_for_end(task_id)
        wait_until(lambda: all_delivered(world, task_id, count=3))
    assert told(sink) == ["task.submitted", "task.running", "task.succeeded"]
    for request in sink.received:
        assert request.path == "/hook?x=1"
        verify(request, OLD)
        verify(request, NEW)
    assert len({request.headers["webhook-id"] for request in sink.received}) == 3
    last = max((request.parse_json() for request in sink.received), key=lambda b: b["timestamp"])
    assert last["version"] == 1
    assert last["data"]["task"] == task
    assert last["data"]["transition"]["to"] == "succeeded"


def test_without_a_secret_what_came_with_a_task_is_told_unsigned(make_world: MakeWorld) -> None:
    world = make_world()
    with Sink() as sink:
        task_id = submit(world.http, webhook_url=sink.url)["id"]
        world.wait_for_end(task_id)
        wait_until(lambda: all_delivered(world, task_id, count=3))
    assert all("webhook-signature" not in request.headers for request in sink.received)


def test_a_kling_callback_is_a_bare_task_and_signed_where_a_secret_is_set(
    make_world: MakeWorld,
) -> None:
    world = make_world(TRACKER_WEBHOOK_SECRETS=NEW)
    with Sink() as sink:
        task_id = world.submit(callback_url=f"{sink.url}/kling")
        world.wait_for_end(task_id)
        wait_until(lambda: all_delivered(world, task_id, count=1))
    (request,) = sink.received
    verify(request, NEW)
    assert (request.parse_json()["task_id"], request.parse_json()["task_status"]) == (
        task_id,
        "succeed",
    )


def test_deliveries_of_a_killed_worker_are_sent_by_another_with_the_same_ids_and_bytes(
    database_url: str, tmp_path: Path
) -> None:
    listener = listen()
    env = build_environment(
        database_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_LEASE_S="1",
        TRACKER_DELIVER_TIMEOUT_S="6",
    )
    with (
        serve_service(env, listener=listener, workers=False) as url,
        Sink(is_silent=True) as sink,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as http,
    ):
        made = http.post("/v1/endpoints", json={"url": sink.url}).json()
        path = f"/v1/endpoints/{made['id']}/test"
        owed = {http.post(path).json()["delivery_id"] for _ in range(30)}
        dying = Process(("worker",), env, tmp_path / "dying").start()
        wait_until(lambda: len(sink.received) >= 4)
        dying.kill()
        under_way = {request.headers["webhook-id"] for request in sink.received}
        sink.answer()
        healing = Process(("worker",), env, tmp_path / "healing").start()
        try:
            wait_until(lambda: _delivered(http) == owed)
        finally:
            healing.stop()
    bodies: dict[str, set[bytes]] = {}
    for request in sink.received:
        Webhook(made["secret"]).verify(request.body, request.headers)
        bodies.setdefault(request.headers["webhook-id"], set()).add(request.body)
    assert set(bodies) == owed
    assert {len(same) for same in bodies.values()} == {1}
    times = Counter(request.headers["webhook-id"] for request in sink.received)
    assert {times[id_] for id_ in under_way} == {2}


def _delivered(http: httpx.Client) -> set[str]:
    page = http.get("/v1/deliveries", params={"state": "delivered", "limit": 100}).json()
    return {one["id"] for one in page["deliveries"]}


def test_an_overdue_task_is_told_once(make_world: MakeWorld) -> None:
    world = make_world("slow=600", TRACKER_DEADLINE_S="0.2")
    with Sink() as sink:
        task_id = submit(world.http, webhook_url=sink.url)["id"]
        wait_until(lambda: "task.overdue" in told(sink))
        wait_until(lambda: world.read_task(task_id)["overdue"])
        wait_until(
            lambda: all(d["state"] == "delivered" for d in world.read_part(task_id, "deliveries"))
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
