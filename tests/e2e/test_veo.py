"""Google through the whole service: signed events, and a service account whose token is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.service import (
    KEEPING_FILES,
    build_environment,
    listen,
    read_url,
    serve_to_client,
)
from tests.support.waiting import wait_until
from tests.support.world import World
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

CONDITION = "account_token_refused"


@pytest.fixture(scope="module")
def key_file() -> dict[str, Any]:
    return {}


@pytest.fixture(scope="module")
def world(
    shared_database_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    key_file: dict[str, Any],
) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("service")
    with Emulator(EmulatorConfig(step_seconds=0.05)) as emulator, listen() as listener:
        base = f"{emulator.url}/veo"
        key_file |= httpx.get(f"{base}/service-account.json", trust_env=False, timeout=60).json()
        accounts = folder / "accounts.toml"
        accounts.write_text(
            f"""
[accounts.veo.keyed]
base_url = "{base}/v1beta"
api_key = "{DEFAULT_KEY}"
poll_spacing_s = 0.05

[accounts.veo.vertex]
base_url = "{base}/v1"
service_account = "${{KEY_FILE}}"
location = "us-central1"
storage_url = "{base}/storage"
poll_spacing_s = 0.05

[accounts.veo.stranger]
base_url = "{base}/v1"
service_account = "${{STRANGERS_FILE}}"
location = "us-central1"
weight = 0
"""
        )
        env = build_environment(
            shared_database_url,
            folder,
            provider_url=emulator.url,
            public_url=read_url(listener),
            TRACKER_CONFIG=str(accounts),
            TRACKER_POLL_FIRST_S="0.1",
            KEY_FILE=json.dumps(key_file),
            STRANGERS_FILE=json.dumps(key_file | {"client_email": "stranger@cats.example"}),
            **KEEPING_FILES,
        )
        with serve_to_client(env, listener=listener, workers=True) as http:
            yield World(http, emulator.url)


def submitted(world: World, operation: str, prompt: str, *, account: str, **parameters: Any) -> str:
    body = {
        "provider": "veo",
        "account": account,
        "operation": operation,
        "input": {
            "model": "veo-3.1-generate-preview",
            "instances": [{"prompt": prompt}],
            "parameters": parameters,
        },
    }
    answer = world.http.post("/v1/tasks", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def conditions(world: World) -> list[str]:
    found = world.http.get("/v1/attention").json()["conditions"]
    return [one["name"] for one in found]


def kept(world: World, task_id: str) -> bytes:
    """Return the file of a result, once it is kept."""

    def asset() -> dict[str, Any]:
        [piece] = world.read_task(task_id)["result"]["artifacts"]
        return dict(piece["asset"] or {})

    wait_until(lambda: asset().get("state") == "kept")
    answer = httpx.get(asset()["url"], trust_env=False, timeout=60)
    return answer.raise_for_status().content


def test_a_large_video_within_the_answer_is_kept_whole(world: World) -> None:
    """Without a bucket Vertex AI answers with the file itself."""
    prompt = "a long film [scenario:inline_mb=12]"
    name = submitted(world, "vertex/predictLongRunning", prompt, account="vertex")
    assert world.wait_for_end(name)["state"] == "succeeded"
    content = kept(world, name)
    assert (len(content), content[4:8]) == (12 * 1024 * 1024, b"ftyp")


def test_signed_event_is_a_hint_and_the_file_is_kept_with_the_key(world: World) -> None:
    name = submitted(world, "predictLongRunning", "a cat", account="keyed")
    done = world.wait_for_end(name)
    assert done["state"] == "succeeded"
    assert "/operations/" in done["provider_task_id"]
    wait_until(lambda: "callback" in [one["source"] for one in world.read_part(name, "receipts")])
    [event] = [one for one in world.read_part(name, "receipts") if one["source"] == "callback"]
    assert event["verdict"] not in ("forged", "rejected", "quarantined")
    assert kept(world, name)[4:8] == b"ftyp"


def test_file_of_a_bucket_is_kept_with_the_token_of_a_service_account(world: World) -> None:
    name = submitted(
        world, "vertex/predictLongRunning", "a dog", account="vertex", storageUri="gs://cats/out"
    )
    assert world.wait_for_end(name)["state"] == "succeeded"
    assert kept(world, name)[4:8] == b"ftyp"


def test_refused_exchange_is_shown_and_nothing_is_sent(
    world: World, key_file: dict[str, Any]
) -> None:
    name = submitted(world, "vertex/predictLongRunning", "a fox", account="stranger")
    wait_until(lambda: CONDITION in conditions(world))
    wait_until(lambda: "not_sent" in world.list_outcomes(name))
    assert world.read_task(name)["state"] == "queued"
    shown = world.http.get("/v1/attention").text + json.dumps(world.read_task(name))
    shown += json.dumps(world.read_part(name, "attempts"))
    assert "invalid_grant" in shown
    assert key_file["private_key"][60:90] not in shown
    made = httpx.get(f"{world.emulator}/emulator/tasks", trust_env=False, timeout=60).text
    assert "a fox" not in made
