"""Published clients of Replicate, unmodified, against Replicate's emulator and our front.

`replicate` 1.0.7 from PyPI, `replicate` 1.4.0 from npm, and in test_ai_sdk.py
`@ai-sdk/replicate` 2.0.57 and `@ai-sdk/replicate` 3.0.46.
"""

from typing import Any

import pytest

from tests.clients.conftest import Served
from tests.clients.cutting import creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy


def assert_everything_worked(told: dict[str, Any], served: Served) -> None:
    assert (told["first_status"], told["status"]) == ("starting", "succeeded")
    for output in (told["output"], told["run"], told["run_version"]):
        assert len(output) == 1
        assert served.fetch(output[0]).startswith(b"\x89PNG")
    assert told["stopped"]["status"] == "canceled"
    assert len(told["listed"]) == len(set(told["listed"]))
    assert told["listed"][0] == told["stopped"]["id"]
    assert told["id"] in told["listed"]
    assert told["webhook_secret"].startswith("whsec_")
    assert told["file"] == len(b"a picture")


def test_python_sdk_creates_waits_runs_cancels_and_lists(served: Served) -> None:
    told = run_program("replicate_sdk.py", f"{served.url}/replicate", served.key)
    assert_everything_worked(told, served)
    assert told["failure"]["status"] == "failed"
    assert told["failure"]["error"]
    assert told["failure"]["output"] is None
    assert (told["deployed"], told["versions"]) == ("succeeded", True)
    assert told["wrong_key"] == 401


def test_javascript_sdk_creates_waits_runs_cancels_and_lists(served: Served) -> None:
    told = run_program("replicate_sdk.cjs", f"{served.url}/replicate/v1", served.key)
    assert_everything_worked(told, served)
    assert told["failure"].startswith("Prediction failed: ")
    assert "failed with status 401" in told["wrong_key"]


@pytest.mark.parametrize("program", ["replicate_sdk.py", "replicate_sdk.cjs"])
def test_call_that_its_caller_makes_again_makes_one_prediction(
    fronted: Served, program: str
) -> None:
    """The official SDKs repeat no create: they raise, and their caller tries again."""
    base = "" if program.endswith(".py") else "/v1"
    prompt = f"a bird of {program}"
    with Proxy(fronted.url, choose=first_create()) as proxy:
        url = f"{proxy.url}/replicate{base}"
        told = run_program(program, url, fronted.key, prompt)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert told["status"] == "starting"
    assert fronted.created(prompt) == 1
