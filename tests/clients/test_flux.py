"""Published clients of Flux, unmodified, against Flux's emulator and our front.

`blackforest` 0.1.3 from PyPI and `@ai-sdk/black-forest-labs` 1.0.33 from npm. The first takes a
host and no path: it finds the front on a host of its own, by way of a proxy.
"""

import base64
from urllib.parse import urlsplit

import pytest

from tests.clients.conftest import OWN_HOSTS, Served
from tests.clients.cutting import ANSWERED, EvenCuts, creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy
from tests.support.tunnel import Tunnel

BASES = {"emulated": "/bfl/v1", "fronted": "/flux/v1"}


def host_of(url: str) -> dict[str, int]:
    """Return where the front's own host leads to: to the port of an address."""
    return {OWN_HOSTS["flux"]: urlsplit(url).port or 0}


@pytest.mark.parametrize("where", BASES)
def test_ai_sdk_generates_an_image(where: str, request: pytest.FixtureRequest) -> None:
    served: Served = request.getfixturevalue(where)
    told = run_program("ai_sdk.cjs", "flux", f"{served.url}{BASES[where]}", served.key, "x")
    [image] = told["images"]
    assert image["media_type"] == "image/png"
    assert base64.b64decode(image["base64"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("scenario", ["failed", "request_moderated"])
def test_ai_sdk_hears_of_a_failure_at_once(fronted: Served, scenario: str) -> None:
    """At Flux itself it waits for a moderated task until its own time is over."""
    prompt = f"a cat [scenario:{scenario}]"
    told = run_program("ai_sdk.cjs", "flux", f"{fronted.url}/flux/v1", fronted.key, prompt)
    assert told["message"] == "Black Forest Labs generation failed."


def test_image_that_the_ai_sdk_asks_for_again_is_made_once(fronted: Served) -> None:
    prompt = "a fox of the AI SDK"
    with Proxy(fronted.url, choose=first_create(ANSWERED)) as proxy:
        told = run_program("ai_sdk.cjs", "flux", f"{proxy.url}/flux/v1", fronted.key, prompt)
    assert creates(proxy.exchanges) == ["lost", "answered"]
    assert len(told["images"]) == 1
    assert fronted.created(prompt) == 1


def test_python_sdk_creates_asks_and_waits(fronted: Served) -> None:
    url = f"http://{OWN_HOSTS['flux']}"
    with Tunnel(host_of(fronted.url)) as tunnel:
        told = run_program("flux_sdk.py", url, fronted.key, proxy=tunnel.url)
    assert told["polling_url"].startswith(f"{url}/v1/get_result?id=")
    assert told["first_status"] in ("Pending", "Ready")
    assert told["result"]["seed"] == 7
    assert fronted.fetch(told["result"]["sample"]).startswith(b"\x89PNG")
    assert "403" in told["wrong_key"]


def test_calls_that_their_caller_makes_again_make_one_task_each(fronted: Served) -> None:
    """`blackforest` repeats no create: it raises, and its caller tries again."""
    cuts = EvenCuts("blackforest")
    with (
        Proxy(fronted.url, choose=cuts) as proxy,
        Tunnel(host_of(proxy.url)) as tunnel,
    ):
        cuts.of(proxy)
        given = (f"http://{OWN_HOSTS['flux']}", fronted.key, *cuts.prompts)
        told = run_program("flux_sdk.py", *given, proxy=tunnel.url)
    cuts.check(fronted, told["ids"])
