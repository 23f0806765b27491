"""How sound says where it ends: FLAC, MP3, AAC, AIFF, AU, CAF, MIDI, RF64 and W64. Pure.

What MP3, AAC and the last frame of FLAC say is a hint: whoever cuts such a file may leave the
length in its first frame as it was, and need not cut between two frames. See extent_walks.py.

Sources, read 2026-11-30: https://www.rfc-editor.org/rfc/rfc9639 (FLAC),
http://gabriel.mp3-tech.org/mp3infotag.html and
https://linux.m2osw.com/mp3-info-tag-specifications-rev0-lame-3100 (MP3),
http://fileformats.archiveteam.org/index.php?title=RF64,
https://wiki.multimedia.cx/index.php?title=Sony_Wave64,
https://developer.apple.com/library/mac/documentation/MusicAudio/Reference/CAFSpec/ (CAF). Files
that ffmpeg, LAME and libsndfile wrote were cut in many places to prove it.
"""

from collections.abc import Callable, Mapping

from tracker.domain.extent_walks import LEAST_PLACEHOLDER, Walk

_SLACK_OF_MP3 = 2048
"""Of what the first frame says: some count it, or what stands behind the last one."""
_FLAC_FRAMES = (b"\xff\xf8", b"\xff\xf9")
"""Beginnings of frames that have one number of samples, or several."""
_MOST_MP3_FRAMES = 40_000
"""Frames that are followed: 17 minutes of sound. Of what is longer the length alone is believed."""
_CAF_CHUNKS = frozenset(
    {
        *(b"desc", b"data", b"pakt", b"kuki", b"chan", b"info", b"free", b"uuid", b"strg"),
        *(b"mark", b"regn", b"umid", b"ovvw", b"peak", b"edct", b"inst", b"midi"),
    }
)
"""Chunks that the specification names. Others may be what somebody has put behind the file."""
_MPEG = (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2, 0xF1, 0xF0, 0xF9, 0xF8)
"""The second bytes of frames of MP3 and of AAC."""
_MP3_KILOBITS = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)
"""By whether it is of MPEG 1, and by the number in a frame's head; of 0 nobody knows."""


def _walk_aiff() -> Walk:
    head = yield 0, 12, True
    size = int.from_bytes(head[4:8])
    if head[8:] not in (b"AIFF", b"AIFC") or not 12 < size < LEAST_PLACEHOLDER:
        return False
    yield size, 1, True
    return True


def _walk_au() -> Walk:
    head = yield 0, 12, False
    size = int.from_bytes(head[8:])
    if not 0 < size < LEAST_PLACEHOLDER:
        return False
    yield int.from_bytes(head[4:8]) + size - 1, 1, False
    return True


def _walk_flac() -> Walk:
    """Follow the frames to the one that holds the last sample, if the file says how many it has."""
    at, samples, block, is_last = 4, 0, 0, 0
    while not is_last:
        head = yield at, 4, False
        is_last, kind = head[0] & 0x80, head[0] & 0x7F
        if kind == 0:
            info = yield at + 4, 18, False
            block, samples = int.from_bytes(info[:2]), int.from_bytes(info[10:]) & (1 << 36) - 1
        at += 4 + int.from_bytes(head[1:4])
    sync = yield at, 2, samples == 0
    if sync not in _FLAC_FRAMES or samples == 0:
        return False
    is_of_equals, until = sync == _FLAC_FRAMES[0], 0
    while until < samples:
        at = int.from_bytes((yield at, sync, False))
        head = yield at, 5, False
        head = yield at, _measure_flac_head(head), False
        if _compute_crc8(head) == 0:
            number, size = _read_flac_head(head)
            until = number * (block if is_of_equals else 1) + size
        at += 2
    yield from _walk_flac_frame(at - 2 + len(head), _compute_crc16(head))
    return True


def _walk_flac_frame(at: int, crc: int) -> Walk:
    """Follow a frame to its checksum: it does not say how long it is."""
    while crc:
        crc = _compute_crc16((yield at, 1, None), crc)
        at += 1
    return True


def _measure_flac_head(head: bytes) -> int:
    """Return how long the head of a frame is that begins so, with its checksum."""
    size, rate = head[2] >> 4, head[2] & 15
    more = {6: 1, 7: 2}.get(size, 0) + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    return 5 + _measure_coded_number(head) + more


def _measure_coded_number(head: bytes) -> int:
    """Return in how many bytes the number of a frame is coded, as UTF-8 codes characters."""
    return max(1, 8 - (head[4] ^ 0xFF).bit_length())


def _read_flac_head(head: bytes) -> tuple[int, int]:
    """Return the number of a frame, or of its first sample, and how many samples it has."""
    behind, code = 4 + _measure_coded_number(head), head[2] >> 4
    number = head[4] if behind == 5 else head[4] & (0x7F >> behind - 4)
    for more in head[5:behind]:
        number = number << 6 | more & 0x3F
    if code in (6, 7):
        return number, int.from_bytes(head[behind : behind + code - 5]) + 1
    return number, 192 if code == 1 else 576 << code - 2 if code < 6 else 256 << code - 8


def _compute_crc8(data: bytes) -> int:
    """Return the checksum of data; of data with their checksum behind them, 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ (0x107 if crc & 0x80 else 0)
    return crc


def _compute_crc16(data: bytes, crc: int = 0) -> int:
    """Go on with a checksum over data; with their own behind them it is 0."""
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x18005 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def _walk_rf64() -> Walk:
    head = yield 0, 28, True
    size = int.from_bytes(head[20:], "little")
    if head[8:16] != b"WAVEds64" or not size:
        return False
    yield size, 1, True  # some writers count what stands before the length
    return True


def _walk_w64() -> Walk:
    size = int.from_bytes((yield 0, 24, True)[16:], "little")
    if not 24 < size < 1 << 62:
        return False
    yield size, 0, True
    return True


def _walk_caf() -> Walk:
    at, left, may_end = 8, set(_CAF_CHUNKS), False
    while True:
        head = yield at, 12, may_end
        kind, size = head[:4], int.from_bytes(head[4:], signed=True)
        if size < 0 or kind not in left:  # the last chunk may reach to the end
            return may_end
        left -= {kind} & {b"data"}
        at, may_end = at + 12 + size, may_end or kind == b"data"


def _walk_midi() -> Walk:
    head = yield 0, 14, False
    at = 8 + int.from_bytes(head[4:8])
    for _ in range(int.from_bytes(head[10:12])):
        head = yield at, 8, False
        if head[:4] != b"MTrk":
            return False
        at += 8 + int.from_bytes(head[4:])
    yield at - 1, 1, False
    return True


def _walk_id3() -> Walk:
    head = yield 0, 10, False
    size = 0
    for part in head[6:]:
        size = size << 7 | part & 0x7F
    return (yield from _walk_mpeg(10 + size + (10 if head[5] & 0x10 else 0)))


def _walk_mpeg(at: int = 0) -> Walk:
    """Follow the frames to the length that the first one tells, if it does. Both are hints."""
    head = yield at, 6, True
    is_mono, is_first_version = head[3] >> 6 == 3, head[1] & 0x18 == 0x18
    side = (17 if is_mono else 32) if is_first_version else (9 if is_mono else 17)
    least = 0
    if _measure_mp3_frame(head) >= side + 22:
        tag = yield at + 4 + side, 18, None
        tag = tag if tag[0] else tag[2:]  # some writers have a checksum before it
        size = int.from_bytes(tag[12:16] if tag[7] & 1 else tag[8:12])
        if tag[:4] in (b"Xing", b"Info") and tag[7] & 2 and size:
            least = at + size - _SLACK_OF_MP3
    number = 0
    while number < _MOST_MP3_FRAMES:
        size = _measure_mp3_frame(head) or _measure_adts_frame(head)
        if not size:  # tags of other kinds may follow the last frame
            break
        at, number = at + size, number + 1
        yield at - 1, 1, None
        head = yield at, 6, True if at > least else None
    if at <= least:
        yield least, 1, None
    return number > 0


def _measure_mp3_frame(head: bytes) -> int:
    """Return how long a frame of MP3 is that begins so; 0 where it is none, or does not say."""
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or version == 1 or rate == 3:
        return 0
    is_first = version == 3
    kilobits = _MP3_KILOBITS[is_first][bits] if bits < 15 else 0
    hertz = (44_100, 48_000, 32_000)[rate] >> (3 - version + 1) // 2
    return (144_000 if is_first else 72_000) * kilobits // hertz + (head[2] >> 1 & 1)


def _measure_adts_frame(head: bytes) -> int:
    """Return how long a frame of AAC in ADTS is that begins so; 0 where it is none."""
    if head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5


SOUND_WALKS: Mapping[bytes, Callable[[], Walk]] = {
    b"FORM": _walk_aiff,
    b".snd": _walk_au,
    b"fLaC": _walk_flac,
    b"ID3": _walk_id3,
    b"RF64": _walk_rf64,
    b"BW64": _walk_rf64,
    b"riff.\x91\xcf\x11": _walk_w64,
    b"caff": _walk_caf,
    b"MThd": _walk_midi,
    **{bytes((0xFF, second)): _walk_mpeg for second in _MPEG},
}
"""By the first bytes of a file."""
