"""Serves result media, also in parts (Range), until their address expires."""

from pathlib import PurePosixPath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.media import MEDIA_TYPES, SAMPLE, make_media

__all__ = ["answer_media"]


def answer_media(emulator: Emulator, request: Request) -> Response:
    """Answer a request for `/media/{task_id}/{name}`.

    Raises HTTPException: 404 for an unknown task or kind, 403 for an expired address, 416 for
    a range beyond the end.
    """
    task_id, name = request.path_params["task_id"], request.path_params["name"]
    media_type = MEDIA_TYPES.get(PurePosixPath(name).suffix)
    is_known = task_id == SAMPLE or emulator.find_any(task_id) is not None
    content = make_media(task_id, name) if media_type and is_known else None
    if content is None:
        raise HTTPException(404, "no such media")
    expires = request.query_params.get("Expires", "")
    if expires.isascii() and expires.isdigit() and int(expires) * 1000 < emulator.get_now_ms():
        raise HTTPException(403, "the address has expired")
    headers = {"accept-ranges": "bytes"}
    part = _parse_range(request.headers.get("range", ""), len(content))
    if part is None:
        return Response(content, headers=headers, media_type=media_type)
    start, end = part
    headers["content-range"] = f"bytes {start}-{end - 1}/{len(content)}"
    return Response(content[start:end], 206, headers, media_type)


def _parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one behind the last; None serves the whole.

    One range is understood; several, and other units, are answered with the whole, as RFC 9110
    allows.
    """
    unit, _, given = header.partition("=")
    first, dash, last = given.strip().partition("-")
    are_numbers = all(text.isascii() and text.isdigit() for text in (first, last) if text)
    if unit.strip() != "bytes" or not dash or not (first or last) or not are_numbers:
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    if start >= size or (last and first and int(last) < int(first)):
        raise HTTPException(416, "range beyond the end", {"content-range": f"bytes */{size}"})
    return start, end
