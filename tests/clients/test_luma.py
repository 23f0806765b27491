"""Published clients of Luma's APIs, unmodified, against Luma's emulator and our front.

`lumaai` 1.21.0 and `luma-agents` 0.5.0 from PyPI, `lumaai` 1.19.1 from npm, and in test_ai_sdk.py
`@ai-sdk/luma` 2.0.57 and `@ai-sdk/luma` 3.0.41.
"""

from collections.abc import Mapping

import pytest

from tests.clients.conftest import Served
from tests.clients.cutting import creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy

SDKS = ["luma_sdk.py", "luma_sdk.cjs"]
_AGENTS = """
[accounts.luma.agents]
base_url = "{url}/luma-agents/v1"
profile = "agents"
api_key = "{key}"
"""


@pytest.fixture(scope="module")
def more_settings(emulated: Served, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An account of the newer API beside that of the older one."""
    config = tmp_path_factory.mktemp("luma") / "accounts.toml"
    config.write_text(_AGENTS.format(url=emulated.url, key=emulated.key))
    return {"TRACKER_CONFIG": str(config)}


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


def test_sdk_of_the_newer_api_goes_from_create_to_a_continued_video(served: Served) -> None:
    told = run_program("luma_agents_sdk.py", f"{served.url}/luma-agents/v1", served.key)
    made, done, failed = told["made"], told["done"], told["failed"]
    assert (made["state"], made["type"], made["model"]) == ("queued", "video", "ray-3.2")
    assert (done["id"], done["state"], done["failure_code"]) == (made["id"], "completed", None)
    assert served.fetch(done["output"][0]["url"])[4:8] == b"ftyp"
    assert told["edited"]["state"] == "completed"
    assert (failed["state"], failed["failure_code"]) == ("failed", "generation_failed")
    assert failed["failure_reason"]
    assert told["missing"] == 404


@pytest.mark.parametrize("program", SDKS)
def test_create_that_an_sdk_repeats_after_a_cut_makes_one_generation(
    fronted: Served, program: str
) -> None:
    prompt = f"a bird of {program}"
    with Proxy(fronted.url, choose=first_create()) as proxy:
        url = f"{proxy.url}/luma/dream-machine/v1"
        told = run_program(program, url, fronted.key, "create", prompt)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert told["state"] == "completed"
    assert fronted.created(prompt) == 1
