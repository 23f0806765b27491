"""klingai-api 0.1.0 from PyPI: a client of the official host, built in, https, with key pairs."""

from typing import Any

from tests.clients.conftest import Installed
from tests.clients.running import CLIENTS
from tests.support.waiting import wait_until

HOME = CLIENTS / "klingai"


def environment(access_key: str, secret_key: str) -> dict[str, str]:
    """Return the settings that give it its credentials."""
    return {"PYTHONPATH": str(HOME), "ACCESS_TOKEN": access_key, "SECRET_TOKEN": secret_key}


def test_it_runs_from_costs_over_create_to_verdict(installed: Installed) -> None:
    env = environment(*installed.pair)

    def klingai(*arguments: str) -> Any:
        return installed.run_json([str(HOME / "bin" / "klingai"), *arguments], env)

    made = klingai("text2video", "--prompt", "a cat", "--external-task-id", "mine")
    assert (made["code"], made["data"]["task_status"]) == (0, "submitted")
    task_id = made["data"]["task_id"]
    last: dict[str, Any] = {}

    def is_over() -> bool:
        last.update(klingai("get-text2video", "--task-id", task_id)["data"])
        return bool(last["task_status"] == "succeed")

    wait_until(is_over)
    assert last["task_result"]["videos"][0]["url"].startswith("http")
    listed = klingai("list-text2video", "--page-num", "1", "--page-size", "10")["data"]
    assert [task["task_id"] for task in listed] == [task_id]
    assert klingai("get-text2video", "--task-id", "mine")["data"] == last
    assert installed.tunnel.refused == []


def test_it_hears_that_its_secret_key_is_wrong(installed: Installed) -> None:
    command = [str(HOME / "bin" / "klingai"), "test-credentials"]
    assert installed.run(command, environment(*installed.pair)).returncode == 0
    done = installed.run(command, environment(installed.pair[0], "x" * 43))
    assert done.returncode == 1
    assert "Invalid ACCESS_TOKEN or SECRET_TOKEN" in done.stderr
