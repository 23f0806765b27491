"""The end of a file by its own account: whole files and their oddities, and every place to cut."""

from pathlib import Path

import pytest

import tracker.emulator.core
from tracker.domain.media_extent import MediaExtent

FTYP = b"\0\0\0\x10ftypisom\0\0\2\0"


def box(kind: bytes, size: int = 9) -> bytes:
    return (8 + size).to_bytes(4) + kind + bytes(size)


def riff(kind: bytes, said: int | None = None) -> bytes:
    return b"RIFF" + (20 if said is None else said).to_bytes(4, "little") + kind + bytes(16)


def chunk(kind: bytes, size: int) -> bytes:
    return size.to_bytes(4) + kind + bytes(size + 4)


def ebml(size: bytes) -> bytes:
    return b"\x1a\x45\xdf\xa3\x83abc\xec\x82--\x18\x53\x80\x67" + size + b"clusters"


MOOV, MDAT = box(b"moov"), box(b"mdat", 40)
LARGE = b"\0\0\0\1mdat" + (16 + 40).to_bytes(8) + bytes(40)
TO_THE_END = b"\0\0\0\0mdat" + bytes(40)
FRAGMENTS = FTYP + MOOV + (box(b"moof") + MDAT) * 3
PNG_HEAD = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", 13)
PNG = PNG_HEAD + chunk(b"IDAT", 40) + chunk(b"IDAT", 9) + chunk(b"IEND", 0)
APNG = PNG_HEAD + chunk(b"acTL", 8) + chunk(b"IDAT", 9) + chunk(b"fdAT", 9) + chunk(b"IEND", 0)
GIF_HEAD = b"GIF89a" + bytes(4) + b"\x80" + bytes(2) + bytes(6)
GIF_IMAGE = b"\x2c" + bytes(8) + b"\x81" + bytes(12) + b"\x02" + b"\x09123456789\x02;;\0"
GIF = GIF_HEAD + b"\x21\xff\x0bNETSCAPE2.0\x03\1\0\0\0" + GIF_IMAGE * 2 + b";"
THUMBNAIL = b"\xff\xe1\x00\x0aEx\xff\xd8\xff\xd9if"
SCAN = b"\xff\xda\x00\x04ab" + bytes(20) + b"\xff\x00\xff\xd0" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0\x00\x06JFIF" + THUMBNAIL + b"\xff\xff\xdb\x00\x04ab" + SCAN + b"\xff\xd9"
PAGE = b"OggS" + bytes(22) + b"\x02\xff\x09" + bytes(255 + 9)
GLB = b"glTF\2\0\0\0" + (32).to_bytes(4, "little") + bytes(20)

EXACT = {
    "film": FTYP + MOOV + MDAT,
    "film whose index comes last": FTYP + box(b"free", 0) + MDAT + MOOV,
    "film with a large box": FTYP + LARGE + MOOV,
    "WebP": riff(b"WEBP"),
    "PNG": PNG,
    "APNG": APNG,
    "JPEG": JPEG,
    "glTF": GLB,
    "WebM": ebml(b"\x88"),
    "WebM with a long size": ebml(b"\x01" + bytes(6) + b"\x08"),
}
"""Files that say where they end: each is cut wherever it ends sooner."""
FRAGMENT = len(box(b"moof") + MDAT)
PARTED = {
    "GIF": (GIF, {len(GIF) - 1, len(GIF) - 1 - len(GIF_IMAGE)}),
    "AVI in two parts": (riff(b"AVI ") + riff(b"AVIX"), set(range(28, 40))),
    "film in fragments": (
        FRAGMENTS,
        {len(FRAGMENTS) - turn * FRAGMENT + begun for turn in (1, 2) for begun in range(8)},
    ),
}
"""Files of several parts, and where they may end sooner: none of the parts is cut there."""
OPEN = {
    "a film whose last box reaches to the end": FTYP + MOOV + TO_THE_END,
    "streamed speech of OpenAI": riff(b"WAVE", 0xFFFFFFFF),
    "streamed speech of ElevenLabs": riff(b"WAVE", 0x7FFFFFFF + 36),
    "streamed speech of Pocket TTS": riff(b"WAVE", 2_000_000_036),
    "speech of libsndfile that is not closed": riff(b"WAVE", 0),
    "sound whose length counts its own head": riff(b"WAVE", 28),
    "a live WebM": ebml(b"\xff"),
    "a live WebM, as ffmpeg writes it": ebml(b"\x01" + b"\xff" * 7),
    "a picture in HEIF": b"\0\0\0\x10ftypavif\0\0\0\0" + box(b"meta") + box(b"mdat"),
    "a GIF without its end": GIF[:-1],
    "a box that nobody knows": FTYP + box(b"abcd"),
    "no container": bytes(100),
    "MP3": b"\xff\xfb\x90\x64" + bytes(100),
    "a few bytes": b"RIFF",
    "nothing": b"",
}
JUNK = (b"\0", b"\r\n", b"<!-- cached -->" * 9, bytes(99), b"\xff" * 99, PNG, b"data" * 9)


def judged(data: bytes, step: int = 1 << 16) -> MediaExtent:
    extent = MediaExtent()
    for at in range(0, len(data), step):
        extent.feed(data[at : at + step])
    return extent


@pytest.mark.parametrize("name", EXACT)
def test_a_file_is_cut_wherever_it_ends_before_its_own_end(name: str) -> None:
    data = EXACT[name]
    assert judged(data, 5).find_flaw() is None
    assert judged(data, 5).is_whole()
    begun = [judged(data[:size]) for size in range(12, len(data))]
    assert [12 + at for at, one in enumerate(begun) if one.find_flaw() is None] == []
    assert not any(one.is_whole() for one in begun)


@pytest.mark.parametrize("name", PARTED)
def test_a_file_of_several_parts_may_end_between_them(name: str) -> None:
    data, between = PARTED[name]
    kept = {size for size in range(12, len(data)) if judged(data[:size]).find_flaw() is None}
    assert kept == between


@pytest.mark.parametrize("name", [*EXACT, *PARTED])
def test_whatever_stands_behind_the_end_is_not_looked_at(name: str) -> None:
    data = EXACT[name] if name in EXACT else PARTED[name][0]
    for junk in JUNK:
        assert judged(data + junk).find_flaw() is None
        assert judged(data + junk, 3).find_flaw() is None


@pytest.mark.parametrize("name", OPEN)
def test_a_length_that_is_not_known_is_no_flaw(name: str) -> None:
    assert judged(OPEN[name]).find_flaw() is None
    assert judged(OPEN[name], 1).find_flaw() is None


def test_sound_and_pages_are_cut_within_what_they_announce() -> None:
    assert judged(PAGE * 2).find_flaw() is None
    assert judged((PAGE * 2)[:-1]).find_flaw() is not None
    assert judged(riff(b"WAVE", 36)).find_flaw() == (
        "the file is cut: it says that it has 36 bytes or more, and 28 came"
    )


def test_a_file_of_very_many_pieces_is_believed() -> None:
    assert judged(PNG_HEAD + chunk(b"IDAT", 0) * 100_001).find_flaw() is None


@pytest.mark.parametrize("name", ["sample.mp4", "sample.mp3"])
def test_files_that_play_are_whole(name: str) -> None:
    data = (Path(tracker.emulator.core.__file__).parent / "media" / name).read_bytes()
    assert judged(data).find_flaw() is None
    assert (judged(data[: len(data) // 2]).find_flaw() is None) is name.endswith("mp3")
