"""Published clients of Flux, unmodified, against Flux's emulator and our front.

`blackforest` 0.1.3 from PyPI and `@ai-sdk/black-forest-labs` 1.0.33 from npm. The first takes a
host and no path: it finds the front on a host of its own, by way of a proxy.
"""

from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.clients.ai_sdk import check_file, check_front, run_ai_sdk
from tests.clients.conftest import OWN_HOSTS, Served
from tests.clients.cutting import EvenCuts
from tests.clients.running import run_program
from tests.support.keys import issue
from tests.support.proxy import Proxy
from tests.support.service import environment, listen, serving
from tests.support.tunnel import Tunnel

LONGEST_ANSWER = 340
"""Bytes of an answer to a create, its head included."""


def host_of(url: str) -> dict[str, int]:
    """Return where the front's own host leads to: to the port of an address."""
    return {OWN_HOSTS["flux"]: urlsplit(url).port or 0}


def test_ai_sdk_generates_an_image_at_the_provider_itself(emulated: Served) -> None:
    [told] = run_ai_sdk("flux", f"{emulated.url}/bfl/v1", emulated.key, "x")
    check_file(told, "image/png")


def test_ai_sdk_generates_images_and_hears_of_a_failure_at_once(fronted: Served) -> None:
    """At Flux itself it waits for a moderated task until its own time is over."""
    scenarios = ("failed", "request_moderated")
    for failed in check_front(fronted, "flux", "/flux/v1", "image/png", scenarios=scenarios):
        assert failed["message"] == "Black Forest Labs generation failed."


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


def test_cut_behind_any_byte_of_the_answer_makes_one_task(
    emulated: Served, sqlite_url: str, tmp_path: Path
) -> None:
    """Without workers: what is made here is what would be sent to Flux."""
    cuts = EvenCuts("any byte", LONGEST_ANSWER + 2)
    env = environment(
        sqlite_url,
        tmp_path,
        provider_url=emulated.url,
        public_url=None,
        TRACKER_FLUX_API_KEY=emulated.key,
        TRACKER_FRONT_HOSTS=f"flux={OWN_HOSTS['flux']}",
    )
    with (
        serving(env, door=listen(), workers=False) as url,
        Proxy(url, choose=cuts) as proxy,
        Tunnel(host_of(proxy.url)) as tunnel,
    ):
        cuts.of(proxy)
        key = issue(sqlite_url).secret
        given = (f"http://{OWN_HOSTS['flux']}", key, *cuts.prompts)
        told = run_program("flux_sdk.py", *given, proxy=tunnel.url)
        kept = httpx.get(
            f"{url}/v1/tasks?limit=500", headers={"x-api-key": key}, trust_env=False, timeout=60
        )
        assert cuts.check_repeats(told["ids"]) == set(range(proxy.exchanges[0].response_size))
        assert len(kept.json()["tasks"]) == len(cuts.prompts)
