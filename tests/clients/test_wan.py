"""Published clients of DashScope, unmodified, against Wan's front.

`dashscope` 2.0.2 from PyPI, and in test_ai_sdk.py `@ai-sdk/alibaba` 1.0.61 from npm.
"""

from tests.clients.conftest import Served
from tests.clients.cutting import creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy

PATH = "/dashscope/api/v1"


def test_sdk_creates_waits_fails_and_cancels(fronted: Served) -> None:
    told = run_program("dashscope_sdk.py", fronted.url + PATH, fronted.key)
    done, failed = told["done"], told["failed"]
    assert (told["made"], done["task_status"], failed["task_status"]) == (
        *("PENDING", "SUCCEEDED", "FAILED"),
    )
    assert fronted.fetch(done["video_url"])[4:8] == b"ftyp"
    assert failed["code"]
    assert "risk control" in failed["message"]
    assert (told["heard"], told["stopped"]) == (200, "CANCELED")
    assert told["listed"] >= 3
    assert told["invalid"] == [400, "InvalidParameter"]
    assert told["refused"] == "InvalidApiKey"


def test_create_that_the_sdk_repeats_after_a_cut_makes_one_task(fronted: Served) -> None:
    prompt = "a fox of dashscope"
    with Proxy(fronted.url, choose=first_create()) as proxy:
        told = run_program("dashscope_sdk.py", proxy.url + PATH, fronted.key, prompt)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert told["id"]
    assert fronted.created(prompt) == 1
