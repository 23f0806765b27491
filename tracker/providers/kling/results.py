"""Where a task object keeps its results: one table of places, of which the first wins."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tracker.domain.distinct import count_facts, normalise_address
from tracker.domain.records import replace_fields
from tracker.domain.task import Artifact
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import (
    find_first_number,
    find_first_text,
    read_text,
    replace_infinite,
)
from tracker.providers.kling.elsewhere import find_elsewhere, guess_kind

_URLS = (
    *("url", "video_url", "result_url", "image_url", "audio_url", "url_mp3", "mp3_url"),
    *("trial_url", "ResultVideoUrl", "metadata.url", "url_1"),
    *("resource_without_watermark", "resource"),  # PiAPI has both
)
_IDS = ("id", "video_id", "element_id", "voice_id")
_LENGTHS = ("duration", "duration_mp3", "mp3_duration", "Duration", "metadata.duration")
_TOLD = frozenset({"url", "id", "type", "duration"})
"""Fields of a piece that have a place of their own in ours."""
_MS_FROM = 1000
"""Lengths from here on are milliseconds: no generated piece lasts a quarter of an hour."""
_MAX_URL_CHARS = 8192
_FETCHABLE = re.compile(r"\s*(?:data:|(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/\s])")


def find_artifacts(layers: Sequence[Mapping[str, Any]]) -> tuple[Artifact, ...]:
    """Return the pieces that a finished task names, each URL once with its fullest description.

    layers: the task object and what is wrapped around it, the deciding one first. The first place
        that names anything says which pieces there are; the others only describe them.
    """
    found: tuple[Artifact, ...] = ()
    for layer in layers:
        named = _read_first_named(layer)
        found = found or named
        if _is_any_to_fetch(named):
            found = named
            break
    if len(found) > 1 or (found and not _is_described(found[0])):
        found = _merge_pieces(found, layers)
    return found


def _read_first_named(layer: Mapping[str, Any]) -> tuple[Artifact, ...]:
    """Return the pieces of the first place that names one to fetch, else of the first with any."""
    rest: tuple[Artifact, ...] = ()
    for place in _PLACES:
        found = tuple(place(layer))
        if _is_any_to_fetch(found):
            return found
        rest = rest or found
    return rest


def _is_any_to_fetch(pieces: Iterable[Artifact]) -> bool:
    for piece in pieces:  # noqa: SIM110 - half as long as `any` takes, for one piece
        if piece.url:
            return True
    return False


def _merge_pieces(
    found: Sequence[Artifact], layers: Sequence[Mapping[str, Any]]
) -> tuple[Artifact, ...]:
    """Return the pieces without repeats, each described as fully as any place describes it."""
    fullest: dict[str, Artifact] = {}
    if not all(_is_described(piece) for piece in found):
        others = (piece for layer in layers for place in _PLACES for piece in place(layer))
        _keep_fullest(fullest, others)
    _keep_fullest(fullest, found)
    merged: dict[str | int, Artifact] = {}
    for number, piece in enumerate(found):
        named = normalise_address(piece.url) if piece.url else ""
        if not named:
            merged[number] = piece
        elif named not in merged:
            merged[named] = replace_fields(fullest[named], url=piece.url)
    return tuple(merged.values())


def _keep_fullest(fullest: dict[str, Artifact], pieces: Iterable[Artifact]) -> None:
    for piece in pieces:
        if not piece.url:
            continue
        named = normalise_address(piece.url)
        if named not in fullest or count_facts(piece) >= count_facts(fullest[named]):
            fullest[named] = piece


def _is_described(piece: Artifact) -> bool:
    return count_facts(piece) > 0


def _iterate_task_result(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """Legacy: `task_result.videos[]` and the like; the list's name says the kind."""
    result = task.get("task_result")
    for name, items in result.items() if isinstance(result, dict) else ():
        kind = name.removesuffix("s").removeprefix("series_")
        yield from _iterate_pieces(items, kind)


def _iterate_outputs(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """Yield the pieces of the new standard's `outputs[]`; each says its kind."""
    yield from _iterate_pieces(task.get("outputs"), "file")


def _iterate_output(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """PiAPI: `output.works[].video`, `output.video_url`; others: `output.video`."""
    output = task.get("output")
    if not isinstance(output, dict):
        if read_web_url(output) is not None:
            yield _make_piece({"url": output}, "video")
        return
    works = output.get("works")
    for work in works if isinstance(works, list) else ():
        if isinstance(work, dict):
            yield from _iterate_named(work)
    yield from _iterate_named(output)


def _iterate_named(holder: Mapping[str, Any]) -> Iterator[Artifact]:
    """Yield pieces in fields of their kind's name, as object or as URL."""
    for kind in ("video", "image", "audio"):
        item = holder.get(kind, holder.get(f"{kind}_url"))
        if isinstance(item, str) and item:
            yield _make_piece({"url": item}, kind)
        elif isinstance(item, dict) and find_first_text(item, _URLS):
            yield _make_piece(item, kind)
        yield from _iterate_pieces(holder.get(f"{kind}s"), kind)


def _iterate_result(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """`result[]` of objects or URLs, or `result` as one object."""
    result = task.get("result")
    if isinstance(result, dict):
        yield from _iterate_named(result)
    for item in result if isinstance(result, list) else ():
        if isinstance(item, str):
            yield _make_piece({"url": item}, "video")
        elif isinstance(item, dict):
            yield _make_piece(item, "video")


def _iterate_flat(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """Yield the piece whose URL stands in the task object itself."""
    if url := _find_url(task):
        yield Artifact(
            "video",
            url,
            id=find_first_text(task, ("video_id",), limit=512),
            duration_s=_find_length(task),
        )


def _iterate_anywhere(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """Yield pieces in fields whose name says so, for shapes that are not known."""
    for kind, item in find_elsewhere(task):
        yield _make_piece(item, kind)


_PLACES: tuple[Callable[[Mapping[str, Any]], Iterator[Artifact]], ...] = (
    *(
        _iterate_task_result,
        _iterate_outputs,
        _iterate_output,
        _iterate_result,
        _iterate_flat,
        _iterate_anywhere,
    ),
)


def _iterate_pieces(items: Any, kind: str) -> Iterator[Artifact]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield _make_piece(item, kind)
        elif (url := read_web_url(item)) is not None:
            yield _make_piece({"url": url}, guess_kind(url, "video") if kind == "file" else kind)


def _make_piece(item: Mapping[str, Any], kind: str) -> Artifact:
    return Artifact(
        kind=(read_text(item.get("type"), limit=40) if kind == "file" else None) or kind[:40],
        url=_find_url(item),
        id=find_first_text(item, _IDS, limit=512),
        duration_s=_find_length(item),
        extra={name: replace_infinite(value) for name, value in item.items() if name not in _TOLD},
    )


def _find_url(item: Mapping[str, Any]) -> str | None:
    """Return the first URL among a piece's fields; one that names no host stands for none."""
    for name in _URLS:
        url = find_first_text(item, (name,), limit=_MAX_URL_CHARS)
        if url is not None and "\\/" in url:  # escaped twice
            url = url.replace("\\/", "/")
        if url is not None and _FETCHABLE.match(url):
            url = url.strip()
            url = f"https:{url}" if url.startswith("//") else url
            if read_web_url(url) or not url[:5].lower().startswith(("http:", "https")):
                return url
    return None


def _find_length(item: Mapping[str, Any]) -> str | None:
    """Return seconds as the provider wrote them; PiAPI writes milliseconds."""
    text = find_first_number(item, _LENGTHS)
    if text is not None and text.isascii() and text.isdigit() and int(text) >= _MS_FROM:
        return f"{int(text) / 1000:g}"
    return text
