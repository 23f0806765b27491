"""Published clients of Replicate, unmodified, against Replicate's emulator and our front.

`replicate` 1.0.7 from PyPI, `replicate` 1.4.0 and `@ai-sdk/replicate` 2.0.57 from npm.
"""

import base64
from typing import Any

import pytest

from tests.clients.conftest import Served
from tests.clients.cutting import ANSWERED, creates, first_create
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
    assert told["wrong_key"] == 401


def test_javascript_sdk_creates_waits_runs_cancels_and_lists(served: Served) -> None:
    told = run_program("replicate_sdk.cjs", f"{served.url}/replicate/v1", served.key)
    assert_everything_worked(told, served)
    assert told["failure"].startswith("Prediction failed: ")
    assert "failed with status 401" in told["wrong_key"]


def test_ai_sdk_generates_an_image_in_a_held_call(served: Served) -> None:
    told = run_program("ai_sdk.cjs", "replicate", f"{served.url}/replicate/v1", served.key, "x")
    [image] = told["images"]
    assert image["media_type"] == "image/png"
    assert base64.b64decode(image["base64"]).startswith(b"\x89PNG")


def test_image_that_the_ai_sdk_asks_for_again_is_made_once(fronted: Served) -> None:
    """It repeats a held call whose connection broke, and says nothing of it."""
    prompt = "a bird of the AI SDK"
    with Proxy(fronted.url, choose=first_create(ANSWERED)) as proxy:
        url = f"{proxy.url}/replicate/v1"
        told = run_program("ai_sdk.cjs", "replicate", url, fronted.key, prompt)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert len(told["images"]) == 1
    assert fronted.created(prompt) == 1


@pytest.mark.parametrize("program", ["replicate_sdk.py", "replicate_sdk.cjs"])
def test_call_that_its_caller_makes_again_makes_one_prediction(
    fronted: Served, program: str
) -> None:
    """The official SDKs repeat no create: they raise, and their caller tries again."""
    base = "" if program.endswith(".py") else "/v1"
    prompt = f"a bird of {program}"
    with Proxy(fronted.url, choose=first_create(ANSWERED)) as proxy:
        url = f"{proxy.url}/replicate{base}"
        told = run_program(program, url, fronted.key, prompt)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert told["status"] == "starting"
    assert fronted.created(prompt) == 1


def test_ai_sdk_hears_that_no_image_came(served: Served) -> None:
    """It reads nothing but `output`, and reports that this is no picture."""
    prompt = "a cat [scenario:failed]"
    told = run_program("ai_sdk.cjs", "replicate", f"{served.url}/replicate/v1", served.key, prompt)
    assert told == {"error": "AI_APICallError", "message": "Invalid JSON response"}
