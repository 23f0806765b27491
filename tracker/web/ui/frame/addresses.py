"""Addresses as the API writes them, out of what forms send."""

from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.web.edge import query
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import address


def with_zone(name: str, value: str, reader: Reader) -> str:
    """Return a time of a form, which has the reader's zone, as the API wants it.

    Raises InvalidRequest for what is no time.
    """
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        reason = "must be a time with its zone, like 2026-11-24T10:00:00Z (a + is written %2B)"
        raise InvalidRequest(FieldError(name, reason), malformed=True) from None
    if at.tzinfo is not None:
        return value
    return at.replace(tzinfo=reader.preferences.zone).isoformat()


def local_time(request: Request, name: str, reader: Reader) -> str:
    """Return a time as a field of a form shows it, in the reader's zone; empty for none."""
    at = query.instant(request, name)
    if at is None:
        return ""
    return f"{at.astimezone(reader.preferences.zone):%Y-%m-%dT%H:%M:%S}"


def plain_address(
    request: Request, reader: Reader, path: str, *, times: Collection[str] = ()
) -> Response | None:
    """Lead to an address without the fields that a form left empty; None where there are none.

    times: fields that hold times, which get the reader's zone. Raises InvalidRequest.
    """
    asked = request.query_params.multi_items()
    pairs = [
        (name, with_zone(name, value, reader) if name in times else value)
        for name, value in asked
        if value
    ]
    if pairs == asked:
        return None
    text = urlencode(pairs)
    return RedirectResponse(f"{address(request, path)}{'?' if text else ''}{text}", 303)
