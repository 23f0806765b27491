"""Where a task object keeps its results (reference: Kling §8.7): one table, first place wins."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tracker.domain.task import Artifact
from tracker.providers.kling.reading import finite, first_number, first_text, text_of

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
_MOST = 200
"""Pieces of one task that are kept."""


def artifacts(task: Mapping[str, Any]) -> tuple[Artifact, ...]:
    """The pieces that a finished task object names."""
    for place in _PLACES:
        found = tuple(place(task))
        if found:
            return found[:_MOST]
    return ()


def _task_result(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """Legacy: `task_result.videos[]` and the like; the list's name says the kind."""
    result = task.get("task_result")
    for name, items in result.items() if isinstance(result, Mapping) else ():
        kind = name.removesuffix("s").removeprefix("series_")
        yield from _pieces(items, kind)


def _outputs(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """New standard: `outputs[]`; each says its kind."""
    yield from _pieces(task.get("outputs"), "file")


def _output(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """PiAPI: `output.works[].video`, `output.video_url`; others: `output.video`."""
    output = task.get("output")
    if not isinstance(output, Mapping):
        if isinstance(output, str) and output.startswith("http"):
            yield _piece({"url": output}, "video")
        return
    works = output.get("works")
    for work in works if isinstance(works, list) else ():
        if isinstance(work, Mapping):
            yield from _named(work)
    yield from _named(output)


def _named(holder: Mapping[str, Any]) -> Iterator[Artifact]:
    """Pieces in fields of their kind's name, as object or as URL."""
    for kind in ("video", "image", "audio"):
        item = holder.get(kind, holder.get(f"{kind}_url"))
        if isinstance(item, str) and item:
            yield _piece({"url": item}, kind)
        elif isinstance(item, Mapping) and first_text(item, _URLS):
            yield _piece(item, kind)
        yield from _pieces(holder.get(f"{kind}s"), kind)


def _result(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """`result[]` of objects or URLs, or `result` as one object."""
    result = task.get("result")
    if isinstance(result, Mapping):
        yield from _named(result)
    for item in result if isinstance(result, list) else ():
        if isinstance(item, str):
            yield _piece({"url": item}, "video")
        elif isinstance(item, Mapping):
            yield _piece(item, "video")


def _flat(task: Mapping[str, Any]) -> Iterator[Artifact]:
    """One URL in the task object itself."""
    if url := first_text(task, _URLS, limit=_MAX_URL_CHARS):
        yield Artifact(
            "video",
            url,
            id=first_text(task, ("video_id",), limit=512),
            duration_s=_length(task),
        )


_PLACES: tuple[Callable[[Mapping[str, Any]], Iterator[Artifact]], ...] = (
    *(_task_result, _outputs, _output, _result, _flat),
)


def _pieces(items: Any, kind: str) -> Iterator[Artifact]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping):
            yield _piece(item, kind)
        elif isinstance(item, str) and item.startswith("http"):
            yield _piece({"url": item}, kind)


def _piece(item: Mapping[str, Any], kind: str) -> Artifact:
    return Artifact(
        kind=(text_of(item.get("type"), limit=40) if kind == "file" else None) or kind[:40],
        url=first_text(item, _URLS, limit=_MAX_URL_CHARS),
        id=first_text(item, _IDS, limit=512),
        duration_s=_length(item),
        extra={name: finite(value) for name, value in item.items() if name not in _TOLD},
    )


def _length(item: Mapping[str, Any]) -> str | None:
    """Seconds as the provider wrote them; PiAPI writes milliseconds."""
    text = first_number(item, _LENGTHS)
    if text is not None and text.isascii() and text.isdigit() and int(text) >= _MS_FROM:
        return f"{int(text) / 1000:g}"
    return text
