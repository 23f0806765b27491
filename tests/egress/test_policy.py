"""Which addresses users' URLs may reach: a corpus, checked when a URL is given and when it is
dialled. Nothing here leaves the machine: names are resolved by a resolver of the test's own."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.loop_time import LoopTime
from tests.support.resolver import Resolver
from tests.support.sink import Sink
from tests.support.waiting import PATIENCE_S, wait_for_condition
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.egress.client import EgressClient
from tracker.egress.policy import explain_refusal

INSIDE = {
    "this host": ["0.0.0.0", "0.1.2.3", "0.255.255.255"],
    "private": [
        *("10.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254"),
        *("192.168.0.1", "192.168.255.255", "100.64.0.1", "100.127.255.254"),
    ],
    "loopback": ["127.0.0.1", "127.0.0.53", "127.1.2.3", "127.255.255.254", "[::1]"],
    "link-local": ["169.254.0.1", "169.254.255.254", "[fe80::1]", "[febf::1]"],
    "metadata": [
        *("169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.169.123"),
        *("168.63.129.16", "100.100.100.200", "192.0.0.192", "[fd00:ec2::254]"),
        *("[fd00:ec2::23]", "[fd20:ce::254]"),
    ],
    "reserved": [
        *("192.0.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.19.255.254", "198.51.100.1"),
        *("203.0.113.1", "192.88.99.1", "240.0.0.1", "254.1.1.1", "255.255.255.255"),
        *("[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "[2001:2::1]", "[2001:10::1]"),
    ],
    "multicast": ["224.0.0.1", "239.255.255.250", "[ff02::1]", "[ff0e::1]", "[ff05::2]"],
    "unspecified": ["[::]", "[0:0:0:0:0:0:0:0]"],
    "unique or site local": ["[fc00::1]", "[fdff::1]", "[fd12:3456::1]", "[fec0::1]", "[feff::1]"],
    "v4-mapped": [
        *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]"),
        *("[::ffff:a9fe:a9fe]", "[::ffff:192.168.1.1]", "[::ffff:168.63.129.16]"),
        *("[0:0:0:0:0:ffff:7f00:1]", "[::FFFF:127.0.0.1]"),
    ],
    "v4-compatible and translated": [
        *("[::127.0.0.1]", "[::7f00:1]", "[::a00:1]", "[::ffff:0:127.0.0.1]"),
        "[::ffff:0:7f00:1]",
    ],
    "NAT64": [
        *("[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::a00:1]"),
        *("[64:ff9b:1::1]", "[64:ff9b:1::7f00:1]", "[64:ff9b::a83f:8110]"),
    ],
    "6to4": [
        *("[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2002:a9fe:a9fe::]", "[2002:a00:1::1]"),
        *("[2002:c0a8:101::1]", "[2002:a83f:8110::]"),
    ],
    "Teredo": ["[2001::1]", "[2001:0:7f00:1::]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]"],
    "ISATAP": [
        *("[2a00:1450:4009::5efe:7f00:1]", "[2a00:1450:4009::200:5efe:a9fe:a9fe]"),
        *("[fe80::5efe:127.0.0.1]", "[2a00:1450:4009::5efe:10.0.0.1]"),
    ],
    "decimal": ["2130706433", "2852039166", "167772161", "3232235777", "0"],
    "octal": ["0177.0.0.1", "017700000001", "0251.0376.0251.0376", "0177.0.0.01", "012.0.0.1"],
    "hexadecimal": [
        *("0x7f.0.0.1", "0x7f000001", "0x7F.0x0.0x0.0x1", "0xa9fea9fe", "0x0a.0.0.1"),
        "0xA9.0xFE.0xA9.0xFE",
    ],
    "short": ["127.1", "127.0.1", "10.1", "169.254.43518", "192.168.257"],
    "mixed": ["0x7f.1", "0177.1", "127.0x1", "0xa9.254.0251.254"],
    "overflowing": ["256.0.0.1", "4294967297", "127.0.0.257", "1.2.3.4.5"],
    "names of this host": [
        *("localhost", "LOCALHOST", "localhost.", "foo.localhost", "a.b.localhost."),
    ],
    "trailing dots": ["127.0.0.1.", "10.0.0.1.", "169.254.169.254.", "2130706433."],
    "fullwidth and enclosed": [
        *("１２７.０.０.１", "127。0。0。1", "１６９．２５４．１６９．２５４", "①②⑦.⓪.⓪.①"),
        *("ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "127｡0｡0｡1"),
    ],
    "odd": ["[::1%25lo]", "[fe80::1%25eth0]", "[::1%lo]", "[127.0.0.1]", "127.0.0.1%00.example"],
}
HOSTS = [pytest.param(host, id=f"{kind}: {host}") for kind in INSIDE for host in INSIDE[kind]]
URLS = {
    "userinfo": [
        *("http://user@example.com/", "http://user:pass@example.com/", "http://@127.0.0.1/"),
        *("http://example.com@127.0.0.1/", "http://example.com%40127.0.0.1/"),
        *("http://example.com:80@127.0.0.1/", "http://127.0.0.1#@example.com/"),
        *("http://127.0.0.1?@example.com/", "http://foo:bar@[::1]/"),
    ],
    "another scheme": [
        *("file:///etc/passwd", "gopher://127.0.0.1:70/", "ftp://example.com/", "dict://x/"),
        *(
            "unix:/var/run/docker.sock",
            "javascript:alert(1)",
            "ws://example.com/",
            "//example.com/",
        ),
    ],
    "no URL": [
        *("", "example.com", "http://", "http:///path", "https:example.com", "http://:80/"),
        *("http://[::1", "http://exa mple.com/", "http://example.com:port/"),
        *("http://example.com:99999/", "http://example.com:0/", "http://..../", "http://a..b/"),
    ],
    "confused parsers": [
        *("http://127.0.0.1\\@example.com/", "http://example.com\\@127.0.0.1/"),
        *("http://127.0.0.1\t.example.com/", "http://127.0.0.1\n/", "\x00http://example.com/"),
        *("http://example.com\r\nHost: 127.0.0.1/", "http:\\\\127.0.0.1/", "http://127.1:80\\/"),
    ],
}
NO_URLS = [pytest.param(url, id=f"{kind}: {url!r}") for kind in URLS for url in URLS[kind]]
OUTSIDE = [
    "https://example.com/hook",
    "http://example.com:8080/hook?x=1",
    "https://hooks.example.com.:8443/",
    "https://bücher.example/",
    "https://xn--bcher-kva.example/",
    "https://例え.テスト/",
    "http://8.8.8.8/",
    "http://1.1.1.1:9000/",
    "https://172.15.0.1/",
    "https://172.32.0.1/",
    "https://100.63.255.255/",
    "https://169.253.1.1/",
    "https://[2606:4700:4700::1111]/",
    "https://[2606:4700::5efe:808:808]/",
    "https://127.0.0.1.nip.example/",
    "https://localhost.example.com/",
    "https://10.example.com/",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("port", ["", ":8443"])
def test_a_host_inside_is_refused_when_it_is_given(host: str, port: str) -> None:
    assert explain_refusal(f"http://{host}{port}/hook", ()) is not None


@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_plain_url_is_refused_when_it_is_given(url: str) -> None:
    assert explain_refusal(url, ()) is not None


@pytest.mark.parametrize("url", OUTSIDE)
def test_what_lies_outside_is_taken(url: str) -> None:
    assert explain_refusal(url, ()) is None


def test_the_corpus_has_at_least_120_cases() -> None:
    assert len(HOSTS) + len(NO_URLS) >= 120


def test_a_refusal_says_why_in_words() -> None:
    reason = explain_refusal("http://169.254.169.254/latest/meta-data", ())
    assert reason is not None
    assert reason.startswith("may not be called: ")
    assert "169.254.169.254" in reason


def send(
    url: str, *, resolver: Resolver | None = None, allow: Sequence[str] = (), times: int = 1
) -> list[HttpResult | HttpFailure]:
    """Call a URL that a user gave, over connections of their own."""

    async def run() -> list[HttpResult | HttpFailure]:
        results = []
        for _ in range(times):
            egress = EgressClient(allow, resolver=resolver)
            results.append(
                await egress.call_guarded(HttpCall("POST", url, {}, b"{}", timeout_s=60))
            )
            await egress.close()
        return results

    return asyncio.run(run())


def is_refused(result: HttpResult | HttpFailure) -> bool:
    return (
        isinstance(result, HttpFailure)
        and result.certainty is Certainty.NOT_SENT
        and result.reason.startswith("may not be called")
    )


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_inside_is_refused_when_it_is_dialled(host: str) -> None:
    """The last check: the row may have been changed, or the URL be older than the rule."""
    (result,) = send(f"http://{host}/hook")
    assert isinstance(result, HttpFailure)
    assert result.certainty is Certainty.NOT_SENT


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "168.63.129.16", "0.0.0.0", "::1", "fe80::1"),
        *("fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1"),
        *("2001:0:7f00:1::", "2a00:1450:4009::5efe:7f00:1", "224.0.0.1", "100.64.0.1", "::"),
    ],
)
def test_a_name_that_leads_inside_is_refused_on_the_address(address: str) -> None:
    with Sink() as sink:
        port = sink.url.rpartition(":")[2]
        (result,) = send(f"http://hooks.example:{port}/", resolver=Resolver([address]))
        assert is_refused(result)
        assert sink.received == []


def test_a_name_with_one_answer_inside_is_refused_whole() -> None:
    (result,) = send("http://hooks.example/", resolver=Resolver(["93.184.216.34", "127.0.0.1"]))
    assert is_refused(result)


def test_a_name_is_looked_up_once_and_what_was_checked_is_dialled() -> None:
    """Rebinding: whoever asks a second time would be told an address inside."""
    with Sink() as sink:
        port = sink.url.rpartition(":")[2]
        resolver = Resolver(["127.0.0.1"], ["10.0.0.1"])
        (result,) = send(f"http://hooks.example:{port}/", resolver=resolver, allow=["127.0.0.1/32"])
        assert isinstance(result, HttpResult)
        assert resolver.asked == ["hooks.example"]
        assert sink.received[0].headers["host"] == f"hooks.example:{port}"


def test_a_name_that_moves_inside_between_two_connections_is_refused_the_second_time() -> None:
    with Sink() as sink:
        port = sink.url.rpartition(":")[2]
        resolver = Resolver(["127.0.0.1"], ["127.0.0.2"])
        first, second = send(
            f"http://hooks.example:{port}/", resolver=resolver, allow=["127.0.0.1/32"], times=2
        )
        assert isinstance(first, HttpResult)
        assert is_refused(second)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with Sink() as inside, Sink([status], headers={"location": inside.url}) as outside:
        (result,) = send(outside.url, allow=["127.0.0.1/32"])
        assert isinstance(result, HttpResult)
        assert result.status == status
        assert len(outside.received) == 1
        assert inside.received == []


def test_proxies_in_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as proxy, Sink() as sink:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        (result,) = send(sink.url, allow=["127.0.0.1/32"])
        assert isinstance(result, HttpResult)
        assert (len(sink.received), proxy.received) == (1, [])


def test_an_endless_answer_is_cut() -> None:
    with Sink(body=b"x" * 1_000_000) as sink:
        (result,) = send(sink.url, allow=["127.0.0.1/32"])
        assert isinstance(result, HttpResult)
        assert len(result.body) <= 16 * 1024


def test_a_silent_receiver_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def call(sink: Sink) -> HttpResult | HttpFailure:
        passing = LoopTime(monkeypatch)
        egress = EgressClient(["127.0.0.1/32"])
        try:
            call = HttpCall("POST", sink.url, {}, b"{}", timeout_s=600)
            asking = asyncio.create_task(egress.call_guarded(call))
            await wait_for_condition(lambda: bool(sink.received))
            passing.move(600)
            return await asking
        finally:
            await egress.close()

    with Sink(is_silent=True) as sink:
        result = asyncio.run(call(sink))
        assert isinstance(result, HttpFailure)
        assert result.certainty is Certainty.UNKNOWN
        assert "600 s" in result.reason


def test_a_silent_name_server_holds_nobody_beyond_their_time() -> None:
    may_answer, answered = threading.Event(), threading.Event()

    class Silent(Resolver):
        def __call__(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
            may_answer.wait(PATIENCE_S)
            answered.set()
            return super().__call__(host, port)

    async def call() -> HttpResult | HttpFailure:
        egress = EgressClient((), resolver=Silent(["127.0.0.1"]))
        result = await egress.call_guarded(
            HttpCall("POST", "http://hooks.example/", {}, b"{}", timeout_s=0.2)
        )
        assert not answered.is_set()
        may_answer.set()
        await egress.close()
        return result

    result = asyncio.run(call())
    assert isinstance(result, HttpFailure)
    assert (result.certainty, result.reason) == (
        Certainty.NOT_SENT,
        "no whole answer within 0.2 s",
    )


def test_addresses_that_an_operator_configured_are_not_guarded() -> None:
    async def call(url: str) -> HttpResult | HttpFailure:
        egress = EgressClient(())
        try:
            return await egress.call_provider(HttpCall("POST", url, body=b"{}"))
        finally:
            await egress.close()

    with Sink() as sink:
        result = asyncio.run(call(sink.url))
        assert isinstance(result, HttpResult)
        assert result.status == 200


def test_connections_are_kept_and_one_that_was_closed_meanwhile_is_replaced() -> None:
    async def run() -> list[HttpResult | HttpFailure]:
        egress = EgressClient(["127.0.0.1/32"])
        results = []
        with Sink() as sink:
            call = HttpCall("POST", sink.url, {}, b"{}", timeout_s=60)
            results += [await egress.call_guarded(call) for _ in range(3)]
            sink.close_connections()
            results.append(await egress.call_guarded(call))
            opened = sink.connections
        await egress.close()
        assert opened == 2
        return results

    assert [isinstance(one, HttpResult) for one in asyncio.run(run())] == [True] * 4
