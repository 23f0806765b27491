"""Files in a model's result. There is no common schema: whatever holds a URL is one."""

from collections.abc import Iterator, Mapping
from typing import Any

from tracker.domain.task import Artifact
from tracker.providers.kit.pieces import guess_kind, read_web_url
from tracker.providers.kit.reading import read_number, read_text

_DEEPEST = 20
_MOST_FILES, _LONGEST_KEY = 200, 200
_KINDS = {"video": "video", "image": "image", "audio": "audio", "model": "model"}
"""Kinds by the first part of a media type."""
_FACTS = ("width", "height", "file_name", "file_size", "content_type")


def list_files(payload: Any) -> list[Artifact]:
    """Return every file of a result, in its order. The key says where its URL stands."""
    found: list[Artifact] = []
    for path, url, holder in _iterate_urls(payload, "", {}):
        facts = {name: holder[name] for name in _FACTS if _is_plain(holder.get(name))}
        duration = read_number(holder.get("duration"))
        found.append(Artifact(_find_kind(path, url, holder), url, None, duration, facts, path))
        if len(found) == _MOST_FILES:
            break
    return found


def replace_urls(payload: Any, urls: Mapping[str, str]) -> Any:
    """Return a result with other URLs in the place of those that stand at these keys."""
    return _replace(payload, "", urls) if urls else payload


def _iterate_urls(
    value: Any, path: str, holder: Mapping[str, Any], depth: int = 0
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    if isinstance(value, str):
        name = path.rstrip("0123456789.").rpartition(".")[2]
        is_named = name in ("url", "urls") or name.endswith(("_url", "_urls"))
        is_named = is_named and len(path) <= _LONGEST_KEY
        url = value if value.startswith("data:") else read_web_url(value)
        if is_named and url is not None:
            yield path, url, holder if name == "url" else {}
    elif depth < _DEEPEST and isinstance(value, dict | list):
        within = value if isinstance(value, dict) else holder
        for inner, one in _iterate_parts(value, path):
            yield from _iterate_urls(one, inner, within, depth + 1)


def _replace(value: Any, path: str, urls: Mapping[str, str], depth: int = 0) -> Any:
    if isinstance(value, str):
        return urls.get(path, value)
    if depth >= _DEEPEST:
        return value
    if not isinstance(value, dict | list):
        return value
    parts = [_replace(one, inner, urls, depth + 1) for inner, one in _iterate_parts(value, path)]
    return parts if isinstance(value, list) else dict(zip(value, parts, strict=True))


def _iterate_parts(value: dict[str, Any] | list[Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield each part of an object or a list, behind the path that leads to it."""
    named = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in named:
        yield f"{path}.{name}".removeprefix("."), one


def _find_kind(path: str, url: str, holder: Mapping[str, Any]) -> str:
    """Return the kind by the media type; else by the URL; else by the names that lead there."""
    given = read_text(holder.get("content_type"), limit=100) or ""
    media_type = url[5:].split(";", maxsplit=1)[0] if url.startswith("data:") else given
    known = _KINDS.get(media_type.partition("/")[0]) or guess_kind(url)
    return known or next((kind for name, kind in _KINDS.items() if name in path), "file")


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
