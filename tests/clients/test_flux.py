"""Published clients of Flux, unmodified, against Flux's emulator and our front.

`blackforest` 0.1.3 from PyPI and `@ai-sdk/black-forest-labs` 1.0.33 from npm. The first takes a
host and no path: it finds the front on a host of its own, by way of a proxy.
"""

from urllib.parse import urlsplit

from tests.clients.ai_sdk import check_file, check_front, run_ai_sdk
from tests.clients.conftest import OWN_HOSTS, Served
from tests.clients.running import run_program
from tests.support.tunnel import Tunnel


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
