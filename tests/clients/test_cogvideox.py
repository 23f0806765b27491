"""The SDK of Zhipu and Z.ai, unmodified, against CogVideoX's emulator and our front.

`zai-sdk` 0.2.3 from PyPI.
"""

from tests.clients.conftest import Served
from tests.clients.cutting import creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy

PATH = "/api/paas/v4"


def test_sdk_goes_from_create_to_result(served: Served) -> None:
    name = "a cat" if served.url == served.provider else "a cat behind the front"
    told = run_program("zai_sdk.py", served.url + PATH, served.key, "raw", name)
    made, done, failed = told["made"], told["done"], told["failed"]
    assert (made["task_status"], made["request_id"]) == ("PROCESSING", f"order {name}")
    assert (done["id"], done["task_status"]) == (made["id"], "SUCCESS")
    assert served.fetch(done["video_result"][0]["url"])[4:8] == b"ftyp"
    assert (failed["task_status"], failed["error"]["code"]) == ("FAIL", "1301")
    assert told["refused"] == {"status": 400, "code": "1210"}


def test_create_that_the_sdk_repeats_after_a_cut_makes_one_task(fronted: Served) -> None:
    with Proxy(fronted.url, choose=first_create()) as proxy:
        told = run_program("zai_sdk.py", proxy.url + PATH, fronted.key, "raw", "a bird")
    assert creates(proxy.exchanges)[:2] == ["lost", "answered"]
    assert told["done"]["task_status"] == "SUCCESS"
    assert fronted.created("a bird") == 1


def test_sdk_may_sign_tokens_with_a_pair(fronted: Served) -> None:
    told = run_program("zai_sdk.py", fronted.url + PATH, fronted.pair, "signed", "a signed cat")
    assert told["done"]["task_status"] == "SUCCESS"
