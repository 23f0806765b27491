"""The end of a file by its own account: whole files and their oddities, and every place to cut."""

from pathlib import Path
from typing import Literal

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

BMP = b"BM" + bytes(8) + b"\x36\0\0\0\x28\0\0\0\4\0\0\0\xfe\xff\xff\xff\1\0\x18\0" + bytes(24 + 24)
ICON = b"\0\0\1\0\1\0" + bytes(8) + b"\x10\0\0\0\x20\0\0\0" + bytes(10 + 16)
FLV_TAG = b"\x09\0\0\x14" + bytes(7 + 20) + b"\0\0\0\x1f"
FLV = b"FLV\1\5\0\0\0\x09\0\0\0\0" + FLV_TAG * 3
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>"
AIFF = b"FORM\0\0\0\x2cAIFF" + bytes(40)
AU = b".snd\0\0\0\x18\0\0\0\x20" + bytes(12 + 32)


def tiff(order: Literal["little", "big"], *, is_first: bool) -> bytes:
    """A picture in two strips of 10 bytes, whose directory stands before or behind them."""

    def field(tag: int, kind: int, count: int, value: int) -> bytes:
        return b"".join(
            number.to_bytes(size, order)
            for number, size in ((tag, 2), (kind, 2), (count, 4), (value, 4))
        )

    listed, strips = (38, 46) if is_first else (28, 8)
    places = b"".join((strips + at).to_bytes(4, order) for at in (0, 10))
    sizes = (10 | 10 << 16).to_bytes(4, order)
    parts = [field(273, 4, 2, listed), field(279, 3, 2, int.from_bytes(sizes, order))]
    directory = (2).to_bytes(2, order) + b"".join(parts) + bytes(4)
    mark = b"II*\0" if order == "little" else b"MM\0*"
    if is_first:
        return mark + (8).to_bytes(4, order) + directory + places + bytes(20)
    return mark + (36).to_bytes(4, order) + bytes(20) + places + directory


def crc16(data: bytes) -> int:
    """Divide data by x^16 + x^15 + x^2 + 1."""
    rest = int.from_bytes(data) << 16
    while (above := rest.bit_length() - 17) >= 0:
        rest ^= 0x18005 << above
    return rest


def flac(blocks: int, samples: int) -> bytes:
    """Sound in frames of 4,096 samples, with a picture of frames' beginnings before them."""
    info = b"\x10\0\x10\0" + bytes(6) + (0x0AC442F << 36 | samples).to_bytes(8) + bytes(16)
    frames = b""
    for number in range(blocks):
        head = b"\xff\xf8\xc9\x18" + bytes([number])
        frame = head + bytes([CRC_8[number]]) + b"\xff\xf8\xff\xf9data" * 3
        frames += frame + crc16(frame).to_bytes(2)
    return b"fLaC\0\0\0\x22" + info + b"\x86\0\0\x04\xff\xf8\xc9\x18" + frames


CRC_8 = (0xC2, 0xC5, 0xCC)
"""Of the heads of the first three frames."""
MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(32)
INFO = MP3_FRAME + b"Info\0\0\0\3\0\0\0\x09" + (6000).to_bytes(4) + bytes(6000 - 52)
ADTS_FRAME = b"\xff\xf1\x50\x80\x06\x1f\xfc" + bytes(41)
ID3 = b"ID3\4\0\0\0\0\1\2" + bytes(130)


def element(id_: bytes, size: int) -> bytes:
    return id_ + bytes([0x80 | size]) + bytes(size)


def sidx(version: int, *sizes: int, offset: int = 0) -> bytes:
    """An index of parts, whose first lies `offset` bytes behind it."""
    wide = 8 if version else 4
    listed = b"".join(size.to_bytes(4) + bytes(8) for size in sizes)
    said = bytes([version]) + bytes(11 + wide) + offset.to_bytes(wide) + bytes(2)
    said += len(sizes).to_bytes(2) + listed
    return (8 + len(said)).to_bytes(4) + b"sidx" + said


LIVE = ebml(b"\xff")[:-8] + element(b"\x16\x54\xae\x6b", 9)
CLUSTER = element(b"\x1f\x43\xb6\x75", 20)
RF64 = b"RF64\xff\xff\xff\xffWAVEds64" + (28).to_bytes(4, "little")
RF64 += (72).to_bytes(8, "little") + bytes(72 - 28 + 8)
CAF = b"caff\0\1\0\0desc" + (9).to_bytes(8) + bytes(9) + b"data" + (30).to_bytes(8) + bytes(30)
MIDI = b"MThd\0\0\0\6\0\1\0\2\0\x60" + (b"MTrk\0\0\0\x0a" + bytes(10)) * 2
TENSORS = b'{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]},"__metadata__":{}}  '
TENSORS = len(TENSORS).to_bytes(8, "little") + TENSORS + bytes(20)
PLY = b"ply\nformat binary_little_endian 1.0\ncomment data\nelement vertex 3\n"
PLY += b"property float x\nproperty uchar red\nelement face 1\n"
PLY += b"property list uchar int vertex_indices\nend_header\n" + bytes(15)
ZIP = b"PK\3\4" + bytes(50) + b"PK\5\6" + bytes(18)


def fbx(version: int) -> bytes:
    """A model of two records."""
    wide = 8 if version >= 7500 else 4
    made = b"Kaydara FBX Binary  \0\x1a\0" + version.to_bytes(4, "little")
    for _ in range(2):
        made += (len(made) + 40).to_bytes(wide, "little") + bytes(40 - wide)
    return made + bytes(3 * wide + 1)


W64 = b"riff.\x91\xcf\x11\xa5\xd6\x28\xdb\4\xc1\0\0" + (60).to_bytes(8, "little") + bytes(36)
JP2 = b"\0\0\0\x0cjP  \r\n\x87\n" + box(b"ftyp", 12) + box(b"jp2h", 9)
CODESTREAM = b"\xff\x4f\xff\x51" + bytes(20) + b"\xff\xd9"
STL = b"solid of numbers".ljust(80, b"\0") + (2).to_bytes(4, "little") + bytes(100)
STL_IN_WORDS = b"solid cube\n" + b"facet normal 0 0 1\n" * 9 + b"endsolid"
EXACT = {
    "MIDI": MIDI,
    "safetensors": TENSORS,
    "BMP": BMP,
    "icon": ICON,
    "AU": AU,
    "TIFF whose directory comes first": tiff("little", is_first=True),
    "TIFF whose directory comes last": tiff("big", is_first=False),
    "JPEG 2000": JP2 + box(b"jp2c", 9),
    "JPEG 2000 of open length": JP2 + b"\0\0\0\0jp2c" + CODESTREAM,
    "JPEG 2000 without boxes": CODESTREAM,
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
PARTS = (box(b"moof") + MDAT) * 2
FRAGMENT = len(PARTS) // 2
HINTS = {
    "FBX": fbx(7400),
    "large FBX": fbx(7700),
    "ZIP": ZIP,
    "PLY": PLY,
    "STL": STL,
    "STL in words": STL_IN_WORDS,
    "film whose index lists its parts": FTYP + MOOV + sidx(0, FRAGMENT, FRAGMENT) + PARTS,
    "film whose index is wide": FTYP
    + MOOV
    + sidx(1, 2 * FRAGMENT, offset=9)
    + box(b"free", 1)
    + PARTS,
}
"""Files that say so in a way that readers may do without."""
PARTED = {
    "a live WebM": (LIVE + CLUSTER * 2, {len(LIVE + CLUSTER) + begun for begun in range(4)}),
    "CAF": (CAF, set[int]()),
    "FLV": (
        FLV,
        {len(FLV) - 4 + more - turn * len(FLV_TAG) for turn in range(4) for more in range(15)}
        & set(range(12, len(FLV))),
    ),
    "SVG": (SVG, set[int]()),
    "SVG behind a declaration": (b'<?xml version="1.0"?>\n' + SVG, set(range(12, 26))),
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
    "sound of ffmpeg that is sent on at once": AU[:8] + b"\xff" * 4 + AU[12:],
    "FLAC that is sent on at once": flac(3, 0),
    "a bitmap that is packed": BMP[:30] + b"\1\0\0\0",
    "MP3 that is sent on at once": INFO[:44] + bytes(4) + INFO[48:],
    "a live WebM of clusters without a size": LIVE + CLUSTER[:4] + b"\xff" + bytes(9),
    "a live WebM, as ffmpeg writes it": ebml(b"\x01" + b"\xff" * 7),
    "CAF that is sent on at once": CAF[:33] + b"\xff" * 8 + CAF[41:],
    "RF64 of no length": RF64[:20] + bytes(16),
    "PLY in words": PLY.replace(b"binary_little_endian", b"ascii"),
    "a model without its empty record": fbx(7400)[:-13] + b"\1" + bytes(12),
    "a picture in HEIF": b"\0\0\0\x10ftypavif\0\0\0\0" + box(b"meta") + box(b"mdat"),
    "a GIF without its end": GIF[:-1],
    "a box that nobody knows": FTYP + box(b"abcd"),
    "an empty picture": b"<svg xmlns='x'/>",
    "a document": b"<?xml version='1.0'?><rss></rss>",
    "no container": bytes(100),
    "MP3 that does not say how long its frames are": b"\xff\xfb\x00\x64" + bytes(100),
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


@pytest.mark.parametrize("name", HINTS)
def test_a_file_is_cut_by_a_hint_that_readers_may_do_without(name: str) -> None:
    data = HINTS[name]
    assert judged(data, 5).find_flaw() is None
    begun = [judged(data[:size]) for size in range(12, len(data))]
    assert [12 + at for at, one in enumerate(begun) if one.find_flaw() is None] == []
    assert any(one.is_hint for one in begun)


@pytest.mark.parametrize("name", PARTED)
def test_a_file_of_several_parts_may_end_between_them(name: str) -> None:
    data, between = PARTED[name]
    kept = {size for size in range(12, len(data)) if judged(data[:size]).find_flaw() is None}
    assert kept == between


@pytest.mark.parametrize("name", [*EXACT, *PARTED, *HINTS])
def test_whatever_stands_behind_the_end_is_not_looked_at(name: str) -> None:
    data = EXACT.get(name) or HINTS.get(name) or PARTED[name][0]
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


def test_sound_is_cut_that_has_fewer_samples_or_bytes_than_it_says() -> None:
    for begun in (AIFF, RF64[:72], W64):
        assert judged(begun).find_flaw() is None
    assert judged(W64[:-1]).find_flaw() is not None
    assert judged(RF64[:71]).find_flaw() is not None
    assert judged(AIFF[:40]).find_flaw() is not None
    sound = flac(3, 2 * 4096 + 1)
    for step in (3, 1 << 16):
        assert judged(sound + b"TAG", step).find_flaw() is None
        for missing in (1, 2, 9, 30, 40):
            assert judged(sound[:-missing], step).find_flaw() is not None
    assert judged(sound[:-1]).is_hint
    assert judged(flac(3, 3 * 4096 + 1)).find_flaw() is not None


def test_what_mp3_says_of_its_length_is_a_hint() -> None:
    for whole in (INFO, ID3 + INFO):
        assert judged(whole, 99).find_flaw() is None
        cut = judged(whole[:3000], 99)
        assert (cut.find_flaw() is not None, cut.is_hint) == (True, True)
    assert not judged(ID3[:99]).is_hint


@pytest.mark.parametrize("frame", [MP3_FRAME + bytes(381), ADTS_FRAME], ids=["MP3", "AAC"])
def test_sound_that_ends_within_a_frame_is_cut_unless_it_was_made_so(frame: bytes) -> None:
    sound = ID3 + frame * 3
    for behind in (b"", b"TAG" + bytes(125), b"\xff"):
        assert judged(sound + behind, 7).find_flaw() is None
    assert judged(sound[: -len(frame)]).find_flaw() is None
    for missing in (1, 9, len(frame) - 6):
        cut = judged(sound[:-missing], 7)
        assert (cut.find_flaw() is not None, cut.is_hint) == (True, True)


def test_lists_of_parts_that_are_too_long_are_not_held() -> None:
    for listed in (b"II*\0\x08\0\0\0\xff\xff", b"\0\0\1\0\xff\xff"):
        assert judged(listed + bytes(99)).find_flaw() is None
    head = (5 << 20).to_bytes(8, "little") + b'{"' + bytes((5 << 20) - 2)
    assert judged(head).find_flaw() is None
    assert judged(head[:-1]).find_flaw() is not None


def test_a_file_of_very_many_pieces_is_believed() -> None:
    assert judged(PNG_HEAD + chunk(b"IDAT", 0) * 100_001).find_flaw() is None


@pytest.mark.parametrize("name", ["sample.mp4", "sample.mp3"])
def test_files_that_play_are_whole(name: str) -> None:
    data = (Path(tracker.emulator.core.__file__).parent / "media" / name).read_bytes()
    assert judged(data).find_flaw() is None
    some = judged(data[: len(data) * 2 // 5])
    assert (some.find_flaw() is not None, some.is_hint) == (True, name.endswith("mp3"))
