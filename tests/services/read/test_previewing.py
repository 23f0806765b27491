"""Pieces of results for pages: what may be shown, what is passed on, and how many at once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from tests.support.made_up_api import Played
from tests.support.origin import (
    MP4,
    build_head,
    make_film,
    serve_by_path,
    serve_ranges,
    serve_whole,
)
from tests.support.upstream import Script, Upstream
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.domain.preview import MAX_BYTES, choose_shown_type
from tracker.domain.task import Artifact, Task
from tracker.egress.download import Downloading
from tracker.services.read.previewing import (
    AT_ONCE,
    PATIENCE_S,
    CannotShow,
    NoPreview,
    OpenPreview,
    PieceFile,
    Previews,
)

pytestmark = pytest.mark.anyio
HERE = ["127.0.0.0/8"]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(600)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' + bytes(600)
HTML = b"<!doctype html><script>alert(1)</script>" + bytes(600)
VIDEO = make_film(4000)


@pytest.mark.parametrize(
    ("first", "declared", "shown"),
    [
        (PNG, "image/png", "image/png"),
        (PNG, "IMAGE/PNG; charset=x", "image/png"),
        (PNG, "text/html", None),
        (PNG, "", None),
        (SVG, "image/svg+xml", None),
        (SVG, "image/png", None),
        (HTML, "video/mp4", None),
        (MP4, "video/mp4", "video/mp4"),
        (MP4, "audio/mp4", "audio/mp4"),
        (MP4, "application/octet-stream", None),
        (b"OggS", "audio/ogg", "audio/ogg"),
        (b"RIFF\0\0\0\0WAVE", "audio/x-wav", "audio/wav"),
        (b"RIFF\0\0\0\0AVI ", "video/x-msvideo", None),
        (b"BM", "image/bmp", None),
    ],
)
def test_bytes_and_declared_type_must_agree(first: bytes, declared: str, shown: str) -> None:
    assert choose_shown_type(first, declared) == shown


@asynccontextmanager
async def _previews(
    url: str, *, allow: list[str] = HERE, patience_s: float = PATIENCE_S
) -> AsyncIterator[tuple[Previews, Task]]:
    async with open_workbench(url, ScriptedHttp(Played())) as bench:
        downloads = Downloading(allow, cap=MAX_BYTES, silence_s=20)
        previews = Previews(bench.context, downloads, patience_s=patience_s)
        yield previews, await bench.create_queued("mine")


def _file(task: Task, url: str) -> PieceFile:
    return PieceFile(task, Artifact("video", url), None)


async def _read(opened: OpenPreview) -> bytes:
    try:
        return b"".join([chunk async for chunk in opened.iterate_chunks()])
    finally:
        await opened.aclose()


def _typed(body: bytes, kind: str) -> Script:
    return serve_whole(body, f"content-type: {kind}")


REFUSED: Mapping[str, tuple[Script, NoPreview]] = {
    "/svg": (_typed(SVG, "image/svg+xml"), NoPreview.TYPE),
    "/html": (_typed(HTML, "text/html"), NoPreview.TYPE),
    "/disguised": (_typed(HTML, "video/mp4"), NoPreview.TYPE),
    "/undeclared": (_typed(VIDEO, "text/plain"), NoPreview.TYPE),
    "/expired": (serve_whole(b"", status="403 Forbidden"), NoPreview.GONE),
    "/removed": (serve_whole(b"", status="404 Not Found"), NoPreview.GONE),
    "/broken": (serve_whole(b"", status="500 Oh"), NoPreview.UNREACHABLE),
    "/large": (
        lambda _: [build_head("200 OK", MAX_BYTES + 1, "content-type: video/mp4") + VIDEO],
        NoPreview.LARGE,
    ),
    "/inside": (
        serve_whole(b"", "location: http://10.0.0.1/x", status="302 Found"),
        NoPreview.FORBIDDEN,
    ),
}


async def test_what_is_refused_says_why_and_gives_its_turn_back(sqlite_url: str) -> None:
    scripts = {path: script for path, (script, _) in REFUSED.items()}
    with Upstream(serve_by_path(scripts)) as origin:
        async with _previews(sqlite_url) as (previews, task):
            for header in (None, "bytes=10-"):
                for path, (_, why) in REFUSED.items():
                    with pytest.raises(CannotShow) as refused:
                        await previews.open(_file(task, origin.url + path), header)
                    assert refused.value.why is why, path
            for url in (None, "data:image/png;base64,AA==", "ftp://example.com/x"):
                with pytest.raises(CannotShow) as refused:
                    await previews.open(PieceFile(task, Artifact("video", url), None), None)
                assert refused.value.why is NoPreview.NOTHING
            assert previews._turns._value == AT_ONCE


async def test_an_address_within_is_never_dialled(sqlite_url: str) -> None:
    with Upstream(_typed(VIDEO, "video/mp4")) as origin:
        async with _previews(sqlite_url, allow=[]) as (previews, task):
            with pytest.raises(CannotShow) as refused:
                await previews.open(_file(task, f"{origin.url}/film"), None)
            assert refused.value.why is NoPreview.FORBIDDEN
    assert origin.asked == []


async def test_ranges_are_passed_on_once_the_type_is_known(sqlite_url: str) -> None:
    body = make_film(3000)

    def typed(asked: object) -> list[bytes]:
        answer = b"".join(ranged_answer(asked))  # type: ignore[arg-type]
        return [answer.replace(b"\r\n", b"\r\ncontent-type: video/mp4\r\n", 1)]

    ranged_answer = serve_ranges(body)
    with Upstream(typed) as origin:
        async with _previews(sqlite_url) as (previews, task):
            file = _file(task, f"{origin.url}/film")
            whole_ = await previews.open(file, None)
            assert (whole_.status, whole_.headers["content-type"]) == (200, "video/mp4")
            assert await _read(whole_) == body
            # This origin wants If-Range, which players do not send: it answers with the whole.
            again = await previews.open(file, "bytes=100-")
            assert (again.status, await _read(again)) == (200, body)
    assert [one.headers.get("range") for one in origin.asked] == [None, "bytes=100-"]


async def test_a_range_of_an_unknown_file_is_looked_at_first(sqlite_url: str) -> None:
    body = make_film(3000)

    def answer(asked: object) -> list[bytes]:
        start, _, end = asked.headers["range"].removeprefix("bytes=").partition("-")  # type: ignore[attr-defined]
        last = int(end) if end else len(body) - 1
        piece = body[int(start) : last + 1]
        lines = ("content-type: video/mp4", f"content-range: bytes {start}-{last}/{len(body)}")
        return [build_head("206 Partial Content", len(piece), *lines), piece]

    with Upstream(answer) as origin:
        async with _previews(sqlite_url) as (previews, task):
            file = _file(task, f"{origin.url}/film")
            for _ in range(2):
                opened = await previews.open(file, "bytes=1000-1999")
                assert opened.status == 206
                assert opened.headers["content-range"] == f"bytes 1000-1999/{len(body)}"
                assert await _read(opened) == body[1000:2000]
    asked = [one.headers["range"] for one in origin.asked]
    assert asked == ["bytes=0-511", "bytes=1000-1999", "bytes=1000-1999"]


async def test_four_are_passed_on_at_once_and_a_closed_one_makes_room(sqlite_url: str) -> None:
    with Upstream(_typed(VIDEO, "video/mp4")) as origin:
        async with _previews(sqlite_url, patience_s=0.01) as (previews, task):
            file = _file(task, f"{origin.url}/film")
            opened = [await previews.open(file, None) for _ in range(AT_ONCE)]
            with pytest.raises(CannotShow) as refused:
                await previews.open(file, None)
            assert refused.value.why is NoPreview.BUSY
            await opened[0].aclose()
            await opened[0].aclose()  # twice is no other than once
            assert await _read(await previews.open(file, None)) == VIDEO
            await asyncio.gather(*(one.aclose() for one in opened))
            assert previews._turns._value == AT_ONCE
