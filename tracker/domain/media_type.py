"""The type of a file by its first bytes: no header that came with it is believed.

Sources: https://mimesniff.spec.whatwg.org/ (read 2026-11-28) for the signatures of media,
https://www.iana.org/assignments/media-types/model/gltf-binary for glTF.
"""

import codecs
import re

FIRST_BYTES = 512
"""Enough for every signature here."""
OCTETS, TEXT = "application/octet-stream", "text/plain"
_PLAYLIST = "application/vnd.apple.mpegurl"
"""Names the parts of a film, which lie elsewhere (https://www.rfc-editor.org/rfc/rfc8216)."""
_PREFIXES = (
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"glTF", "model/gltf-binary"),
    (b"FLV\x01", "video/x-flv"),
    (b"\0\0\1\xba", "video/mpeg"),
    (b"#EXTM3U", _PLAYLIST),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?P<mark>[!?a-z])", re.IGNORECASE)
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|script|iframe|h1|div|title)", re.IGNORECASE)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]\s*[\"{\[}\]]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""Characters that no text has: the binary data bytes of the standard that it may decode to."""
INLINE = frozenset({"video", "image", "audio", "model"})
"""Top-level types that a browser may show in place; all else is served as a download."""


def detect_media_type(first: bytes) -> str:
    """Return the media type of a file that begins so; OCTETS where it is not known.

    Markup is `text/html`, `image/svg+xml` or `text/xml`, JSON `application/json`, other text TEXT.
    """
    if first.startswith(_UTF_16):  # or its mark would be taken for the beginning of MPEG audio
        return TEXT
    for prefix, type_ in _PREFIXES:
        if first.startswith(prefix):
            return type_
    if first[:4] == b"RIFF":
        return _RIFF.get(first[8:12], OCTETS)
    if first[4:8] == b"ftyp":
        return _BRANDS.get(first[8:12], "video/mp4")
    if first[:1] == b"\xff" and len(first) > 1 and first[1] & 0xE0 == 0xE0:
        # MPEG audio: ADTS has layer 0, which MP3 has not.
        return "audio/aac" if first[1] & 0x06 == 0 else "audio/mpeg"
    return _detect_text_type(first)


def _detect_text_type(first: bytes) -> str:
    if _MARKUP.match(first):
        if _SVG.search(first):
            return "image/svg+xml"
        return "text/html" if _HTML.search(first) else "text/xml"
    if _JSON.match(first):
        return "application/json"
    return TEXT if _is_text(first) else OCTETS


def _is_text(first: bytes) -> bool:
    try:  # the last character may be cut
        text = codecs.getincrementaldecoder("utf-8")().decode(first)
    except UnicodeDecodeError:
        return False
    return bool(text) and _NO_TEXT.search(text) is None


def is_shown(media_type: str) -> bool:
    """Return whether a browser may show a file of this type: no script can stand in it."""
    return media_type.partition("/")[0] in INLINE and media_type != "image/svg+xml"


def find_type_flaw(kind: str, media_type: str) -> str | None:
    """Return why a file of this type is no result of this kind; None when it may be one.

    kind: of the artifact, e.g. `video`. An SVG is an image, if one that is only downloaded; a model
    may be a text (OBJ, STL).
    """
    if kind not in INLINE or media_type == "image/svg+xml":
        return None
    names = {
        "text/html": "HTML",
        "text/xml": "XML",
        "application/json": "JSON",
        _PLAYLIST: "a playlist",
    }
    if kind != "model":
        names[TEXT] = "text"
    name = names.get(media_type)
    return None if name is None else f"the origin sent {name} in the place of the {kind}"
