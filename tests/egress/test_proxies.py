"""Calls through an account's proxy: every request of it, and what a refusal by the proxy proves."""

from base64 import b64encode
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from tests.support.tls import make_certificates
from tests.support.tunnel import Tunnel
from tests.support.upstream import Upstream, build_json_answer
from tracker import __version__
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult, HttpStream
from tracker.domain.redaction import MASK, Redactor
from tracker.egress.client import EgressClient
from tracker.providers.ports.account import Account, AccountOptions

pytestmark = pytest.mark.anyio
ENCRYPTED = "encrypted.example:443"


def credentials(user_and_password: str) -> str:
    return "Basic " + b64encode(user_and_password.encode()).decode()


def through(proxy: str, user: str = "") -> Account:
    url = proxy.replace("://", f"://{user}@") if user else proxy
    return Account("main", "http://unused.example", AccountOptions(proxy=SecretStr(url)))


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


async def test_a_call_without_tls_is_passed_on_by_the_proxy(egress: EgressClient) -> None:
    with Upstream(lambda asked: [build_json_answer(b"".join(asked.body))]) as upstream:
        wanted = credentials("me:p@ss")
        with Tunnel({"plain.example": port_of(upstream.url)}, wanted) as tunnel:
            account = through(tunnel.url, "me:p%40ss")
            call = account.set_route(HttpCall("POST", "http://plain.example/v1/x?a=1", {}, b"{}"))
            whole = await egress.call_provider(call)
            stream = await egress.open_provider(call, cap=100)
            assert isinstance(stream, HttpStream)
            assert b"".join([piece async for piece in stream.chunks]) == b"{}"
    assert isinstance(whole, HttpResult)
    assert whole.body == b"{}"
    assert tunnel.asked == [("POST http://plain.example/v1/x?a=1 HTTP/1.1", wanted)] * 2
    assert [one.line for one in upstream.asked] == ["POST /v1/x?a=1 HTTP/1.1"] * 2
    assert upstream.asked[0].headers["user-agent"] == f"tracker/{__version__}"


async def test_a_call_with_tls_goes_through_a_tunnel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_certificates(tmp_path, "encrypted.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    egress = EgressClient(())
    with (
        Upstream(lambda _: [build_json_answer(b'{"seen": 1}')], files) as upstream,
        Tunnel({ENCRYPTED: port_of(upstream.url)}) as tunnel,
    ):
        call = through(tunnel.url).set_route(HttpCall("GET", "https://encrypted.example/v1/x"))
        answer = await egress.call_provider(call)
    await egress.close()
    assert isinstance(answer, HttpResult), answer
    assert answer.body == b'{"seen": 1}'
    assert tunnel.asked == [(f"CONNECT {ENCRYPTED} HTTP/1.1", "")]
    assert [one.line for one in upstream.asked] == ["GET /v1/x HTTP/1.1"]
    assert "proxy-authorization" not in upstream.asked[0].headers


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", ["wrong password", "nobody listens"])
async def test_a_call_that_did_not_pass_the_proxy_was_not_sent(
    egress: EgressClient, scheme: str, kind: str
) -> None:
    call = HttpCall("POST", f"{scheme}://plain.example/v1/x", {}, b"{}")
    with Tunnel({}, credentials("me:right")) as tunnel:
        url = tunnel.url if kind == "wrong password" else "http://127.0.0.1:9"
        routed = through(url, "me:wrong-password").set_route(call)
        failures = [await egress.call_provider(routed), await egress.open_provider(routed, cap=9)]
    for failure in failures:
        assert isinstance(failure, HttpFailure)
        assert failure.certainty is Certainty.NOT_SENT
        assert "wrong-password" not in failure.reason
        assert ("407" in failure.reason) == (kind == "wrong password")


async def test_a_tunnel_that_the_proxy_refuses_carried_nothing(egress: EgressClient) -> None:
    with Tunnel({}) as tunnel:
        call = HttpCall("POST", f"https://{ENCRYPTED}/v1/x", {}, b"{}")
        failure = await egress.call_provider(through(tunnel.url).set_route(call))
    assert isinstance(failure, HttpFailure)
    assert failure.certainty is Certainty.NOT_SENT
    assert "403" in failure.reason
    assert tunnel.refused == [ENCRYPTED]


async def test_two_proxies_share_no_connection(egress: EgressClient) -> None:
    with Upstream(lambda _: [build_json_answer(b"{}")]) as upstream:
        hosts = {"plain.example": port_of(upstream.url)}
        call = HttpCall("GET", "http://plain.example/")
        with Tunnel(hosts) as first, Tunnel(hosts) as second:
            for proxy in (first, second, first):
                await egress.call_provider(through(proxy.url).set_route(call))
    assert (len(first.asked), len(second.asked)) == (2, 1)


@pytest.mark.parametrize(
    "url",
    [
        *("socks5://127.0.0.1:1080", "proxy.example:3128", "http://:8080", "http://me:p@ss@host:1"),
        *(
            "http://host:0",
            "http://host:65536",
            "http://host/path",
            "http://host?x=1",
            "http://a b",
        ),
    ],
)
def test_what_is_no_http_proxy_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValidationError, match="must be http://HOST:PORT") as refused:
        AccountOptions(proxy=SecretStr(url))
    assert url not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["http://host", "https://me:secret@host.example:8080/", "http://[::1]:3128", "http://t@h:1"],
)
def test_an_http_proxy_is_taken(url: str) -> None:
    account = through(url)
    address = account.proxy_address
    assert address is not None
    assert "@" not in address
    assert account.set_route(HttpCall("GET", "http://x.example")).proxy == url.rstrip("/")


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("somebody:long-pass%21word", ["long-pass%21word", "long-pass!word"]),
        ("only-a-token", ["only-a-token"]),
    ],
)
def test_the_password_is_known_to_the_redaction_however_it_is_spelt(
    user: str, told: list[str]
) -> None:
    options = through("http://proxy.example:3128", user).options
    redactor = Redactor(options.iterate_secrets())
    spelt = user.replace("%21", "!") if ":" in user else f"{user}:"
    for text in [*told, b64encode(spelt.encode()).decode()]:
        assert redactor.redact(f"<{text}>") == f"<{MASK}>"
    assert redactor.redact("somebody at proxy.example:3128") == "somebody at proxy.example:3128"
    assert user not in repr(options)
