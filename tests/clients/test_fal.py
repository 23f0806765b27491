"""Published clients of fal, unmodified, against our front with fal's emulator behind it.

`fal-client` 1.0.3 from PyPI, `@fal-ai/client` 1.10.1 from npm, and in test_ai_sdk.py
`@ai-sdk/fal` 2.0.59 and `@ai-sdk/fal` 3.0.41. The first speaks TLS alone and takes a host: it finds
the front on a host of its own, behind a proxy that ends TLS.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clients.conftest import OWN_HOSTS, Served
from tests.clients.running import run_program
from tests.support.proxy import Proxy
from tests.support.tls import Certificates, make_certificates
from tests.support.tunnel import Tunnel

HOST = OWN_HOSTS["fal"]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), HOST)


@contextmanager
def _python(
    served: Served, certificates: Certificates
) -> Iterator[tuple[Proxy, Callable[..., Any]]]:
    """Yield the proxy that ends TLS, and what runs the Python client behind it."""
    with (
        Proxy(served.url, choose=lambda _request: None, tls=certificates) as proxy,
        Tunnel({f"{HOST}:443": urlsplit(proxy.url).port or 0}) as tunnel,
    ):

        def run(*arguments: str, key: str = served.key) -> Any:
            given = (HOST, str(certificates.authority), key, *arguments)
            return run_program("fal_sdk.py", *given, proxy=tunnel.url)

        yield proxy, run


def test_python_sdk_submits_follows_subscribes_runs_and_cancels(
    fronted: Served, certificates: Certificates
) -> None:
    with _python(fronted, certificates) as (_, run):
        told = run()
    assert all(url.startswith(f"https://{HOST}/fal-ai/flux/requests/") for url in told["urls"])
    assert told["events"][-1] == "Completed"
    assert set(told["events"]) <= {"Queued", "InProgress", "Completed"}
    assert told["updates"][-1] == "Completed"
    for result, count in ((told["result"], 1), (told["subscribed"], 2), (told["asynchronous"], 1)):
        assert len(result["images"]) == count
        assert fronted.fetch(result["images"][0]["url"]).startswith(b"\x89PNG")
    assert told["run"]["video"]["content_type"] == "video/mp4"
    assert told["cancelled"][0] in ("Queued", "InProgress")
    assert "cancelled" in told["cancelled"][1].lower()
    status, message, kind = told["failed"]
    assert (status, kind) == (422, "content_policy_violation")
    assert "went wrong" in message
    assert told["wrong_key"][0] == 401


def test_javascript_sdk_subscribes_runs_and_cancels(fronted: Served) -> None:
    told = run_program("fal_sdk.cjs", f"{fronted.url}/fal/proxy", fronted.key)
    assert told["updates"][-1] == "COMPLETED"
    images = told["subscribed"]["data"]["images"]
    assert len(images) == 2
    assert told["subscribed"]["requestId"]
    assert fronted.fetch(images[0]["url"]).startswith(b"\x89PNG")
    assert told["run"]["video"]["content_type"] == "video/mp4"
    assert "cancelled" in told["cancelled"].lower()
    assert (told["failed"]["name"], told["failed"]["status"]) == ("ValidationError", 422)
    assert told["failed"]["body"]["detail"][0]["type"] == "content_policy_violation"
    assert told["wrong_key"]["status"] == 401
