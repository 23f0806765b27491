"""A provider account that never answers starves nobody."""

from pathlib import Path

from tests.support.requests import submit
from tests.support.service import build_environment, listen, serve_to_client
from tests.support.world import World
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

ACCOUNTS = """
[accounts.kling.mute]
base_url = "MUTE"
api_key = "k"

[accounts.kling.lively]
base_url = "LIVELY"
api_key = "emulator-key"
"""
MUTE_TASKS = 200
"""More than a process does at once, of all kinds together."""


def test_tasks_of_a_living_account_end_while_another_never_answers(
    database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "accounts.toml"
    with (
        listen() as mute,  # takes connections, and says nothing
        Emulator(EmulatorConfig(step_seconds=0.05, scenario="no_callback")) as emulator,
    ):
        mute_url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        path.write_text(ACCOUNTS.replace("MUTE", mute_url).replace("LIVELY", emulator.url))
        env = build_environment(
            database_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=None,
            TRACKER_CONFIG=str(path),
            TRACKER_KLING_API_KEY="",
            TRACKER_SUBMIT_TIMEOUT_S="600",
            TRACKER_DRAIN_S="0.2",
        )
        with serve_to_client(env, workers=True) as http:
            world = World(http, emulator.url)
            stuck = [submit(http, account="mute")["id"] for _ in range(MUTE_TASKS)]
            made = [submit(http, account="lively")["id"] for _ in range(10)]
            for id_ in made:  # each submit to the mute one takes longer than all of this may
                assert world.wait_for_end(id_)["state"] == "succeeded"
            assert {world.read_task(id_)["state"] for id_ in stuck} == {"queued"}
