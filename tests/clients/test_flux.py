"""Published clients of Flux, unmodified, against Flux's emulator and our front.

`blackforest` 0.1.3 from PyPI, and in test_ai_sdk.py `@ai-sdk/black-forest-labs` 1.0.33 and
`@ai-sdk/black-forest-labs` 2.0.41 from npm. The first takes a host and no path: it finds the front
on a host of its own, by way of a proxy.
"""

from urllib.parse import urlsplit

from tests.clients.conftest import OWN_HOSTS, Served
from tests.clients.running import run_program
from tests.support.tunnel import Tunnel


def host_of(url: str) -> dict[str, int]:
    """Return where the front's own host leads to: to the port of an address."""
    return {OWN_HOSTS["flux"]: urlsplit(url).port or 0}


def test_python_sdk_creates_asks_and_waits(fronted: Served) -> None:
    url = f"http://{OWN_HOSTS['flux']}"
    with Tunnel(host_of(fronted.url)) as tunnel:
        told = run_program("flux_sdk.py", url, fronted.key, proxy=tunnel.url)
    assert told["polling_url"].startswith(f"{url}/v1/get_result?id=")
    assert told["first_status"] in ("Pending", "Ready")
    assert told["result"]["seed"] == 7
    assert fronted.fetch(told["result"]["sample"]).startswith(b"\x89PNG")
    assert "403" in told["wrong_key"]
