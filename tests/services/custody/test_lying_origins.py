"""Origins that lie while a transfer goes on, and addresses that a redirect must not lead to.

Each comes to a stated reason; none to a file that is not whole, or not the origin's.
"""

import gzip
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.custody import RULES, CustodyBench, open_custody
from tests.support.origin import (
    BLOCK,
    build_head,
    make_film,
    serve_by_path,
    serve_in_turn,
    serve_whole,
)
from tests.support.upstream import Asked, Script, Upstream

pytestmark = pytest.mark.anyio

FILM, OTHER = make_film(12 * BLOCK), make_film(12 * BLOCK, seed=1)
CUT = 4 * BLOCK
AGES_AGO = "last-modified: Sat, 01 Nov 2025 10:00:00 GMT"


def _cut(*lines: str, body: bytes = FILM) -> Script:
    """Give the beginning of a file, and break off."""
    return lambda _asked: [build_head("200 OK", len(body), *lines), body[:CUT]]


def _rest(content_range: str, *lines: str, body: bytes = FILM) -> Script:
    """Answer a request for a range with what is asked for. {at}: where that begins."""

    def answer(asked: Asked) -> Iterable[bytes]:
        at = int(asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
        said = content_range.format(at=at, end=len(body) - 1, size=len(body))
        yield build_head("206 Partial Content", len(body) - at, f"content-range: {said}", *lines)
        yield body[at:]

    return answer


def _chunked(body: bytes, *lines: str, is_cut: bool, behind: str = "") -> Script:
    def answer(_asked: Asked) -> Iterable[bytes]:
        yield build_head("200 OK", None, "transfer-encoding: chunked", *lines)
        yield f"{len(body):x}\r\n".encode() + body + b"\r\n"
        if not is_cut:
            yield f"0\r\n{behind}\r\n".encode()

    return answer


def _unframed(body: bytes, *lines: str) -> Script:
    """Give a body whose end is that of the connection."""
    return lambda _asked: [build_head("200 OK", None, *lines), body]


def _short(body: bytes, size: int, *lines: str) -> Script:
    """Announce less than there is, and send no more than that."""
    return lambda _asked: [build_head("200 OK", size, *lines), body[:size]]


def _some_of_rest(asked: Asked) -> Iterable[bytes]:
    """Answer a request for the rest by a part of it, whole by its own length."""
    at = int(asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
    end = at + 2 * BLOCK
    said = f"content-range: bytes {at}-{end - 1}/{len(FILM)}"
    yield build_head("206 Partial Content", end - at, said, TAG)
    yield FILM[at:end]


def _endlessly(piece: bytes, *, before: Script | None = None) -> Script:
    """Go on with the same bytes as long as anybody reads them."""

    def answer(asked: Asked) -> Iterable[bytes]:
        yield from () if before is None else before(asked)
        while True:
            yield piece

    return answer


def _gzipped(size: int) -> Script:
    """Begin an answer of unknown length with a whole member of gzip."""
    return lambda _asked: [
        build_head("200 OK", None, "content-encoding: gzip"),
        gzip.compress(FILM[:size]),
    ]


def _to(url: str) -> Script:
    return serve_whole(b"", f"location: {url}", status="302 Found")


TAG, WEAK = 'etag: "1"', 'etag: W/"1"'
WHOLE_RANGE = f"content-range: bytes 0-{len(FILM) - 1}/{len(FILM)}"
RIGHT = "bytes {at}-{end}/{size}"
HTML_TEXT = b"<!doctype html><title>Sign in</title>" + b" " * 900
HTML = serve_whole(HTML_TEXT)
ZEROS = bytes(99_999)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x40IDAT" + bytes(68) + b"\0\0\0\0IEND\xaeB`\x82"
MP3 = b"\xff\xfb\x90\x64" + bytes(800)
SHORTENED = b"\xff\xfb\x90\x64" + bytes(32) + b"Info\0\0\0\2" + (9000).to_bytes(4) + bytes(999)
"""MP3 whose first frame says that there is more, as cutting it may have left it."""
RESUMED: dict[str, tuple[Script, ...]] = {
    "goes on": (_cut(TAG), _rest(RIGHT, TAG)),
    "another total": (_cut(TAG), _rest("bytes {at}-{end}/9", TAG), serve_whole(FILM)),
    "another start": (_cut(TAG), _rest("bytes 0-{end}/{size}", TAG), serve_whole(FILM)),
    "no Content-Range": (_cut(TAG), _rest("none", TAG), serve_whole(FILM)),
    "another version": (_cut(TAG), _rest(RIGHT, 'etag: "2"', body=OTHER), serve_whole(FILM)),
    "another file, unsaid": (_cut(TAG), _rest(RIGHT, TAG, body=OTHER), serve_whole(FILM)),
    "the whole for a range": (_cut(TAG), serve_whole(FILM, TAG), serve_whole(FILM)),
    "more than announced": (
        _cut(TAG),
        _rest("bytes {at}-{end}/*", TAG, body=FILM + b"more"),
        serve_whole(b"", status="416 Range Not Satisfiable"),
        serve_whole(FILM),
    ),
    "a weak version": (_cut(WEAK), serve_whole(FILM)),
    "a weak version and a date": (_cut(WEAK, AGES_AGO), _rest(RIGHT, AGES_AGO)),
    "another end": (_cut(TAG), _rest("bytes {at}-9/{size}", TAG)),
    "parts in a form": (
        _cut(TAG),
        _rest("none", TAG, "content-type: multipart/byteranges; boundary=x"),
        serve_whole(FILM),
    ),
    "a coding for the rest alone": (
        _cut(TAG),
        _rest(RIGHT, TAG, "content-encoding: gzip"),
        serve_whole(FILM),
    ),
    "bytes behind the length": (
        lambda _asked: [build_head("200 OK", len(FILM), "connection: close"), FILM + b"more"],
    ),
    "the end of a file for its beginning": (
        _cut(TAG),
        _rest("bytes 9-{end}/{size}", TAG),
        serve_whole(FILM),
    ),
    "a complete file for none": (
        _cut(TAG),
        serve_whole(b"", f"content-range: bytes */{len(FILM)}", status="416 Range Not Satisfiable"),
        serve_whole(FILM),
    ),
    "all of it as a range that nobody asked for": (
        lambda _asked: [build_head("206 Partial Content", len(FILM), WHOLE_RANGE), FILM],
    ),
    "its beginning as a range that nobody asked for": (
        lambda _asked: [
            build_head(
                "206 Partial Content", CUT, f"content-range: bytes 0-{CUT - 1}/{len(FILM)}", TAG
            ),
            FILM[:CUT],
        ],
        _rest(RIGHT, TAG),
    ),
    "another way for the rest": (_cut(TAG), _to("/moved"), _rest(RIGHT, TAG)),
    "many first words": (
        lambda _asked: [
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 50,
            build_head("200 OK", len(FILM)),
            FILM,
        ],
    ),
    "words behind the end": (
        _chunked(FILM, is_cut=False, behind="repr-digest: sha-256=:AAAA:\r\nset-cookie: a=1\r\n"),
    ),
    "a cut in chunks": (_chunked(FILM[:CUT], TAG, is_cut=True), _rest(RIGHT, TAG)),
    "a cut in chunks of no version": (_chunked(FILM[:CUT], is_cut=True), serve_whole(FILM)),
    "a part of the rest, of a length unknown before": (
        _chunked(FILM[:CUT], TAG, is_cut=True),
        _some_of_rest,
        _rest(RIGHT, TAG),
    ),
    "a rest that names no length, of one unknown before": (
        _chunked(FILM[:CUT], TAG, is_cut=True),
        _rest("bytes {at}-{end}/*", TAG),
        serve_whole(FILM),
    ),
    "a cut that looks like an end": (
        _unframed(FILM[:CUT], TAG),
        _rest(RIGHT, TAG),
        _rest(RIGHT, TAG),
    ),
    "a cut that looks like an end, of no version": (
        _unframed(FILM[:CUT]),
        _rest(RIGHT),
        serve_whole(FILM),
    ),
    "an end that is one": (_unframed(FILM, TAG), _rest(RIGHT, TAG)),
    "an end that is one, of an origin without ranges": (_unframed(FILM), serve_whole(FILM)),
    "an end that is one, of a link that is good once": (
        _unframed(FILM),
        serve_whole(b"", status="403 Forbidden"),
    ),
    "a shorter file behind an end": (
        _unframed(FILM[:CUT], TAG),
        serve_whole(b"", f"content-range: bytes */{CUT - 9}", status="416 Range Not Satisfiable"),
        serve_whole(b"", status="416 Range Not Satisfiable"),
        serve_whole(FILM),
    ),
    "a length that is too short, of an origin that knows better": (
        _short(FILM, CUT, TAG),
        _rest(RIGHT, TAG),
        _rest(RIGHT, TAG),
    ),
    "another length beside chunks": (_chunked(FILM, "content-length: 5", is_cut=False),),
    "a length that is too short, once": (
        _short(FILM, CUT),
        _rest(RIGHT),
        serve_whole(FILM),
    ),
    "a cut in a coding": (
        _cut("content-encoding: gzip", TAG, body=gzip.compress(FILM)),
        serve_whole(gzip.compress(FILM), "content-encoding: gzip"),
    ),
}
"""Answers in their turn, after which the film is kept."""
LOOP = serve_by_path({"/film.mp4": _to("/b"), "/b": _to("/film.mp4")})
BAD: dict[str, tuple[Script, str, str]] = {
    "a range that nobody asked for": (
        lambda _asked: [
            build_head("206 Partial Content", 9, "content-range: bytes 1-9/10"),
            FILM[:9],
        ],
        *("wanted", "the origin answers 206"),
    ),
    "a page behind a film's beginning": (serve_in_turn(_cut(TAG), HTML), "refused", "HTML"),
    "an unknown coding": (serve_whole(FILM, "content-encoding: lzma"), "wanted", "lzma"),
    "nothing, in chunks": (
        lambda _asked: [build_head("200 OK", None, "transfer-encoding: chunked"), b"0\r\n\r\n"],
        *("wanted", "sent nothing"),
    ),
    "words behind the end without end": (
        _endlessly(b"a: b\r\n", before=_chunked(FILM, is_cut=False, behind="c: d")),
        *("wanted", "Receive buffer too long"),
    ),
    "padding behind a coding": (
        _endlessly(bytes(1 << 16), before=_gzipped(len(FILM))),
        *("refused", "larger than"),
    ),
    "the length of what is coded": (
        lambda _asked: [
            build_head("200 OK", len(FILM), "content-encoding: gzip"),
            gzip.compress(ZEROS),
        ],
        *("wanted", "not proper HTTP"),
    ),
    "a range that is never there": (
        serve_in_turn(*[_cut(TAG), serve_whole(b"", status="416 Range Not Satisfiable")] * 40),
        *("wanted", "does not go on"),
    ),
    "a version for each answer": (
        serve_in_turn(*[_cut(f'etag: "{number}"') for number in range(80)]),
        *("wanted", "does not go on"),
    ),
    "an SVG that is none": (
        serve_whole(b"\xef\xbb\xbf <!-- --><html><svg/></html>"),
        "refused",
        "HTML",
    ),
    "a page within a picture's name": (
        serve_whole(HTML_TEXT, "content-disposition: attachment; filename=film.mp4"),
        *("refused", "HTML"),
    ),
    "a page in UTF-16, which begins as MPEG audio does": (
        serve_whole(HTML_TEXT.decode().encode("utf-16")),
        *("refused", "sent text"),
    ),
    "a page behind blank lines": (serve_whole(b"\n" * 600 + HTML_TEXT), "refused", "sent text"),
    "a sentence": (serve_whole("链接已过期".encode()), "refused", "sent text"),
    "a list of numbers": (serve_whole(b"[1, 2]"), "refused", "sent text"),
    "a playlist": (serve_whole(b"#EXTM3U\n1.ts\n"), "refused", "sent a playlist"),
    "a length that is too short": (_short(FILM, CUT), "wanted", "is cut: it says that it has"),
    "a length that is too short, of a picture": (_short(PNG, 84), "wanted", "without its end"),
    "a length that is too short, of what does not say where it ends": (
        lambda _asked: [build_head("200 OK", 400), MP3],
        *("wanted", "more came than the 400 bytes"),
    ),
    "a part of a sound, of an origin without ranges": (serve_whole(SHORTENED), "wanted", "is cut"),
    "a part of a film in a coding": (
        serve_whole(gzip.compress(FILM[:CUT]), "content-encoding: gzip"),
        *("wanted", "is cut"),
    ),
    "nothing": (serve_whole(b""), "wanted", "sent nothing"),
    "no content": (lambda _asked: [build_head("204 No Content", None)], "wanted", "answers 204"),
    "unchanged, unasked": (
        lambda _asked: [build_head("304 Not Modified", None, TAG)],
        *("wanted", "answers 304"),
    ),
    "two lengths": (
        lambda _asked: [build_head("200 OK", 9, "content-length: 8"), FILM[:9]],
        *("wanted", "not proper HTTP"),
    ),
    "a return within a type": (
        serve_whole(FILM, "content-type: video/mp4\rset-cookie: a=1"),
        *("wanted", "not proper HTTP"),
    ),
    "a coding that is none": (serve_whole(FILM, "content-encoding: gzip"), "refused", "is broken"),
    "a redirect with a password": (_to("http://me:secret@127.0.0.1:9/"), "refused", "may not"),
    "a file of ours": (_to("file:///etc/passwd"), "refused", "may not"),
    "nothing but cuts": (_chunked(FILM[:CUT], TAG, is_cut=True), "wanted", "does not go on"),
    "a loop": (LOOP, "wanted", "more than 3 redirects"),
    "a mapped address": (_to("http://[::ffff:10.0.0.1]/"), "refused", "may not"),
    "a private address": (_to("http://192.168.0.1/"), "refused", "may not"),
    "an address in disguise": (_to("http://2852039166/"), "refused", "may not"),
    "data in a URL": (_to("data:video/mp4;base64,AAAA"), "refused", "may not"),
    "FTP": (_to("ftp://files.example/film.mp4"), "refused", "may not"),
    "what is no URL": (_to("http://[::1"), "refused", "no URL"),
    "a port that is none": (_to("http://files.example:99999/"), "refused", "may not"),
}
"""An answer that is always the same, the state that it comes to, and a part of the reason."""


async def test_a_transfer_that_was_cut_is_kept_whole_whatever_its_origin_says(
    custody: CustodyBench,
) -> None:
    found = {}
    for name, scripts in RESUMED.items():
        with Upstream(serve_in_turn(*scripts)) as origin:
            task = await custody.create_succeeded({"url": f"{origin.url}/film.mp4"}, name=name)
            await custody.fetch()
        (asset,) = await custody.list_assets(task)
        found[name] = (asset.state.value, asset.sha256 == sha256(FILM).digest(), len(origin.asked))
    assert found == {name: ("kept", True, len(scripts)) for name, scripts in RESUMED.items()}
    assert len(custody.list_files()) == 1  # all of the same bytes
    assert custody.render_parts() == []


async def test_each_lie_and_each_forbidden_way_has_its_reason(custody: CustodyBench) -> None:
    found = {}
    for name, (script, ended, _) in BAD.items():
        with Upstream(script) as origin:
            task = await custody.create_succeeded({"url": f"{origin.url}/film.mp4"}, name=name)
            await custody.fetch(rounds=2, is_last=ended == "refused")
        (asset,) = await custody.list_assets(task)
        found[name] = (asset.state.value, asset.reason or "")
        await custody.forget(task)  # the next origin may get this one's port
    assert {name: state for name, (state, _) in found.items()} == {
        name: state for name, (_, state, _) in BAD.items()
    }, found
    unsaid = {name: found[name] for name, (_, _, part) in BAD.items() if part not in found[name][1]}
    assert unsaid == {}
    assert custody.list_files() == custody.render_parts() == []


async def test_an_origin_that_has_no_file_for_hours_loses_none(custody: CustodyBench) -> None:
    closed = [serve_whole(b"", status=status) for status in ("403 Forbidden", "404 Not Found")]
    with Upstream(serve_in_turn(*[HTML, *closed] * 4, serve_whole(FILM))) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"}, rounds=13)
    assert (asset.state.value, len(origin.asked)) == ("kept", 13)


async def test_a_sound_that_its_origin_confirms_is_kept_whatever_its_first_frame_says(
    custody: CustodyBench,
) -> None:
    with Upstream(serve_in_turn(serve_whole(SHORTENED), _rest(RIGHT, body=SHORTENED))) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/song.mp3", "kind": "audio"})
    assert (asset.state.value, asset.size) == ("kept", len(SHORTENED))


async def test_a_file_is_found_whose_url_or_way_is_spelt_as_browsers_take_it(
    custody: CustodyBench,
) -> None:
    scripts = {
        "/a%20film.mp4": _to(" /ein schöner film.mp4 "),
        "/ein%20sch%C3%B6ner%20film.mp4": serve_whole(FILM),
    }
    with Upstream(serve_by_path(scripts)) as origin:
        url = origin.url.replace("http", "HTTP")
        asset = await custody.fetch_new({"url": f"{url}/a film.mp4#t=1"})
    assert (asset.state.value, asset.sha256) == ("kept", sha256(FILM).digest())


async def test_an_origin_that_asks_to_wait_is_not_asked_sooner(custody: CustodyBench) -> None:
    busy = serve_whole(b"", "retry-after: 600", status="429 Too Many Requests")
    with Upstream(busy) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"})
    assert (asset.state.value, asset.reason) == ("wanted", "the origin answers 429")
    due = await custody.fetching.find_next_due()
    assert due is not None
    assert due > custody.bench.context.clock.now() + timedelta(seconds=500)


async def test_a_file_of_another_scheme_is_not_wanted(custody: CustodyBench) -> None:
    urls = ("ftp://files.example/a.mp4", "file:///etc/passwd", "data:video/mp4;base64,AAAA")
    task = await custody.create_succeeded(*({"url": url} for url in urls))
    assert await custody.list_assets(task) == []


async def test_first_words_without_end_are_silence(sqlite_url: str, tmp_path: Path) -> None:
    rules = replace(RULES, silence_s=0.05)
    processing = _endlessly(b"HTTP/1.1 102 Processing\r\n\r\n")
    with Upstream(processing) as origin:
        async with open_custody(sqlite_url, tmp_path, rules=rules) as custody:
            asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"})
    assert (asset.state.value, asset.reason) == ("wanted", "not a byte came for 0.05 s")
