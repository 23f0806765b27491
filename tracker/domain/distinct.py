"""Tell a URL that is written in two ways from two URLs, so that one file is one piece."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from tracker.domain.records import replace_fields
from tracker.domain.task import Artifact, ArtifactState

_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile("[A-Za-z0-9._~-]")
_READY = ArtifactState.READY
_PORTS = {"http": ":80", "https": ":443"}


def normalise_address(url: str) -> str:
    """Return a URL as every other spelling of it is written (RFC 3986 section 6.2), for comparing.

    Without its fragment, which names no other file. A URL that cannot be read stays as it is.
    """
    url = url.strip()
    if not url[:8].lower().startswith(("http://", "https://", "//")):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    scheme = parts.scheme or "https"
    host = parts.netloc.lower().removesuffix(_PORTS.get(scheme, ""))
    path = _remove_dots(_ESCAPE.sub(_decode_unreserved, parts.path)) or "/"
    return urlunsplit((scheme, host, path, _ESCAPE.sub(_decode_unreserved, parts.query), ""))


def remove_duplicates(pieces: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """Return each piece once: of those with one address and kind the fullest, in the first place.

    It keeps the URL and the key of the first. Pieces that are not ready stay apart: several may be
    shown by one picture until each has its own.
    """
    found = tuple(pieces)
    if len(found) < 2:
        return found
    kept: dict[object, Artifact] = {}
    for place, piece in enumerate(found):
        is_fetched = piece.url and piece.state is _READY
        named = (normalise_address(piece.url or ""), piece.kind) if is_fetched else place
        first = kept.setdefault(named, piece)
        if count_facts(piece) > count_facts(first):
            kept[named] = replace_fields(piece, url=first.url, key=first.key)
    return tuple(kept.values())


def count_facts(piece: Artifact) -> int:
    """Count what is told of a piece besides its address."""
    return (piece.id is not None) + (piece.duration_s is not None) + len(piece.extra)


def _decode_unreserved(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return char if _UNRESERVED.fullmatch(char) else found[0].upper()


def _remove_dots(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    parts = path.split("/")
    for part in parts:
        if part == "..":
            del kept[max(1, len(kept) - 1) :]
        elif part != ".":
            kept.append(part)
    if parts[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)
