"""Published clients of the Dream Machine API, unmodified, against Luma's emulator and our front.

`lumaai` 1.21.0 from PyPI, `lumaai` 1.19.1 and `@ai-sdk/luma` 2.0.57 from npm.
"""

import base64

import pytest

from tests.clients.conftest import Served
from tests.clients.cutting import ANSWERED, creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy

SDKS = ["luma_sdk.py", "luma_sdk.cjs"]


@pytest.mark.parametrize("program", SDKS)
def test_official_sdk_goes_from_create_to_delete(served: Served, program: str) -> None:
    told = run_program(program, f"{served.url}/luma/dream-machine/v1", served.key, "all")
    made, done, failed = told["made"], told["done"], told["failed"]
    assert (made["state"], made["assets"]) == ("queued", None)
    assert (done["id"], done["state"], done["failure_reason"]) == (made["id"], "completed", None)
    assert served.fetch(done["assets"]["video"])[4:8] == b"ftyp"
    assert failed["state"] == "failed"
    assert failed["failure_reason"]
    assert failed["assets"] is None
    assert told["listed"][:2] == [failed["id"], made["id"]]
    assert told["credits"] > 0
    assert told["concepts"]
    # Luma erases what is deleted; the service keeps the history of its tasks.
    assert told["after_delete"] == (404 if served.url == served.provider else 200)


def test_ai_sdk_generates_an_image(served: Served) -> None:
    told = run_program("ai_sdk.cjs", "luma", f"{served.url}/luma", served.key, "a cat")
    [image] = told["images"]
    assert image["media_type"] == "image/png"
    assert base64.b64decode(image["base64"]).startswith(b"\x89PNG")


def test_ai_sdk_hears_that_an_image_failed(served: Served) -> None:
    prompt = "a cat [scenario:failed]"
    told = run_program("ai_sdk.cjs", "luma", f"{served.url}/luma", served.key, prompt)
    assert told == {
        "error": "AI_InvalidResponseDataError",
        "message": "Image generation failed.",
    }


def test_image_that_the_ai_sdk_asks_for_again_is_made_once(fronted: Served) -> None:
    """It repeats a call whose connection broke, and says nothing of it."""
    prompt = "a bird of the AI SDK"
    with Proxy(fronted.url, choose=first_create(ANSWERED)) as proxy:
        told = run_program("ai_sdk.cjs", "luma", f"{proxy.url}/luma", fronted.key, prompt)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert len(told["images"]) == 1
    assert fronted.created(prompt) == 1


@pytest.mark.parametrize("program", SDKS)
def test_create_that_an_sdk_repeats_after_a_cut_makes_one_generation(
    fronted: Served, program: str
) -> None:
    prompt = f"a bird of {program}"
    with Proxy(fronted.url, choose=first_create(ANSWERED)) as proxy:
        url = f"{proxy.url}/luma/dream-machine/v1"
        told = run_program(program, url, fronted.key, "create", prompt)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert told["state"] == "completed"
    assert fronted.created(prompt) == 1
