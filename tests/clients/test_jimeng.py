"""Volcengine's own client of Jimeng, unmodified, against our front.

`volcengine` 1.0.229 from PyPI. It takes a host and no path: it finds the front on a host of its
own, by way of a proxy. At the emulator's root stands another provider.
"""

from urllib.parse import urlsplit

from tests.clients.conftest import OWN_HOSTS, Served
from tests.clients.cutting import EvenCuts
from tests.clients.running import run_program
from tests.support.proxy import Proxy
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


def test_calls_that_their_caller_makes_again_make_one_task_each(fronted: Served) -> None:
    """`volcengine` repeats no create: it raises, and its caller tries again."""
    cuts = EvenCuts("volcengine")
    with (
        Proxy(fronted.url, choose=cuts) as proxy,
        Tunnel({HOST: urlsplit(proxy.url).port or 0}) as tunnel,
    ):
        cuts.of(proxy)
        given = (HOST, fronted.key, *cuts.prompts)
        told = run_program("jimeng_sdk.py", *given, proxy=tunnel.url)
    cuts.check(fronted, told["ids"])
