"""Undo a body's Content-Encoding and charset, bounded while the bytes come out."""

import codecs
import json
import re
import zlib
from functools import lru_cache

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.web.edge.body_errors import BodyTooLarge

ACCEPTED = "gzip, deflate"
_GZIP, _ZLIB, _RAW = 31, 15, -15
"""zlib's window bits, which name a format (docs.python.org/3/library/zlib.html, 2026-11-28)."""
_GZIP_MARK = b"\x1f\x8b\x08"
_ZLIB_MARKS = (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")
"""Of the usual window, one for each level (RFC 1950 section 2.2)."""
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_MOST_CODINGS = 3
"""One on the other: a sender's own, and those of gateways on the way."""
_BEGIN = 64
"""Bytes in which JSON begins, behind white space."""
_STEP = 256 * 1024
_MOST_MEMBERS = 16
"""Of one gzip body: each costs a copy of what follows it."""
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_LABELS = {
    **dict.fromkeys(("x-gbk", "windows-936", "gb_2312-80", "csgb2312"), "gb18030"),
    **dict.fromkeys(("x-x-big5", "cn-big5"), "big5"),
    **dict.fromkeys(("x-sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("x-euc-jp",), "euc_jp"),
    **dict.fromkeys(("windows-949", "ks_c_5601-1987"), "cp949"),
}
"""Names of charsets that Python does not know (encoding.spec.whatwg.org, read 2026-11-29)."""
_CUT = re.compile(rb'(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})(?=")')
"""The beginning of a character in UTF-8 at the end of a JSON text."""
_NAMES = re.compile(
    r"gbk|gb2312|gb18030|big5|big5hkscs|hz|shift_jis|cp932|euc_jp|iso2022_jp|euc_kr|cp949"
    r"|iso8859-\d+|cp125\d|koi8-[ru]|utf-(16|32)(-[bl]e)?"
)
"""Python's names of the charsets that are read, besides UTF-8: it has codecs that are none."""


def find_encoding(said: str, body: bytes) -> str:
    """Return a body's Content-Encoding; where none is said, the one that it begins with.

    No JSON begins as gzip or zlib does (RFC 1952 section 2.3.1, RFC 1950 section 2.2).
    """
    if said:
        return said
    if body.startswith(_GZIP_MARK):
        return "gzip"
    return "deflate" if body.startswith(_ZLIB_MARKS) else ""


def is_json(body: bytes) -> bool:
    """Return whether a body begins as JSON objects and arrays do, which no compressed one does."""
    return body[:_BEGIN].removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


class UnsupportedEncoding(Exception):
    """A body is encoded in a way that is not read here."""

    def __init__(self, said: str) -> None:
        super().__init__(f"Content-Encoding {said[:64]!r} is not read; send one of: {ACCEPTED}")


def decode_content(encoding: str, body: bytes, *, limit: int) -> bytes:
    """Return a body without its Content-Encoding, be it several, one on the other.

    Nothing is undone where JSON begins: proxies undo gzip and deflate, and some leave the header as
    it was. Others encode once more and say it once, or say what is no coding, e.g. `utf-8`.
    limit: bytes; no more ever come out of any of them. Raises UnsupportedEncoding; BodyTooLarge;
    InvalidRequest for a body that is not what it is said to be.
    """
    codings = _parse_codings(encoding)
    if len(codings) > _MOST_CODINGS:
        raise UnsupportedEncoding(encoding)
    for number in range(_MOST_CODINGS):
        if not body or (number and is_json(body)):
            break
        said = codings.pop() if codings else ""
        coding = said if said in _CODINGS else find_encoding("", body)
        if said and not coding:
            raise UnsupportedEncoding(encoding)
        if not coding or is_json(body):
            break
        body = _decode_coding(coding, body, limit)
    return body


def refuse_encoded(encoding: str) -> None:
    """Raise UnsupportedEncoding for a body that is encoded, where it is taken as it comes."""
    if _parse_codings(encoding):
        raise UnsupportedEncoding(encoding)


def _parse_codings(encoding: str) -> list[str]:
    """Return the codings of a Content-Encoding, in the order in which they were applied."""
    words = [word.strip().lower() for word in encoding.split(",")]
    return [word for word in words if word not in ("", "identity")]


def _decode_coding(coding: str, body: bytes, limit: int) -> bytes:
    # The two are mixed up, so that the body's first bytes decide.
    if body.startswith(_GZIP_MARK):
        return _inflate(body, _GZIP, limit)
    if len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0:
        return _inflate(body, _ZLIB, limit)
    # Some senders leave out zlib's header (RFC 9110 section 8.4.1.2 notes it).
    return _inflate(body, _RAW if coding == "deflate" else _GZIP, limit)


def convert_to_utf8(content_type: str, body: bytes) -> bytes:
    """Return a text in UTF-8. Its charset is the one that its Content-Type names, if any.

    A byte that is no character of the charset becomes a replacement character.
    """
    charset = find_charset(content_type) if "charset" in content_type.lower() else None
    if charset is None:
        return body
    if charset.startswith("utf-") and json.detect_encoding(body).startswith("utf-8"):
        return body  # UTF-16 and UTF-32 cannot be taken for it
    return encode_utf8_in_pieces(charset, body)


def encode_utf8_in_pieces(charset: str, body: bytes) -> bytes:
    """Return a text in UTF-8, in pieces where it is large, so that other threads get their turn."""
    if len(body) <= _STEP:
        return body.decode(charset, "replace").encode("utf-8", "replace")
    decoder = codecs.getincrementaldecoder(charset)("replace")
    pieces = [
        decoder.decode(body[start : start + _STEP], start + _STEP >= len(body))
        for start in range(0, len(body), _STEP)
    ]
    return b"".join(piece.encode("utf-8", "replace") for piece in pieces)


def replace_cut_ends(body: bytes) -> bytes:
    """Return JSON with a replacement character where a text was cut within its last character.

    By senders that count bytes. Other bytes that are no characters stay as they are.
    """
    return _CUT.sub("\N{REPLACEMENT CHARACTER}".encode(), body)


@lru_cache(maxsize=64)
def find_charset(content_type: str) -> str | None:
    """Return the codec of a named charset; None for UTF-8, and for what is no charset."""
    found = _CHARSET.search(content_type)
    if found is None:
        return None
    try:
        name = codecs.lookup(_LABELS.get(found[1].lower(), found[1])).name
    except LookupError:
        return None
    if name in ("gb2312", "gbk"):
        return "gb18030"  # contains both, and senders mix them up
    return name if _NAMES.fullmatch(name) else None


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for _ in range(_MOST_MEMBERS):
        engine = zlib.decompressobj(window)
        try:
            pieces.append(engine.decompress(body, limit - size + 1))
        except zlib.error as error:
            raise _refuse_broken(str(error)) from None
        size += len(pieces[-1])
        if size > limit:
            raise BodyTooLarge(limit)
        if not engine.eof:
            raise _refuse_broken("it ends too early")
        body = engine.unused_data.lstrip(b"\0")
        if not body:
            return b"".join(pieces)
        if window != _GZIP or not body.startswith(_GZIP_MARK):
            return b"".join(pieces)  # as gzip itself does with what is no member behind the last
    raise _refuse_broken("it has too many members")


def _refuse_broken(reason: str) -> InvalidRequest:
    return InvalidRequest(
        FieldError("", f"the body is not what Content-Encoding says: {reason}"), malformed=True
    )
