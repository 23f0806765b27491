"""Runway's published SDKs, unmodified, against Runway's emulator and our front.

`runwayml` 5.24.0 from PyPI and `@runwayml/sdk` 4.20.1 from npm.
"""

from collections.abc import Mapping

import pytest

from tests.clients.conftest import UPLOADED, Served
from tests.clients.cutting import creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy
from tests.support.service import KEEPING_FILES

SDKS = ["runway_sdk.py", "runway_sdk.cjs"]
CLASSES = {
    "runway_sdk.py": ("Pending", "Cancelled"),
    "runway_sdk.cjs": ("PENDING", "CANCELLED"),
}
"""The names of an open and of a cancelled task: the Python SDK has a class for each word."""


@pytest.fixture(scope="module")
def more_settings() -> Mapping[str, str]:
    return KEEPING_FILES


def _base(served: Served) -> str:
    is_direct = served.url == served.provider
    return served.url + ("/runway/official" if is_direct else "/runwayml")


@pytest.mark.parametrize("program", SDKS)
def test_official_sdk_goes_from_create_to_cancel(served: Served, program: str) -> None:
    is_direct = served.url == served.provider
    prompt = f"an uploaded cat of {program}"
    asked = ["all"] if is_direct else ["uploads", prompt]
    told = run_program(program, _base(served), served.key, *asked)
    done, failed = told["done"], told["failed"]
    assert (told["open"], told["cancelled"]) == CLASSES[program]
    assert (done["status"], done["cost"]) == ("SUCCEEDED", {"credits": 25})
    assert served.fetch(done["output"][0])[4:8] == b"ftyp"
    assert (failed["status"], failed["failureCode"]) == ("FAILED", "INTERNAL.BAD_OUTPUT.CODE01")
    assert failed["failure"]
    assert failed["cost"] == {"credits": 0}
    if program.endswith(".py"):
        assert (done["class"], failed["class"]) == ("Succeeded", "Failed")
    assert told["missing"] == 404
    assert told["credits"] > 0
    if not is_direct:  # the emulator stores no files
        assert told["uploaded"]["status"] == "SUCCEEDED"
        [request] = served.requests(prompt)
        assert served.fetch(request["promptImage"]) == UPLOADED


@pytest.mark.parametrize("program", SDKS)
def test_create_that_an_sdk_repeats_after_a_cut_makes_one_task(
    fronted: Served, program: str
) -> None:
    prompt = f"a bird of {program}"
    with Proxy(fronted.url, choose=first_create()) as proxy:
        told = run_program(program, f"{proxy.url}/runwayml", fronted.key, "create", prompt)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert told["status"] == "SUCCEEDED"
    assert fronted.created(prompt) == 1
