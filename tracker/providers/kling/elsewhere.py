"""Results outside the places of the known shapes, found by what gateways call such fields.

Only fields whose name says that they hold a result are looked at: the URL of an input image, of a
cover or of a callback is no result. Seen so far, besides invented spellings of the same names:
`resultJson` (docs.kie.ai/cn/market/common/get-task-detail, read 2026-11-28), `fail_reason` (older
new-api, github.com/QuantumNous/new-api/issues/6993, 2026-08-24), `creations[]`
(cloud.baidu.com/doc/qianfan-api/s/7ml0o183p, 2026-01-30), `output_images[]` (ModelScope),
`works[]` (wrappers of Kling's own site).
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import read_json

_DEPTH = 5
_MAX_JSON_CHARS = 1 << 20
_NAMED = ("video", "image", "audio")
_LISTED = frozenset(
    f"{prefix}{kind}{ending}"
    for prefix in ("", "result", "output", "generated")
    for kind in ("", *_NAMED, "file", "media")
    for ending in ("url", "urls", "s", "", "list", "info", "infos", "result", "results")
)
"""`resultUrls`, `output_images`, `videoInfo`, `fileInfos` and their like, and `url` itself."""
_HOLDERS = _LISTED | frozenset(
    {"taskresult", "result", "results", "resultjson", "resultobject", "resultdata", "info"}
    | {"output", "outputs", "work", "works", "creations", "generations", "content", "payload"}
    | {"resource", "resources", "items", "metadata", "assets", "artifacts"}
)
_ONE = frozenset(
    {"video", "videos", "videourl", "videourls", "result", "results", "taskresult", "output"}
    | {f"{prefix}{kind}" for prefix in ("result", "output", "generated") for kind in _NAMED}
)
"""Names of fields in which one URL alone is a result: a request has no input of these names, and
a copy of it beside the result would hold its pictures and sounds under theirs."""
_ENVELOPES = frozenset({"data", "response"})
"""Read here only where they are JSON in a text: what lies in envelopes is a layer of its own."""
_URLS = (
    *("url", "videourl", "resulturl", "outputurl", "fileurl", "downloadurl", "mediaurl"),
    *("imageurl", "audiourl", "mp3url", "resource", "resourcewithoutwatermark", "playurl"),
    *("originurl", "src", "mp4url", "uri"),
)
"""Names of one URL, the most telling first."""
_LAST = "failreason"
"""Of a success, older new-api puts the URL here."""
_KIND_FIELDS = ("type", "content_type", "contentType", "media_type", "mediaType")
_ENDINGS: Mapping[str, str] = {
    **dict.fromkeys(("jpg", "jpeg", "png", "webp", "gif", "bmp", "avif"), "image"),
    **dict.fromkeys(("mp3", "wav", "m4a", "aac", "flac", "ogg"), "audio"),
}


def find_elsewhere(task: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the kind and the fields (with a `url`) of each piece that a finished task names."""
    found = False
    for name, value in task.items():
        for piece in _find_named(_normalise_name(name), value, "video", _DEPTH):
            found = True
            yield piece
    if not found and (url := _read_url(task)):
        yield guess_kind(url, "video"), {"url": url}


def _find_named(
    name: str, value: Any, kind: str, depth: int
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    is_wrapped = name in _ENVELOPES and isinstance(value, str)
    if not depth or not (is_wrapped or name in _HOLDERS):
        return
    kind = next((one for one in _NAMED if one in name), kind)
    value = read_packed(value)
    is_listed = isinstance(value, list)
    for item in value if isinstance(value, list) else [value]:
        if (
            isinstance(item, str)
            and (is_listed or name in _ONE or depth < _DEPTH)
            and read_web_url(item)
        ):
            yield guess_kind(item, kind, name=name), {"url": item.strip()}
        elif isinstance(item, list):
            yield from _find_named(name, item, kind, depth - 1)
        elif isinstance(item, Mapping):
            yield from _iterate_inside(name, item, kind, depth)


def _iterate_inside(
    name: str, item: Mapping[str, Any], kind: str, depth: int
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if url := _read_url(item):
        yield _find_kind(item) or guess_kind(url, kind, name=name), {**item, "url": url}
        return
    for inner, value in item.items():
        # Some write a list as an object whose names are numbers.
        plain = name if inner.isdecimal() else _normalise_name(inner)
        yield from _find_named(plain, value, _find_kind(item) or kind, depth - 1)


def _read_url(item: Mapping[str, Any]) -> str | None:
    plain = {_normalise_name(name): value for name, value in item.items() if read_web_url(value)}
    return next((plain[name].strip() for name in (*_URLS, _LAST) if name in plain), None)


def _find_kind(item: Mapping[str, Any]) -> str | None:
    for name in _KIND_FIELDS:
        said = item.get(name)
        if isinstance(said, str) and (kind := said.lower().partition("/")[0]) in _NAMED:
            return kind
    return None


def guess_kind(url: str, default: str, *, name: str = "") -> str:
    """Return the kind that a field's name or the URL's ending says; the default where neither."""
    named = next((one for one in _NAMED if one in name), None)
    return named or _ENDINGS.get(_find_ending(url), default)


def _find_ending(url: str) -> str:
    try:
        return urlsplit(url.strip()).path.rpartition(".")[2].lower()
    except ValueError:
        return ""


def read_packed(value: Any) -> Any:
    """Read JSON that a gateway wrote into a text; return anything else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return read_json(value.encode()) if len(value) <= _MAX_JSON_CHARS else value
    except ValueError:
        return value


def _normalise_name(name: str) -> str:
    """Return a field's name in one spelling: `result_urls` and `resultUrls` are one."""
    return name.replace("_", "").replace("-", "").lower()
