"""Results of a provider, kept, told of, and handed out again."""

import json
from hashlib import sha256
from typing import Any

import httpx

from tests.e2e.conftest import MakeWorld
from tests.support.requests import EXAMPLE, MULTI_IMAGE, build_submission
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tests.support.world import World

ON: dict[str, Any] = {"TRACKER_ASSETS": "on", "TRACKER_ASSET_MIN_FREE_BYTES": "0"}


def kept(world: World, task_id: str) -> dict[str, Any]:
    world.wait_for_end(task_id)
    wait_until(lambda: all(_states(world.read_task(task_id), "kept")))
    return world.read_task(task_id)


def _states(task: dict[str, Any], word: str) -> list[bool]:
    found = [piece["asset"] for piece in (task["result"] or {"artifacts": []})["artifacts"]]
    return [one is not None and one["state"] == word for one in found] or [False]


def test_a_result_is_kept_told_of_and_served_when_its_url_is_dead(make_world: MakeWorld) -> None:
    world = make_world(**ON)
    with Sink() as sink:
        body = build_submission(input=EXAMPLE) | {"webhook_url": f"{sink.url}/hook"}
        task_id = world.http.post("/v1/tasks", json=body).json()["id"]
        task = kept(world, task_id)
        # The two are sent beside each other: neither need be the first.
        wanted_types = {"task.succeeded", "asset.kept"}
        wait_until(lambda: wanted_types <= {json.loads(one.body)["type"] for one in sink.received})
        told = [json.loads(one.body) for one in sink.received]
    piece = task["result"]["artifacts"][0]
    original = httpx.get(piece["url"], trust_env=False, timeout=60).content
    assert piece["asset"]["sha256"] == sha256(original).hexdigest()
    assert piece["url_expires_at"] is not None
    assert piece["asset"]["expires_at"] > piece["url_expires_at"][:4]
    assert world.http.get(piece["asset"]["url"]).content == original

    succeeded = next(one for one in told if one["type"] == "task.succeeded")
    wanted = succeeded["data"]["task"]["result"]["artifacts"][0]["asset"]
    assert (wanted["id"], wanted["state"]) == (piece["asset"]["id"], "wanted")
    event = next(one for one in told if one["type"] == "asset.kept")
    assert event["data"]["asset"] == piece["asset"]
    assert event["data"]["transition"]["kind"] == "asset_kept"

    changes = world.http.get("/v1/changes").json()["changes"]
    assert "asset_kept" in [change["kind"] for change in changes]
    world.check_history(task)


def test_a_lost_file_is_told_of_and_fetched_again_when_asked(make_world: MakeWorld) -> None:
    world = make_world(**ON, TRACKER_EGRESS_ALLOW="")
    task_id = world.submit()
    world.wait_for_end(task_id)
    wait_until(lambda: all(_states(world.read_task(task_id), "refused")))
    asset = world.read_task(task_id)["result"]["artifacts"][0]["asset"]
    assert "may not be called" in asset["reason"]
    assert asset["url"] is None
    assert world.http.get(f"/v1/assets/{asset['id']}/content").status_code == 404
    assert world.http.post(f"/v1/assets/{asset['id']}/fetch").status_code == 202


def test_a_front_hands_out_our_links_where_that_is_asked_for(make_world: MakeWorld) -> None:
    world = make_world(**ON, TRACKER_KLING_ASSET_URLS="own")
    task_id = world.submit()
    task = kept(world, task_id)
    shown = world.http.get(f"{MULTI_IMAGE}/{task_id}").json()["data"]["task_result"]
    urls = [video["url"] for video in shown["videos"]]
    pieces = task["result"]["artifacts"]
    assert all("/links/" in url for url in urls)
    bare = [httpx.get(url, trust_env=False, timeout=60).content for url in urls]
    assert [sha256(body).hexdigest() for body in bare] == [one["asset"]["sha256"] for one in pieces]


def test_nothing_is_kept_where_custody_is_off(make_world: MakeWorld) -> None:
    world = make_world()
    task_id = world.submit()
    task = world.wait_for_end(task_id)
    assert [piece["asset"] for piece in task["result"]["artifacts"]] == [None]
    assert world.http.post("/v1/uploads", content=b"x").status_code == 409


def test_an_account_may_have_its_files_left_where_they_are(make_world: MakeWorld) -> None:
    world = make_world(TRACKER_KLING_ASSETS="off", **ON)
    task = world.wait_for_end(world.submit())
    assert [piece["asset"] for piece in task["result"]["artifacts"]] == [None]
    assert world.http.post("/v1/uploads", content=b"x").status_code == 201


def test_an_account_may_have_its_files_kept_alone(make_world: MakeWorld) -> None:
    world = make_world(TRACKER_KLING_ASSETS="on", **ON | {"TRACKER_ASSETS": "off"})
    task = kept(world, world.submit())
    assert {piece["asset"]["state"] for piece in task["result"]["artifacts"]} == {"kept"}
