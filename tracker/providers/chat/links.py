"""Links to media in a text for people."""

import re
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from tracker.domain.inline_files import read_lost_reason
from tracker.domain.task import Artifact
from tracker.providers.kit.pieces import (
    build_file_url,
    build_text_url,
    make_lost_piece,
    read_web_url,
)

_CHAR = r"[^\s<>\"'`\\|^{}\[\]()（）【】「」『』《》，。；、！？]"
_LINK = re.compile(rf"https?://(?:{_CHAR}|\({_CHAR}*\))+")
"""Brackets are of a link where it holds both of a pair; those of the text stand around it."""
_HELD = re.compile(r"data:image/[\w.+-]+;base64,(?!tracker-)[\w+/=-]+", re.ASCII)
"""A picture that stands in the text itself, as wrappers of models of pictures write it."""
_KEPT = re.compile(
    r"(?:data:image/[\w.+-]+;base64,)?"
    r"(?:(?P<kept>tracker-asset:[\w?=&%.+-]+)|(?P<lost>tracker-lost:[\w%.+~/-]*))",
    re.ASCII,
)
"""Names of large pictures that were taken out of the text, or why they could not be read."""
_DIGEST = re.compile(r"[?&]sha256=([0-9a-f]{64})")
_BEHIND = ".,;:!?*_~"
"""Punctuation of the text, and not of a link at whose end it stands."""
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("mp3", "wav", "m4a"), "audio"),
        **dict.fromkeys(("mp4", "webm", "mov"), "video"),
        **dict.fromkeys(("png", "jpg", "jpeg", "webp", "gif"), "image"),
    }
)
"""Kind of a result by the ending of its path."""
_KEPT_CHARS = 20_000
"""Of a text that is kept as an artifact."""


def find_artifacts(
    text: str, hosts: Collection[str], *, but: Collection[str]
) -> Sequence[Artifact]:
    """Return the media that a text links to, in its order, each once, then pictures that it holds.

    hosts: whose links are results whatever they end in. but: URLs that are none.
    """
    found: dict[str, str] = {}
    for match in _LINK.finditer(text):
        for url in _iterate_urls(match[0]):
            kind = _find_kind(url, hosts)
            if kind is not None:
                if url not in but:
                    found.setdefault(url, kind)
                break
    held = (build_file_url(match[0]) for match in _HELD.finditer(text) if match[0] not in but)
    found |= dict.fromkeys(filter(None, held), "image")
    found |= dict.fromkeys(_iterate_kept(text, but), "image")
    pieces = [
        Artifact(kind, url, key=f"link-{place}") for place, (url, kind) in enumerate(found.items())
    ]
    lost = filter(None, (read_lost_reason(match["lost"]) for match in _KEPT.finditer(text)))
    return [*pieces, *(make_lost_piece("image", f"lost-{n}", why) for n, why in enumerate(lost))]


def hide_names(text: str) -> str:
    """Return a text without the names of files that were taken out of it, which can be used."""
    return _KEPT.sub("picture", text)


def _iterate_kept(text: str, but: Collection[str]) -> Iterator[str]:
    """Yield the names of files that were taken out of a text. but: data URLs that are no results.

    A data URL of the request may have been repeated: the digest of its file tells.
    """
    names = [match["kept"] for match in _KEPT.finditer(text) if match["kept"]]
    digests = {_digest(url) for url in but if url.startswith("data:")} if names else set()
    for name in names:
        digest = _DIGEST.search(name)
        if digest is None or digest[1] not in digests:
            yield name


def _digest(url: str) -> str | None:
    try:
        return sha256(b64decode(url.partition(",")[2])).hexdigest()
    except ValueError:
        return None


def find_given_urls(said: Any) -> Collection[str]:
    """Return the URLs that stand anywhere in the messages of a request."""
    if isinstance(said, str):
        if said.startswith("data:"):  # a picture of megabytes, in which nothing is to be found
            return {said}
        return {url for match in _LINK.finditer(said) for url in _iterate_urls(match[0])}
    if isinstance(said, Mapping):
        said = list(said.values())
    return (
        {url for one in said for url in find_given_urls(one)} if isinstance(said, list) else set()
    )


def _iterate_urls(written: str) -> Iterator[str]:
    """Yield what a link may be: whole, or up to its first bracket."""
    for one in dict.fromkeys((written, written.partition("(")[0])):
        url = read_web_url(one.rstrip(_BEHIND))
        if url is not None:
            yield url


def build_text_artifact(text: str) -> Artifact:
    """Return the text itself as a piece of the result."""
    return Artifact("text", build_text_url(text[:_KEPT_CHARS]), key="text")


def _find_kind(url: str, hosts: Collection[str]) -> str | None:
    parts = urlsplit(url)
    ending = parts.path.rpartition(".")[2].lower()
    is_known = parts.hostname in hosts
    return _KINDS.get(ending, "file" if is_known else None)
