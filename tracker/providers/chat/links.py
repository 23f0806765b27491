"""Links to media in a text for people."""

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from tracker.domain.task import Artifact
from tracker.providers.kit.pieces import text_url, web_url

_CHAR = r"[^\s<>\"'`\\|^{}\[\]()（）【】「」『』《》，。；、！？]"
_LINK = re.compile(rf"https?://(?:{_CHAR}|\({_CHAR}*\))+")
"""Brackets are of a link where it holds both of a pair; those of the text stand around it."""
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


def artifacts_of(text: str, hosts: Collection[str]) -> Sequence[Artifact]:
    """Return the media that a text links to, in its order, each once; and no text.

    hosts: whose links are results whatever they end in.
    """
    found: dict[str, str] = {}
    for match in _LINK.finditer(text):
        for written in dict.fromkeys((match[0], match[0].partition("(")[0])):
            url = web_url(written.rstrip(_BEHIND))
            kind = None if url is None else _kind_of(url, hosts)
            if url is not None and kind is not None:
                found.setdefault(url, kind)
                break
    return [
        Artifact(kind, url, key=f"link-{place}") for place, (url, kind) in enumerate(found.items())
    ]


def text_artifact(text: str) -> Artifact:
    """Return the text itself as a piece of the result."""
    return Artifact("text", text_url(text[:_KEPT_CHARS]), key="text")


def _kind_of(url: str, hosts: Collection[str]) -> str | None:
    parts = urlsplit(url)
    ending = parts.path.rpartition(".")[2].lower()
    is_known = parts.hostname in hosts
    return _KINDS.get(ending, "file" if is_known else None)
