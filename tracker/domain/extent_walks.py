"""How films and pictures say where they end: one walk for each kind of file. Pure.

A walk asks for a few bytes of each piece: the boxes of ISO media, chunks of RIFF and PNG, blocks of
GIF, pages of Ogg, the Segment of Matroska and WebM or its clusters, tags of FLV, the length of
glTF, the rows of BMP, the parts of TIFF and icons, and the end of a JPEG image or of SVG. Sound and
models have walks of their own: sound_extent_walks.py, model_extent_walks.py.

A length may be open:

- a box of size 0 reaches to the end (ISO/IEC 14496-12 4.2.2; a published sample has one:
  https://github.com/MPEGGroup/FileFormatConformance/issues/156, read 2026-11-30);
- speech that is streamed as WAV has 0 or 0xFFFFFFFF for its length
  (https://github.com/speaches-ai/speaches/issues/493), 0x7FFFFFFF
  (https://github.com/pollinations/pollinations/pull/11457), or 2,000,000,000
  (https://github.com/kyutai-labs/pocket-tts/issues/229; all read 2026-11-30);
- a Segment or cluster all of whose size is ones (https://www.rfc-editor.org/rfc/rfc8794, 6.2, read
  2026-11-30).

Sources of BMP and TIFF: https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage,
http://www.verypdf.com/document/tiff6/pg_0015.htm (read 2026-11-30).
"""

from collections.abc import Callable, Generator, Mapping
from typing import Literal

LEAST_PLACEHOLDER = 1_900_000_000
"""A RIFF file of so many bytes and more has no length."""
_SLACK_OF_SOUND = 8
"""Some writers count what stands before the length of a WAV file."""
_BOXES = frozenset(
    {
        *(b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"mfra", b"meta", b"free", b"skip"),
        *(b"wide", b"uuid", b"sidx", b"ssix", b"prft", b"emsg", b"pdin", b"pnot", b"udta"),
        *(b"meco", b"junk", b"PICT"),
    }
)
"""Boxes that stand at the top of a file. Others may be what somebody has put behind it."""
_BOXES_OF_2000 = frozenset((b"jP  ", b"ftyp", b"jp2h", b"jp2c", b"xml ", b"uuid", b"uinf", b"jp2i"))
_MOST_OF_INDEX = 1024 * 1024
"""Bytes of an index of parts that are held; none has more."""
_BITMAPS = frozenset({40, 52, 56, 64, 108, 124})
"""Lengths of a bitmap's head, by version."""
_UNPACKED = frozenset({0, 3, 6})
"""Codings of a bitmap whose rows all have one length."""
_MOST_LISTED = 4096
"""Parts of a picture that are looked at: their list is held until all of it has come."""
_TIFF_FIELD = ((0, 2), (2, 4), (4, 8))
_TIFF_PARTS = frozenset({273, 279, 324, 325})
"""Fields of a directory: where strips and tiles are, and how long."""
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_VOID, _CRC = b"\xec", b"\xbf"
_CLUSTER = b"\x1f\x43\xb6\x75"
_IN_SEGMENT = frozenset(
    {
        *(_CLUSTER, b"\x1c\x53\xbb\x6b", b"\x11\x4d\x9b\x74", b"\x15\x49\xa9\x66"),
        *(b"\x16\x54\xae\x6b", b"\x12\x54\xc3\x67", b"\x19\x41\xa4\x69", b"\x10\x43\xa7\x70"),
    }
)
"""Elements of a Segment (https://www.rfc-editor.org/rfc/rfc9559, 5.1, read 2026-11-30)."""

Wish = tuple[int, int | bytes, bool | None]
"""A place in the file; how many bytes are to be seen there, or what is to be found from there on;
and whether a file may end before: None where it may, and says that it does not."""
Walk = Generator[Wish, bytes, bool]
"""Follows a file of one kind. Gets the bytes, or where they were found, in 8 bytes. Returns whether
all of the file has come; False: nobody knows."""


def walk_boxes() -> Walk:
    """Follow the boxes at the top of ISO media: films, sound, HEIC and AVIF.

    A film has an index and its data; a picture has its index in `meta`.
    """
    at, may_end, seen, least = 0, False, set[bytes](), 0
    while True:
        head = yield at, 8, None if may_end and at < least else may_end
        size, kind = int.from_bytes(head[:4]), head[4:]
        if kind not in _BOXES:
            return may_end
        behind = 8
        if size == 1:
            size, behind = int.from_bytes((yield at + 8, 8, False)), 16
        if size < behind:  # 0: to the end of the file
            return may_end
        if kind == b"sidx":
            listed = yield at + behind, min(size - behind, _MOST_OF_INDEX), False
            least = max(least, at + size + _measure_indexed(listed))
        at += size
        seen.add(kind)
        if kind == b"moof":  # its data come next
            seen.discard(b"mdat")
        has_index = not seen.isdisjoint((b"moov", b"moof"))
        may_end = b"meta" in seen or (has_index and b"mdat" in seen)


def _measure_indexed(listed: bytes) -> int:
    """Return how long the parts are that an index lists (ISO/IEC 14496-12 8.16.3)."""
    wide = 4 if listed[:1] == b"\0" else 8  # of the times and places before the list
    begin = 16 + 2 * wide
    parts = (int.from_bytes(listed[at : at + 4]) for at in range(begin, len(listed), 12))
    offset = int.from_bytes(listed[12 + wide : 12 + 2 * wide])
    return offset + sum(part & 0x7FFFFFFF for part in parts)


def _walk_riff() -> Walk:
    """Follow the parts of a RIFF file: AVI may have several, of a gigabyte each."""
    at = 0
    while True:
        head = yield at, 12, True
        size = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF":
            return True
        if size == 0 or size >= LEAST_PLACEHOLDER:
            return False
        at += 8 + size
        if head[8:] == b"WAVE":
            yield at - _SLACK_OF_SOUND, 1, True
            return True


def _walk_png() -> Walk:
    at = 8
    while True:
        head = yield at, 8, False
        if not head[4:].isalpha():
            return False
        at += 12 + int.from_bytes(head[:4])
        if head[4:] == b"IEND":
            yield at - 1, 1, False
            return True


def _walk_gif() -> Walk:
    """Follow the blocks. Some files have no end behind their last image; decoders do without it."""
    head = yield 0, 13, False
    at, may_end = 13 + _measure_colour_table(head[10]), False
    while True:
        (kind,) = yield at, 1, may_end
        if kind == 0x3B:
            return True
        if kind == 0x21:
            at += 2
        elif kind == 0x2C:
            (flags,) = yield at + 9, 1, False
            at, may_end = at + 11 + _measure_colour_table(flags), True
        else:
            return False
        while size := (yield at, 1, False)[0]:
            at += 1 + size
        at += 1


def _measure_colour_table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _walk_jpeg() -> Walk:
    """Follow the segments to the image, in which no end can stand but its own."""
    at = 2
    while True:
        mark, kind = yield at, 2, False
        if mark != 0xFF:
            return False
        if kind == 0xFF:  # filling
            at += 1
            continue
        at += 2
        if kind == 0xD9:
            return True
        if kind != 0x01 and not 0xD0 <= kind <= 0xD8:
            at += int.from_bytes((yield at, 2, False))
        if kind == 0xDA:
            yield at, b"\xff\xd9", False
            return True


def _walk_ogg() -> Walk:
    at = 0
    while True:
        head = yield at, 27, True
        if head[:4] != b"OggS":
            return True
        lengths = yield at + 27, head[26], False
        at += 27 + len(lengths) + sum(lengths)


def _walk_glb() -> Walk:
    head = yield 0, 12, True
    yield int.from_bytes(head[8:12], "little") - 1, 1, False
    return True


def _walk_ebml() -> Walk:
    """Follow Matroska and WebM. A Segment without a size, as streams have it, ends behind any of
    its clusters.
    """
    at, may_end, known = 0, False, frozenset({_EBML, _SEGMENT})
    while True:
        id_ = yield at, 4, may_end
        if id_ in known:
            at += 4
        elif id_[:1] in (_VOID, _CRC):
            at += 1
        else:
            return may_end
        (first,) = yield at, 1, False
        length = 9 - first.bit_length()
        if length > 8:
            return False
        size = int.from_bytes((yield at, length, False)) & (1 << 7 * length) - 1
        is_open = size == (1 << 7 * length) - 1
        if id_ == _SEGMENT and is_open:
            at, known = at + length, _IN_SEGMENT
            continue
        if is_open:
            return False
        at += length + size
        may_end = may_end or id_ == _CLUSTER
        if id_ == _SEGMENT:
            yield at - 1, 1, False
            return True


def _walk_bmp() -> Walk:
    """Follow a bitmap to the end of its rows; the length in its head is wrong in many files."""
    head = yield 0, 34, False
    rows_at, kind, width = (_read_little_endian(head[at : at + 4]) for at in (10, 14, 18))
    height = abs(int.from_bytes(head[22:26], "little", signed=True))
    bits, coding = _read_little_endian(head[28:30]), _read_little_endian(head[30:34])
    if kind not in _BITMAPS or coding not in _UNPACKED or not (width and height):
        return False
    yield rows_at + (width * bits + 31) // 32 * 4 * (height - 1) + (width * bits - 1) // 8, 1, False
    return True


def _read_little_endian(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _walk_ico() -> Walk:
    number = _read_little_endian((yield 0, 6, False)[4:])
    if number > _MOST_LISTED:
        return False
    entries = yield 6, 16 * number, False
    ends = [
        _read_little_endian(entries[at + 8 : at + 12])
        + _read_little_endian(entries[at + 12 : at + 16])
        for at in range(0, 16 * number, 16)
    ]
    yield max([*ends, 7]) - 1, 1, False
    return True


def _walk_tiff() -> Walk:
    """Follow the directories, and the parts of their pictures.

    What lies before what was read already is not looked at, as it has come. Some writers name more
    bytes for the last part than they write.
    """
    head = yield 0, 8, False
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    at, here, end = int.from_bytes(head[4:], order), 8, 8
    while at >= here:
        number = int.from_bytes((yield at, 2, False), order)
        if number > _MOST_LISTED:
            return False
        fields = yield at + 2, 12 * number + 4, False
        here, following = at + 6 + 12 * number, int.from_bytes(fields[-4:], order)
        parts = dict[int, list[int]]()
        far = list[tuple[int, int, int, int]]()
        for entry in (fields[index : index + 12] for index in range(0, 12 * number, 12)):
            tag, kind, count = (int.from_bytes(entry[a:b], order) for a, b in _TIFF_FIELD)
            if tag not in _TIFF_PARTS or kind not in (3, 4):
                continue
            width = 2 if kind == 3 else 4
            if width * count <= 4:
                parts[tag] = _read_numbers(entry[8 : 8 + width * count], width, order)
            elif count <= _MOST_LISTED:
                far.append((int.from_bytes(entry[8:], order), tag, width, width * count))
        for place, tag, width, length in sorted(far):
            if place >= here and (following < here or place + length <= following):
                parts[tag] = _read_numbers((yield place, length, False), width, order)
                here = place + length
        for places, sizes in ((273, 279), (324, 325)):
            pairs = zip(parts.get(places, ()), parts.get(sizes, ()), strict=False)
            end = max([end, *(begin + size for begin, size in pairs)])
        at = following
    yield end - 1, 1, None
    return at == 0


def _read_numbers(data: bytes, width: int, order: Literal["little", "big"]) -> list[int]:
    return [int.from_bytes(data[at : at + width], order) for at in range(0, len(data), width)]


def _walk_flv() -> Walk:
    at = int.from_bytes((yield 0, 9, False)[5:])
    while True:
        head = yield at, 15, True  # the length of the tag before, which may be missing at the end
        if head[4] not in (8, 9, 18):
            return True
        at += 15 + int.from_bytes(head[5:8])
        yield at - 1, 1, False


def _walk_jpeg_2000() -> Walk:
    """Follow the boxes of JP2; a picture of open length, or without boxes, ends by its own mark.

    (ITU-T T.800: the mark stands in no packet of a picture. Read 2026-12-01.)
    """
    at, may_end = 0, False
    while True:
        head = yield at, 8, may_end
        size, kind = int.from_bytes(head[:4]), head[4:]
        if head[:2] == b"\xff\x4f" or (kind == b"jp2c" and size == 0):
            yield at, b"\xff\xd9", False
            return True
        if kind not in _BOXES_OF_2000:
            return may_end
        if size == 1:
            size = int.from_bytes((yield at + 8, 8, False))
        if size < 8:
            return may_end
        at += size
        may_end = may_end or kind == b"jp2c"


def _walk_svg(at: int = 0) -> Walk:
    """Look for the end of a picture in XML. A picture within it may be the one that ends."""
    before = b""
    while (one := (yield at, 1, False)) != b">":
        before, at = one, at + 1
    if before != b"/":  # else the picture is empty
        yield at, b"</svg>", False
    return False


def _walk_xml() -> Walk:
    """Look for a picture in XML; any other document may end anywhere."""
    return (yield from _walk_svg(int.from_bytes((yield 0, b"<svg", True))))


WALKS: Mapping[bytes, Callable[[], Walk]] = {
    **dict.fromkeys((b"<svg ", b"<svg>", b"<svg\n", b"<svg\r\n"), _walk_svg),
    b"<?xml": _walk_xml,
    b"RIFF": _walk_riff,
    b"\x89PNG\r\n\x1a\n": _walk_png,
    b"GIF8": _walk_gif,
    b"\xff\xd8\xff": _walk_jpeg,
    b"OggS": _walk_ogg,
    b"glTF": _walk_glb,
    _EBML: _walk_ebml,
    b"BM": _walk_bmp,
    b"\0\0\1\0": _walk_ico,
    b"II*\0": _walk_tiff,
    b"MM\0*": _walk_tiff,
    b"FLV\x01": _walk_flv,
    b"\0\0\0\x0cjP  ": _walk_jpeg_2000,
    b"\xff\x4f\xff\x51": _walk_jpeg_2000,
}
"""By the first bytes of a file. ISO media begin otherwise."""
