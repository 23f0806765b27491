"""How models, weights and archives say where they end: safetensors, PLY, STL, FBX and ZIP. Pure.

USDZ and 3MF are ZIP archives. What PLY, STL, FBX and ZIP say is a hint: readers do without an end
that a writer has left out. OBJ says nothing, nor does STL whose head is not "solid". See
extent_walks.py.

Sources, read 2026-11-30: https://docs.rs/crate/safetensors/0.3.1/source/,
http://fileformats.archiveteam.org/index.php?title=FBX,
http://www.csse.uwa.edu.au/~jamess/ply/triangle.ply (the head of a PLY file).
"""

import re
from collections.abc import Callable, Mapping

from tracker.domain.extent_walks import Walk

_MOST_HEAD = 100 * 1024 * 1024
"""Bytes that the head of a safetensors file may have."""
_MOST_READ = 4 * 1024 * 1024
"""Of such a head, which is held until all of it has come; of a longer one only its end is known."""
_OFFSETS = re.compile(rb'"data_offsets"\s*:\s*\[\s*\d+\s*,\s*(\d{1,18})\s*\]')
_MOST_OF_PLY = 64 * 1024
"""Bytes of the head of a PLY file that are read, one by one."""
_PLY_SIZES: Mapping[bytes, int] = {
    **dict.fromkeys((b"char", b"uchar", b"int8", b"uint8"), 1),
    **dict.fromkeys((b"short", b"ushort", b"int16", b"uint16"), 2),
    **dict.fromkeys((b"int", b"uint", b"float", b"int32", b"uint32", b"float32"), 4),
    **dict.fromkeys((b"double", b"float64"), 8),
}


def walk_safetensors(size: int) -> Walk:
    """Follow a file of tensors to the end of the last. size: of its head, which is JSON."""
    if size > _MOST_READ:
        yield 8 + size - 1, 1, False
        return False
    head = yield 8, size, False
    yield 8 + size + max((int(end) for end in _OFFSETS.findall(head)), default=0) - 1, 1, False
    return True


def may_be_safetensors(first: bytes) -> bool:
    """Tell whether a file that begins so has the length of a JSON object before the object."""
    return first[8:10] == b'{"' and 2 < int.from_bytes(first[:8], "little") <= _MOST_HEAD


def _walk_zip() -> Walk:
    """Find the record that ends an archive; nothing before it says where that is."""
    at = int.from_bytes((yield 4, b"PK\5\6", None))
    yield at + 21, 1, None
    return False


def _walk_fbx() -> Walk:
    """Follow the records at the top to the empty one behind them."""
    version = int.from_bytes((yield 0, 27, None)[23:], "little")
    at, size = 27, 8 if version >= 7500 else 4
    while True:
        end = int.from_bytes((yield at, size, None), "little")
        if end == 0:
            yield at + 3 * size, 1, None  # the rest of the empty record
            return False
        if end <= at:
            return False
        at = end


def _walk_ply() -> Walk:
    """Measure the elements of fixed size that come first, such as the splats of a scene."""
    head = b""
    while not head.endswith((b"end_header\n", b"end_header\r")):
        if len(head) == _MOST_OF_PLY:
            return False
        head += yield len(head), 1, None
    lines = [line.split() for line in head.replace(b"\r", b"\n").split(b"\n")]
    if not any(line[:2] == [b"format", kind] for line in lines for kind in _BINARY):
        return False
    size, rows = 0, 0
    for line in lines:
        if line[:1] == [b"element"] and len(line) == 3 and line[2].isdigit():
            rows = int(line[2])
        elif line[:1] == [b"property"]:
            if len(line) != 3 or line[1] not in _PLY_SIZES:
                break  # a list, whose length each row says
            size += rows * _PLY_SIZES[line[1]]
    yield len(head) + size - 1, 1, None
    return False


def _walk_stl() -> Walk:
    """Find the last word of a surface in words; one in numbers says how many triangles it has.

    (http://fileformats.archiveteam.org/wiki/STL, read 2026-12-01: 84 bytes, then 50 for each.)
    """
    head = yield 0, 84, None
    if not head.isascii() or b"\0" in head:
        yield 84 + 50 * int.from_bytes(head[80:], "little") - 1, 1, None
        return False
    yield 6, b"endsolid", None
    return False


_BINARY = (b"binary_little_endian", b"binary_big_endian")
MODEL_WALKS: Mapping[bytes, Callable[[], Walk]] = {
    b"PK\3\4": _walk_zip,
    b"Kaydara FBX ": _walk_fbx,
    b"ply\n": _walk_ply,
    b"ply\r": _walk_ply,
    b"solid ": _walk_stl,
}
"""By the first bytes of a file."""
