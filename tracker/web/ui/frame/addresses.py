"""Addresses as the API writes them, out of what forms send."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.web.edge import query
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address


def add_zone(name: str, value: str, reader: Reader) -> str:
    """Return a time of a form, which has the reader's zone, as the API wants it.

    Raises InvalidRequest for what is no time.
    """
    with suppress(ValueError):
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            return at.replace(tzinfo=reader.preferences.zone).isoformat()
    query.parse_instant(name, value)
    return value


def format_local_time(request: Request, name: str, reader: Reader) -> str:
    """Return a time as a field of a form shows it, in the reader's zone; empty for none."""
    at = query.read_instant(request, name)
    if at is None:
        return ""
    return f"{at.astimezone(reader.preferences.zone):%Y-%m-%dT%H:%M:%S}"


_METADATA = ("metadata_key", "metadata_value")


def redirect_to_plain_address(
    request: Request, reader: Reader, path: str, *, times: Collection[str] = ()
) -> Response | None:
    """Lead to an address as the API writes it; None where the request's is one already.

    Fields that a form left empty are left out, and `metadata_key` with `metadata_value` become
    `metadata.<key>`. times: fields that hold times, which get the reader's zone.
    Raises InvalidRequest for a time that is none.
    """
    asked = request.query_params.multi_items()
    pairs = [
        (name, add_zone(name, value, reader) if name in times else value)
        for name, value in asked
        if value and name not in _METADATA
    ]
    key, value = (request.query_params.get(name, "") for name in _METADATA)
    if key:
        pairs.append((f"{query.METADATA}{key}", value))
    if pairs == asked:
        return None
    text = urlencode(pairs)
    return RedirectResponse(f"{build_address(request, path)}{'?' if text else ''}{text}", 303)
