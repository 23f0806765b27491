"""GET /v1/stats over a running service."""

from tests.e2e.conftest import MakeWorld
from tests.support.waiting import wait_until


def test_ends_latency_callbacks_and_costs_are_counted_at_once(make_world: MakeWorld) -> None:
    world = make_world()
    for id_ in [world.submit() for _ in range(3)]:
        assert world.wait_for_end(id_)["state"] == "succeeded"
    world.play("failed,no_callback")
    failed = world.submit()
    wait_until(lambda: world.read_task(failed)["state"] in ("submitted", "running"))
    found = world.http.get("/v1/stats").json()
    assert sum(found["open"].values()) == 1
    (mine,) = found["lately"]
    assert (mine["provider"], mine["account"]) == ("kling", "default")
    assert mine["ended"] == {"succeeded": 3, "failed": 0, "cancelled": 0, "expired": 0}
    assert mine["callback_ratio"] == 1
    assert 0 < mine["latency_s"]["p50"] <= mine["latency_s"]["p99"] < 20
    (cost,) = mine["costs"]
    assert (cost["kind"], cost["currency"]) == ("unit", None)
    assert found["ever"] == found["lately"]
    assert found["is_whole"]
    assert found["hours"] is None
    hourly = world.http.get("/v1/stats?by=hour").json()["hours"]
    ended = [one["ended"]["succeeded"] for hour in hourly for one in hour["accounts"]]
    assert sum(ended) == 3
    assert [hour["hour"] for hour in hourly] == sorted(hour["hour"] for hour in hourly)
    assert world.http.get("/v1/stats?by=day").status_code == 400


def test_the_window_is_asked_for_in_hours(make_world: MakeWorld) -> None:
    world = make_world()
    assert world.http.get("/v1/stats?hours=1").json()["lately"] == []
    for wrong in ("0", "x", "100000"):
        assert world.http.get(f"/v1/stats?hours={wrong}").status_code == 400
    assert world.http.get("/v1/stats?days=1").status_code == 400
