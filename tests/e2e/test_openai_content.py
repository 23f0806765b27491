"""A video that only `/content` has: fetched with the account's key, kept, and led to in parts."""

from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.service import KEEPING_FILES, environment, listen, serving
from tests.support.waiting import wait_until
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

VIDEOS = "/openai/v1/videos"


@pytest.mark.parametrize("lie", ["done_without_url=99", "done_without_url=99,content_redirect"])
def test_content_is_kept_and_served_in_parts(sqlite_url: str, tmp_path: Path, lie: str) -> None:
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(EmulatorConfig(step_seconds=0.02)))
        door = listen()
        env = environment(
            sqlite_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=f"http://127.0.0.1:{door.getsockname()[1]}",
            TRACKER_OPENAI_BASE_URL=f"{emulator.url}/openai/v1",
            TRACKER_OPENAI_API_KEY=DEFAULT_KEY,
            TRACKER_OPENAI_POLL_SPACING_S="0.05",
            TRACKER_POLL_FIRST_S="0.05",
            **KEEPING_FILES,
        )
        url = stack.enter_context(serving(env, door=door, workers=True))
        http = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=20))
        body = {"model": "sora-2", "prompt": "a cat", "emulator_scenario": lie}
        id_ = http.post(VIDEOS, json=body).json()["id"]
        wait_until(lambda: "metadata" in http.get(f"{VIDEOS}/{id_}").json())
        link = http.get(f"{VIDEOS}/{id_}").json()["metadata"]["url"]
        content = http.get(f"{VIDEOS}/{id_}/content", follow_redirects=True)
        part = http.get(
            f"{VIDEOS}/{id_}/content", headers={"range": "bytes=4-7"}, follow_redirects=True
        )
        assert "/links/" in link
        assert content.content[4:8] == b"ftyp"
        assert (part.status_code, part.content) == (206, b"ftyp")
