"""Lost creates in lists that show no mark of ours: fal's is found, Wan's told to a person."""

from pathlib import Path
from typing import Any

import httpx

from tests.support.service import build_environment, serve_to_client
from tests.support.waiting import wait_until
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

FAL = {
    "provider": "fal",
    "operation": "fal-ai/flux/dev",
    "input": {"input": {"prompt": "a cat", "guidance_scale": 3.5, "seed": 1}, "priority": "low"},
}
WAN = {
    "provider": "wan",
    "operation": "video-generation/video-synthesis",
    "input": {"model": "wan2.6-t2v", "input": {"prompt": "a cat"}},
}


def test_a_lost_create_is_taken_by_its_input_or_told_to_a_person(
    sqlite_url: str, tmp_path: Path
) -> None:
    with Emulator(EmulatorConfig(step_seconds=0.05)) as emulator:
        played = {"scenario": "error_created"}
        url = f"{emulator.url}/emulator/scenario"
        httpx.put(url, json=played, trust_env=False, timeout=60).raise_for_status()
        env = build_environment(
            sqlite_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=None,
            TRACKER_FAL_BASE_URL=f"{emulator.url}/fal",
            TRACKER_FAL_API_KEY=DEFAULT_KEY,
            TRACKER_WAN_BASE_URL=f"{emulator.url}/wan/api/v1",
            TRACKER_WAN_API_KEY=DEFAULT_KEY,
        )
        with serve_to_client(env, workers=True) as http:
            found, told = (http.post("/v1/tasks", json=body).json()["id"] for body in (FAL, WAN))

            def state_of(task_id: str) -> Any:
                return http.get(f"/v1/tasks/{task_id}").json()["state"]

            def is_named() -> bool:
                asking = http.get("/v1/attention").json()["uncertain"]
                messages = [one["message"] for one in asking if one["task_id"] == told]
                return any("these may be it" in (one or "") for one in messages)

            wait_until(lambda: state_of(found) == "succeeded", timeout_s=60)
            wait_until(is_named, timeout_s=60)
            assert state_of(told) == "uncertain"
        made = httpx.get(f"{emulator.url}/emulator/creations", trust_env=False, timeout=60).json()
        assert sum(made.values()) == 2
