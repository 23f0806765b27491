"""Files of providers: whom the credentials of an account are sent to on the way to one."""

from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import count
from pathlib import Path
from threading import Semaphore

import pytest

from tests.egress.test_policy import HOSTS, NO_URLS
from tests.support.origin import MP4, build_head, serve_by_path, serve_whole
from tests.support.resolver import Resolver
from tests.support.tls import make_certificates
from tests.support.upstream import Asked, Script, Upstream
from tracker.domain.errors import BrokenTransfer
from tracker.domain.exchange import HttpFailure, HttpStream
from tracker.egress.download import Downloading

pytestmark = pytest.mark.anyio

REFUSED = ("may not be", "the address is not valid")
KEY = {"authorization": "Bearer of-the-account"}
ELSEWHERE = "files.example"


def port_of(origin: Upstream) -> str:
    return origin.url.rpartition(":")[2]


async def download(url: str, secrets: Mapping[str, Mapping[str, str]]) -> bytes:
    """Fetch a file. Every name leads to this machine."""
    way = Downloading(["127.0.0.1/32"], cap=1024, silence_s=20, resolver=Resolver(["127.0.0.1"]))
    answer = await way.open_file(url, {}, secrets)
    assert isinstance(answer, HttpStream), answer
    try:
        return b"".join([piece async for piece in answer.chunks])
    finally:
        await answer.chunks.aclose()


async def test_credentials_go_to_the_named_host_and_to_none_that_a_redirect_leads_to() -> None:
    there: dict[str, Script] = {"/end": serve_whole(MP4)}
    back: dict[str, Script] = {}
    with Upstream(serve_by_path(there)) as named, Upstream(serve_by_path(back)) as other:
        # Both are this machine, where plain text may carry credentials: the name alone decides.
        away, home = f"http://localhost:{port_of(other)}/film", f"{named.url}/end"
        there["/film"] = serve_whole(b"", f"location: {away}", status="302 Found")
        back["/film"] = serve_whole(b"", f"location: {home}", status="307 Temporary Redirect")
        assert await download(f"{named.url}/film", {"127.0.0.1": KEY}) == MP4
    assert [one.headers.get("authorization") for one in named.asked] == [KEY["authorization"]] * 2
    assert ["authorization" in one.headers for one in other.asked] == [False]


@pytest.mark.parametrize("host", [f"{ELSEWHERE}.attacker.example", f"sub.{ELSEWHERE}", "127.0.0.1"])
async def test_a_host_of_another_name_gets_no_credentials(host: str) -> None:
    with Upstream(serve_whole(MP4)) as origin:
        await download(f"http://{host}:{port_of(origin)}/film", {ELSEWHERE: KEY})
    assert ["authorization" in one.headers for one in origin.asked] == [False]


async def test_credentials_do_not_leave_this_machine_in_plain_text() -> None:
    with Upstream(serve_whole(MP4)) as origin:
        await download(f"http://{ELSEWHERE}:{port_of(origin)}/film", {ELSEWHERE: KEY})
    assert ["authorization" in one.headers for one in origin.asked] == [False]


async def test_a_redirect_from_https_to_plain_http_is_followed_without_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links of providers are plain http as well; only the key may not be sent in the open."""
    made = make_certificates(tmp_path, ELSEWHERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    with Upstream(serve_whole(MP4)) as plain:
        away = f"location: http://{ELSEWHERE}:{port_of(plain)}/film"
        with Upstream(serve_whole(b"", away, status="302 Found"), certificates=made) as origin:
            url = f"https://{ELSEWHERE}:{port_of(origin)}/film"
            assert await download(url, {ELSEWHERE: KEY}) == MP4
    assert [one.headers.get("authorization") for one in origin.asked] == [KEY["authorization"]]
    assert ["authorization" in one.headers for one in plain.asked] == [False]


async def test_a_host_whose_certificate_is_of_another_name_is_asked_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_certificates(tmp_path, ELSEWHERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    way = Downloading(["127.0.0.1/32"], cap=1024, silence_s=20, resolver=Resolver(["127.0.0.1"]))
    with Upstream(serve_whole(MP4), certificates=made) as origin:
        url = f"https://other.example:{port_of(origin)}/film"
        answer = await way.open_file(url, {}, {"other.example": KEY})
    assert isinstance(answer, HttpFailure)
    assert "certificate" in answer.reason
    assert origin.asked == []


@pytest.mark.parametrize("address", ["10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "fd00::1"])
async def test_a_redirect_to_a_name_that_leads_inside_is_not_followed(address: str) -> None:
    names = Resolver(["127.0.0.1"], [address])
    way = Downloading(["127.0.0.1/32"], cap=1024, silence_s=20, resolver=names)
    moved = serve_whole(b"", "location: http://inside.example:8080/film", status="302 Found")
    with Upstream(moved) as origin:
        answer = await way.open_file(f"{origin.url}/film", {}, {})
    assert isinstance(answer, HttpFailure)
    assert answer.reason.startswith("may not be called")
    assert len(origin.asked) == 1


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        (["127.0.0.77", "127.0.0.1"], ""),
        (["127.0.0.1", "10.0.0.1"], "may not be called"),
        (["10.0.0.1", "127.0.0.1"], "may not be called"),
    ],
    ids=["one is dead", "one is inside", "the first is inside"],
)
async def test_a_host_of_two_addresses_is_reached_by_either_and_by_none_if_one_is_inside(
    addresses: list[str], reason: str
) -> None:
    names = Resolver(addresses, ["10.0.0.1"])  # another answer comes to whoever asks again
    way = Downloading(["127.0.0.0/24"], cap=1024, silence_s=20, resolver=names)
    with Upstream(serve_whole(MP4)) as origin:
        answer = await way.open_file(f"http://{ELSEWHERE}:{port_of(origin)}/film", {}, {})
        if isinstance(answer, HttpStream):
            await answer.chunks.aclose()
        assert len(origin.asked) == (0 if reason else 1)
    said = answer.reason if isinstance(answer, HttpFailure) else ""
    assert said.startswith(reason)
    assert bool(said) == bool(reason)
    assert names.asked == [ELSEWHERE]


async def test_no_spelling_of_an_address_inside_is_reached_by_a_redirect() -> None:
    """The whole corpus of addresses, each as the place that an origin outside leads to."""
    hosts = {str(one.values[0]) for one in HOSTS} - {"127.0.0.1"}  # which is the origin's own
    urls = {str(one.values[0]) for one in NO_URLS}
    corpus = sorted({f"http://{host}:8443/" for host in hosts} | urls)
    places = [one for one in corpus if ":" in one and not {*"\r\n\x00"} & {*one}]
    assert len(places) > 160
    reached = []

    def lead(asked: Asked) -> Iterable[bytes]:
        number = int(asked.line.split()[1].strip("/"))
        return [build_head("302 Found", 0, f"location: {places[number]}")]

    with Upstream(lead) as origin:
        for number, place in enumerate(places):
            names = Resolver(["127.0.0.1"], ["10.0.0.1"])  # every other name leads inside
            way = Downloading(["127.0.0.1/32"], cap=1024, silence_s=20, resolver=names)
            url = f"http://origin.example:{port_of(origin)}/{number}"
            answer = await way.open_file(url, {}, {})
            if not (isinstance(answer, HttpFailure) and answer.reason.startswith(REFUSED)):
                reached.append((place, answer))
        assert len(origin.asked) == len(places)
    assert reached == []


async def test_an_origin_that_drips_is_ended_long_before_its_file() -> None:
    """Each byte comes when the one before it was read, and a second later by the reader's clock."""
    was_read = Semaphore(0)

    def drip(asked: Asked) -> Iterable[bytes]:
        del asked
        yield build_head("200 OK", 1000)
        for _ in range(1000):
            yield b"x"
            was_read.acquire()

    ticks, came = count(), bytearray()
    way = Downloading(["127.0.0.1/32"], cap=9999, silence_s=6, clock=lambda: float(next(ticks)))

    async def read(chunks: AsyncIterator[bytes]) -> None:
        async for piece in chunks:
            came.extend(piece)
            was_read.release()

    with Upstream(drip) as origin:
        answer = await way.open_file(f"{origin.url}/film", {}, {})
        assert isinstance(answer, HttpStream)
        with pytest.raises(BrokenTransfer, match="only 61 bytes came within 60 s"):
            await read(answer.chunks)
        await answer.chunks.aclose()
        was_read.release(1000)  # the origin finds out by itself
    assert came == b"x" * 60
