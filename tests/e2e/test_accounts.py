"""Several accounts at one provider: who gets a task, and what happens while one is ailing."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.service import build_environment, serve_to_client
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

PAIR_SECRET = "a-secret-key-as-long-as-the-vendors-are"
FILE = """
[accounts.kling.left]
base_url = "URL"
api_key = "${LEFT_KEY}"
max_in_flight = 2

[accounts.kling.right]
base_url = "URL"
api_key = "key-of-right"
webhook_secrets = ["whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="]

[accounts.kling.pair]
base_url = "URL"
access_key = "ak"
secret_key = "PAIR_SECRET"
weight = 0

[[rules]]
accounts = ["pair"]
metadata = { team = "film" }
"""


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    config = EmulatorConfig(
        api_keys=("key-of-left", "key-of-right"),
        key_pairs={"ak": PAIR_SECRET},
        step_seconds=0.05,
        scenario="no_callback",
    )
    path = tmp_path / "accounts.toml"
    with Emulator(config) as emulator:
        path.write_text(FILE.replace("URL", emulator.url).replace("PAIR_SECRET", PAIR_SECRET))
        env = build_environment(
            database_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=None,
            TRACKER_CONFIG=str(path),
            TRACKER_LEARN_S="0.2",
            TRACKER_KLING_API_KEY="",
            LEFT_KEY="key-of-left",
        )
        with serve_to_client(env, workers=True) as http:
            yield World(http, emulator.url)


def _submit(world: World, **fields: Any) -> httpx.Response:
    body = {"provider": "kling", "operation": "videos/text2video", "input": {"prompt": "rain"}}
    return world.http.post("/v1/tasks", json=body | fields)


def _stands_alone(http: httpx.Client, name: str) -> bool:
    """Return true once this is the one condition, of the account `ill`."""
    found = http.get("/v1/attention").json()["conditions"]
    return [(one["name"], one["account"]) for one in found] == [(name, "ill")]


def _task(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_tasks_that_name_no_account_are_shared_out_and_each_succeeds_with_its_own_key(
    world: World,
) -> None:
    made = [_task(_submit(world)) for _ in range(20)]
    shares = Counter(task["account"] for task in made)
    assert set(shares) == {"left", "right"}  # one in a million says otherwise by chance
    for task in made:
        assert world.wait_for_end(task["id"])["state"] == "succeeded"
    assert set(world.count_creations().values()) == {1}


def test_a_name_a_rule_and_an_operation_decide_before_the_weights(world: World) -> None:
    assert _task(_submit(world, account="right"))["account"] == "right"
    ruled = _task(_submit(world, metadata={"team": "film"}))
    assert ruled["account"] == "pair"
    assert world.wait_for_end(ruled["id"])["state"] == "succeeded"
    new = {"operation": "text-to-video/kling-3.0"}
    assert {_task(_submit(world, **new))["account"] for _ in range(4)} <= {"left", "right"}
    refused = _submit(world, account="pair", **new)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == "operation"
    assert "takes an API key" in refused.json()["errors"][0]["reason"]
    unknown = _submit(world, account="nobody")
    assert unknown.json()["errors"][0]["path"] == "account"


def test_an_external_id_is_unique_per_account_and_a_repeat_meets_the_same_one(
    world: World,
) -> None:
    first = _task(_submit(world, external_task_id="order-1"))
    again = [_submit(world, external_task_id="order-1").status_code for _ in range(5)]
    assert again == [409] * 5
    other = "right" if first["account"] == "left" else "left"
    assert _task(_submit(world, external_task_id="order-1", account=other))["account"] == other


def test_an_ailing_account_stands_back_and_is_shown(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    with Emulator(EmulatorConfig(step_seconds=0.05)) as emulator:
        path.write_text(
            f"""
[accounts.kling.well]
base_url = "{emulator.url}"
api_key = "emulator-key"
[accounts.kling.ill]
base_url = "{emulator.url}"
api_key = "revoked"
"""
        )
        env = build_environment(
            database_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=None,
            TRACKER_CONFIG=str(path),
            TRACKER_LEARN_S="0.2",
            TRACKER_KLING_API_KEY="",
        )
        with serve_to_client(env, workers=True) as http:
            world = World(http, emulator.url)
            for name, submits in (("account_refused", 1), ("account_ailing", 4)):
                for _ in range(submits):
                    failed = world.wait_for_end(_task(_submit(world, account="ill"))["id"])
                    assert failed["error"]["code"] == "1002"
                wait_until(partial(_stands_alone, http, name))
                (condition,) = http.get("/v1/attention").json()["conditions"]
                assert "1002" in condition["reason"]
                assert "revoked" not in str(condition)
            accounts = {_task(_submit(world))["account"] for _ in range(12)}
            assert accounts == {"well"}
