"""Pages of a list: the cursor that came in, and the one that goes out."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain import cursor
from tracker.web.edge import query
from tracker.web.edge.state import get_services

MAX_PAGE = 500
"""Entries of one page."""

_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
"""In a cursor an instant is a number; databases keep microseconds."""


class KeyedRow(Protocol):
    """A row that a list is sorted by."""

    @property
    def key(self) -> int:
        """Its row key."""


Row = TypeVar("Row", bound=KeyedRow)


def encode_instant(at: datetime) -> int:
    """Return an instant as it stands in a cursor."""
    return (at - _EPOCH) // _TICK


def decode_instant(ticks: int) -> datetime:
    """Return the instant of a cursor's number."""
    return _EPOCH + ticks * _TICK


def build_list_scope(name: str, owner: str, narrowed: Mapping[str, object]) -> str:
    """Return what the cursors of a list are bound to.

    It is spelled in the API's words, so that a cursor outlives a change of this code's own names.
    narrowed: values by parameter; what is None or empty narrows nothing.
    """
    kept = {
        parameter: sorted(value) if isinstance(value, list) else value
        for parameter, value in narrowed.items()
        if value not in (None, [])
    }
    return json.dumps([name, owner, kept], sort_keys=True, ensure_ascii=False, default=str)


def read_position(request: Request, *, scope: str, name: str = "cursor") -> int | None:
    """Return where the page begins; None at the start.

    scope: names the list and its filters. name: the parameter that has the cursor.
    Raises InvalidRequest for another list's cursor.
    """
    found = sort_key(request, scope=scope, name=name)
    return None if found is None else found[0]


def sort_key(request: Request, *, scope: str, name: str = "cursor") -> Sequence[int] | None:
    """Return the parts of the cursor's sort key; None when the request has no cursor."""
    text = request.query_params.get(name)
    if text is None:
        return None
    found = cursor.decode(get_services(request).cursor_secrets, scope, text, name)
    return [int(part) for part in found]


def build_next_cursor(
    request: Request, last: int | Sequence[int] | None, *, scope: str
) -> str | None:
    """Return the cursor of the page that follows; None where nothing does.

    last: the sort key of the page's last entry; None when nothing follows. scope: see `position`.
    """
    if last is None:
        return None
    parts = [last] if isinstance(last, int) else last
    return cursor.encode(get_services(request).cursor_secrets[0], scope, parts)


def answer_page(
    request: Request,
    body: Mapping[str, object],
    *,
    last: int | Sequence[int] | None,
    scope: str,
    name: str = "cursor",
) -> Response:
    """Return a page.

    last: see `build_next_cursor`. name: see `read_position`.
    """
    headers = {"cache-control": "no-store"}
    after = build_next_cursor(request, last, scope=scope)
    if after is not None:
        url = request.url.include_query_params(**{name: after})
        headers["link"] = f'<{url.path}?{url.query}>; rel="next"'
    return JSONResponse({**body, "next_cursor": after}, headers=headers)


async def list_newest_first(
    request: Request,
    name: str,
    read: Callable[..., Sequence[Row]],
    view: Callable[[Row], object],
    *,
    scope: str,
) -> Response:
    """Return a page of a list by row key; its query has `limit` (50 unless told) and `after`.

    name: of the list in the answer. scope: see `position`.
    read: is called with a connection, `before` (the key of the last row of the page before, or
          None) and `limit`; returns so many rows at most, newest first.
    Raises InvalidRequest.
    """
    limit = query.read_integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    before = read_position(request, scope=scope, name="after")
    found = await get_services(request).store.read(
        lambda db: read(db, before=before, limit=limit + 1)
    )
    last = found[limit - 1].key if len(found) > limit else None
    body = {name: [view(one) for one in found[:limit]]}
    return answer_page(request, body, last=last, scope=scope, name="after")
