"""The end of a file by its own account: whether what came of it is whole. Pure.

A length that an origin announces may be too short. Most containers say how long they are, or how
they end. What a file says is followed while its bytes come, by a few bytes of each of its pieces:
the boxes of ISO media, chunks of RIFF and PNG, blocks of GIF, pages of Ogg, the Segment of Matroska
and WebM, the length of glTF, and the end of a JPEG image.

Whatever is behind the end is not looked at, and a length that is not known is no flaw:

- a box of size 0 reaches to the end (ISO/IEC 14496-12 4.2.2; a published sample has one:
  https://github.com/MPEGGroup/FileFormatConformance/issues/156, read 2026-11-30);
- speech that is streamed as WAV has 0 or 0xFFFFFFFF for its length
  (https://github.com/speaches-ai/speaches/issues/493), 0x7FFFFFFF
  (https://github.com/pollinations/pollinations/pull/11457), or 2,000,000,000
  (https://github.com/kyutai-labs/pocket-tts/issues/229; all read 2026-11-30);
- a Segment all of whose size is ones (https://www.rfc-editor.org/rfc/rfc8794, 6.2, read
  2026-11-30).
"""

from collections.abc import Generator

_MOST_STEPS = 100_000
"""Pieces that are followed; a file of more, such as one of empty chunks, is believed."""
_LEAST_PLACEHOLDER = 1_900_000_000
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
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_VOID, _CRC = b"\xec", b"\xbf"

_Wish = tuple[int, int | bytes, bool]
"""A place in the file; how many bytes are to be seen there, or what is to be found behind it; and
whether a file may end there."""
_Walk = Generator[_Wish, bytes, bool]
"""Follows a file of one kind. Returns whether all of the file has come; False: nobody knows."""


class MediaExtent:
    """Follows one file. Use it once."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._walk = _walk_file()
        self._wish: _Wish | None = next(self._walk)
        self._held = b""
        self._size = self._steps = 0
        self._is_over = False

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the file."""
        start = self._size - len(self._held)
        self._size += len(piece)
        data = self._held + piece if self._held else piece
        self._held = b""
        while self._wish is not None:
            at, wanted, _ = self._wish
            begin = max(at - start, 0)
            if isinstance(wanted, int):
                if begin + wanted > len(data):
                    self._held = data[begin:]
                    return
                self._step(data[begin : begin + wanted])
            elif data.find(wanted, begin) < 0:
                self._held = data[max(begin, len(data) - len(wanted) + 1) :]
                return
            else:
                self._step(b"")

    def find_flaw(self) -> str | None:
        """Return why what has come is not whole; None where it is, or where nobody knows."""
        if self._wish is None:
            return None
        at, _, may_end = self._wish
        if self._size < at:
            return f"the file is cut: it says that it has {at} bytes or more, and {self._size} came"
        return None if may_end else f"the file is cut: {self._size} bytes came without its end"

    def is_whole(self) -> bool:
        """Return whether the file says that all of it has come."""
        if self._wish is None:
            return self._is_over
        at, _, may_end = self._wish
        return 0 < at <= self._size and may_end

    def _step(self, seen: bytes) -> None:
        self._steps += 1
        try:
            self._wish = self._walk.send(seen)
        except StopIteration as over:
            self._wish, self._is_over = None, over.value
        if self._steps > _MOST_STEPS:
            self._wish = None


def _walk_file() -> _Walk:
    first = yield 0, 12, True
    if first[4:8] == b"ftyp":
        return (yield from _walk_boxes())
    for mark, walk in _WALKS.items():
        if first.startswith(mark):
            return (yield from walk())
    return False


def _walk_boxes() -> _Walk:
    """Follow the boxes at the top of ISO media: films, sound, HEIC and AVIF.

    A film has an index and its data; a picture has its index in `meta`.
    """
    at, may_end, seen = 0, False, set[bytes]()
    while True:
        head = yield at, 8, may_end
        size, kind = int.from_bytes(head[:4]), head[4:]
        if kind not in _BOXES:
            return may_end
        behind = 8
        if size == 1:
            size, behind = int.from_bytes((yield at + 8, 8, False)), 16
        if size < behind:  # 0: to the end of the file
            return may_end
        at += size
        seen.add(kind)
        if kind == b"moof":  # its data come next
            seen.discard(b"mdat")
        has_index = not seen.isdisjoint((b"moov", b"moof"))
        may_end = b"meta" in seen or (has_index and b"mdat" in seen)


def _walk_riff() -> _Walk:
    """Follow the parts of a RIFF file: AVI may have several, of a gigabyte each."""
    at = 0
    while True:
        head = yield at, 12, True
        size = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF":
            return True
        if size == 0 or size >= _LEAST_PLACEHOLDER:
            return False
        at += 8 + size
        if head[8:] == b"WAVE":
            yield at - _SLACK_OF_SOUND, 1, True
            return True


def _walk_png() -> _Walk:
    at = 8
    while True:
        head = yield at, 8, False
        if not head[4:].isalpha():
            return False
        at += 12 + int.from_bytes(head[:4])
        if head[4:] == b"IEND":
            yield at - 1, 1, False
            return True


def _walk_gif() -> _Walk:
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


def _walk_jpeg() -> _Walk:
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


def _walk_ogg() -> _Walk:
    at = 0
    while True:
        head = yield at, 27, True
        if head[:4] != b"OggS":
            return True
        lengths = yield at + 27, head[26], False
        at += 27 + len(lengths) + sum(lengths)


def _walk_glb() -> _Walk:
    head = yield 0, 12, True
    yield int.from_bytes(head[8:12], "little") - 1, 1, False
    return True


def _walk_ebml() -> _Walk:
    at = 0
    while True:
        id_ = yield at, 4, False
        if id_ in (_EBML, _SEGMENT):
            at += 4
        elif id_[:1] in (_VOID, _CRC):
            at += 1
        else:
            return False
        (first,) = yield at, 1, False
        length = 9 - first.bit_length()
        if length > 8:
            return False
        size = int.from_bytes((yield at, length, False)) & (1 << 7 * length) - 1
        if size == (1 << 7 * length) - 1:
            return False
        at += length + size
        if id_ == _SEGMENT:
            yield at - 1, 1, False
            return True


_WALKS = {
    b"RIFF": _walk_riff,
    b"\x89PNG\r\n\x1a\n": _walk_png,
    b"GIF8": _walk_gif,
    b"\xff\xd8\xff": _walk_jpeg,
    b"OggS": _walk_ogg,
    b"glTF": _walk_glb,
    _EBML: _walk_ebml,
}
"""By the first bytes of a file."""
