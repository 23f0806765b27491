"""Published clients of Ark, unmodified, against our front.

`volcengine-ark-runtime` 5.0.54 from PyPI, and in test_ai_sdk.py `@ai-sdk/bytedance` 1.0.29.
"""

from collections.abc import Mapping

import pytest

from tests.clients.conftest import Served
from tests.clients.running import run_program
from tests.support.service import KEEPING_FILES

PATH = "/ark/api/v3"


@pytest.fixture(scope="module")
def more_settings() -> Mapping[str, str]:
    """Pictures need a place for files."""
    return KEEPING_FILES


def test_sdk_creates_waits_fails_lists_cancels_and_draws(fronted: Served) -> None:
    told = run_program("ark_sdk.py", fronted.url + PATH, fronted.key)
    done, failed = told["done"], told["failed"]
    assert (done["status"], done["seed"], done["duration"]) == ("succeeded", 7, 5)
    assert done["usage"]["completion_tokens"] == 108_900
    assert fronted.fetch(done["content"]["video_url"])[4:8] == b"ftyp"
    assert fronted.fetch(done["content"]["last_frame_url"]).startswith(b"\x89PNG")
    assert failed["error"]["code"] == "OutputVideoSensitiveContentDetected"
    assert told["listed"] == [3, True, False, False]
    assert told["cancelled"] == "cancelled"
    refused = {"class": "ArkBadRequestError", "code": "InvalidParameter", "param": "frames"}
    assert told["invalid"] == refused
    [picture] = told["pictures"]
    assert fronted.fetch(picture).startswith(b"\x89PNG")
    events, [link], tokens = told["streamed"]
    assert (events, tokens) == (["partial_succeeded", "completed"], 16_384)
    assert fronted.fetch(link).startswith(b"\x89PNG")
    assert told["no_picture"]["code"] == "outcome_unknown"
    assert fronted.created("a cat [scenario:failed]") == 1
    missing = {"class": "ArkNotFoundError", "code": "ResourceNotFound", "param": "id"}
    assert told["missing"] == missing
