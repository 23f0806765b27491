"""Volcengine's own client of Jimeng, unmodified, against our front.

`volcengine` 1.0.229 from PyPI. It takes a host and no path: it finds the front on a host of its
own, by way of a proxy. At the emulator's root stands another provider.
"""

from urllib.parse import urlsplit

from tests.clients.conftest import OWN_HOSTS, Served
from tests.clients.running import run_program
from tests.support.tunnel import Tunnel

HOST = OWN_HOSTS["jimeng"]


def test_sdk_creates_waits_fails_and_cancels(fronted: Served) -> None:
    with Tunnel({HOST: urlsplit(fronted.url).port or 0}) as tunnel:
        told = run_program("jimeng_sdk.py", HOST, fronted.key, proxy=tunnel.url)
    assert (told["done"]["code"], told["done"]["data"]["status"]) == (10000, "done")
    [picture] = told["done"]["data"]["image_urls"]
    assert fronted.fetch(picture).startswith(b"\x89PNG")
    assert '"code":50411,"data":null' in told["failed"]
    assert told["heard"]["code"] == 10000
    assert '"code":50520,"data":null' in told["end"]
    assert "SignatureDoesNotMatch" in told["refused"]
