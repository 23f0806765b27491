"""Published clients of the Dream Machine API, unmodified, against the emulator of Luma.

`lumaai` 1.21.0 from PyPI, `lumaai` 1.19.1 and `@ai-sdk/luma` 2.0.57 from npm.
"""

import base64

import pytest

from tests.clients.conftest import Served
from tests.clients.running import run_program

SDKS = ["luma_sdk.py", "luma_sdk.cjs"]


@pytest.mark.parametrize("program", SDKS)
def test_official_sdk_goes_from_create_to_delete(emulated: Served, program: str) -> None:
    told = run_program(program, f"{emulated.url}/luma/dream-machine/v1", emulated.key, "all")
    made, done, failed = told["made"], told["done"], told["failed"]
    assert (made["state"], made["assets"]) == ("queued", None)
    assert (done["id"], done["state"], done["failure_reason"]) == (made["id"], "completed", None)
    assert emulated.fetch(done["assets"]["video"])[4:8] == b"ftyp"
    assert failed["state"] == "failed"
    assert failed["failure_reason"]
    assert failed["assets"] is None
    assert told["listed"][:2] == [failed["id"], made["id"]]
    assert told["after_delete"] == 404
    assert told["credits"] > 0


def test_ai_sdk_generates_an_image(emulated: Served) -> None:
    told = run_program("ai_sdk.cjs", "luma", f"{emulated.url}/luma", emulated.key, "a cat")
    [image] = told["images"]
    assert image["media_type"] == "image/png"
    assert base64.b64decode(image["base64"]).startswith(b"\x89PNG")


def test_ai_sdk_hears_that_an_image_failed(emulated: Served) -> None:
    prompt = "a cat [scenario:failed]"
    told = run_program("ai_sdk.cjs", "luma", f"{emulated.url}/luma", emulated.key, prompt)
    assert told == {
        "error": "AI_InvalidResponseDataError",
        "message": "Image generation failed.",
    }
