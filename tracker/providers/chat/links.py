"""Links to media in a text for people."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from tracker.domain.task import Artifact
from tracker.providers.kit.pieces import build_file_url, build_text_url, read_web_url

_CHAR = r"[^\s<>\"'`\\|^{}\[\]()（）【】「」『』《》，。；、！？]"
_LINK = re.compile(rf"https?://(?:{_CHAR}|\({_CHAR}*\))+")
"""Brackets are of a link where it holds both of a pair; those of the text stand around it."""
_HELD = re.compile(r"data:image/[\w.+-]+;base64,[\w+/=-]+", re.ASCII)
"""A picture that stands in the text itself, as wrappers of models of pictures write it."""
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
    return [
        Artifact(kind, url, key=f"link-{place}") for place, (url, kind) in enumerate(found.items())
    ]


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
