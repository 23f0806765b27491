"""OpenAI's published clients, unmodified, against the emulated gateway and our front.

`openai` 3.57.0 from PyPI and `openai` 7.59.0 from npm.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.clients.conftest import UPLOADED, Served
from tests.clients.cutting import creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy
from tests.support.service import KEEPING_FILES

PATH = "/openai/v1"


@pytest.fixture(scope="module")
def more_settings() -> Mapping[str, str]:
    return KEEPING_FILES


def _check_links(served: Served, prompt: str) -> None:
    """The provider was given a link to the uploaded file in the place of its id."""
    [video] = served.requests(f"{prompt} moves")
    assert served.fetch(video["input_reference"]["image_url"]) == UPLOADED


def _check_kept(told: Mapping[str, Any]) -> None:
    """The client found its upload, read it, and deleted it alone."""
    assert told["found"] == told["file"]
    assert told["deleted"] == {"id": told["file"]["id"], "object": "file", "deleted": True}
    first, second = told["listed"]
    assert (told["is same"], first < second, told["left"]) == (True, True, True)


def test_client_goes_from_a_form_to_the_content(served: Served) -> None:
    is_direct = served.url == served.provider
    task = "all" if is_direct else "files"
    told = run_program("openai_sdk.py", served.url + PATH, served.key, "a cat", task)
    done, failed = told["done"], told["failed"]
    assert (done["object"], done["status"], done["progress"]) == ("video", "completed", 100)
    assert (done["seconds"], done["size"], done["model"]) == ("8", "1280x720", "sora-2")
    assert told["retrieved"]["id"] == done["id"]
    assert (failed["status"], told["refused"], told["remix"]) == ("failed", 400, "completed")
    assert failed["error"]["message"]
    assert told["content"] == "ftyp"
    assert "sora-2" in told["models"]
    if not is_direct:  # the emulator stores no files
        file = told["by file"]["file"]
        facts = (file["object"], file["bytes"], file["filename"], file["purpose"])
        assert facts == ("file", len(UPLOADED), "cat.png", "vision")
        assert "purpose" in told["by file"]["refused"]
        _check_kept(told["by file"])
        _check_links(served, "a cat")
        [edit] = served.requests("a cat in a hat")
        assert served.fetch(edit["images"][0]["image_url"]) == UPLOADED


def test_client_lists_and_deletes(fronted: Served) -> None:
    told = run_program("openai_sdk.py", fronted.url + PATH, fronted.key, "a fish", "list")
    assert told["listed"] == told["made"][::-1]
    assert told["deleted"]["deleted"] is True


def test_javascript_client_goes_from_a_form_to_the_content(fronted: Served) -> None:
    lost = "a fox of npm that is lost"
    with Proxy(fronted.url, choose=first_create(naming=lost)) as proxy:
        told = run_program("openai_videos.cjs", proxy.url + PATH, fronted.key, "an owl", lost)
    done, failed = told["done"], told["failed"]
    assert (done["object"], done["status"], done["seconds"]) == ("video", "completed", "8")
    assert (told["content"], failed["status"], told["refused"]) == ("ftyp", "failed", 400)
    assert failed["error"]["message"]
    assert creates(proxy.exchanges)[-2:] == ["lost", "answered"]
    assert told["lost"]
    assert fronted.created(lost) == 1
    assert told["named"]["file"]["purpose"] == "vision"
    _check_kept(told["named"])
    _check_links(fronted, "an owl")
