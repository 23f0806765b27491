"""/v1/changes: the feed in pages, and as a stream of server-sent events."""

import asyncio
import json
import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Send

from tracker.domain import cursor
from tracker.domain.access import Scope
from tracker.services.read.watch import WakeReason
from tracker.store import feed
from tracker.store.feed import Change
from tracker.store.filters import TaskFilter
from tracker.web.api import views
from tracker.web.api.schemas import render_change
from tracker.web.edge import params, query, waiting
from tracker.web.edge.operation import ResponseSpec, describe_operation
from tracker.web.edge.sent_events import BEAT, SentEvents
from tracker.web.edge.slow_readers import send_piece, wait_until_taken
from tracker.web.edge.state import get_holder, get_services, get_tenant

log = logging.getLogger(__name__)

MAX_PAGE = 1000
NOW = "now"
"""In place of a cursor: from the end of the feed on."""
PIECE = 100
"""Changes of one piece of a stream, at most."""
FIRST_PIECE = 10
PIECE_BYTES = 32 * 1024
"""Of one piece, by the sizes of the last one's changes: a crowd may take none of it for a while."""
RETRY_MS = 1000
MADE = 1000
"""Events that are kept for other readers."""


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="changes",
    query=[
        *params.FILTERS,
        params.AFTER,
        params.define_limit(default=100, high=MAX_PAGE),
        params.WAIT,
    ],
    headers=[params.PREFER],
    answers={
        200: ResponseSpec(
            views.ChangePage,
            headers={
                "Link": 'Where to go on, as `rel="next"`.',
                "Preference-Applied": "What was heeded of `Prefer`.",
            },
        )
    },
    problems=[410],
)
async def list_(request: Request) -> Response:
    """Changes behind a cursor, oldest first; where there are none yet, waits if asked to."""
    limit = query.read_integer(request, "limit", default=100, low=1, high=MAX_PAGE)
    wait = waiting.read_wait_time(request)
    filter_ = query.read_task_filter(request, get_tenant(request))
    our = get_services(request)
    position = await _decode_position(request, request.query_params.get("after"))
    if wait.seconds:
        with our.watch.watch_feed(filter_, holder=get_holder(request)) as waiter:
            gone = waiting.build_leave_waiter(request)
            page, woke = await our.watch.wait_for_page(
                waiter, position, limit=limit, until=wait.until, gone=gone
            )
        waiting.refuse_ended(woke)
    else:
        page = await our.watch.read_after(position, filter_, limit=limit)
    after = _encode_cursor(request, page.position)
    url = request.url.include_query_params(after=after)
    body: views.ChangePage = {
        "changes": [render_change(change) for change in page.changes],
        "next_cursor": after,
        "has_more": page.more,
    }
    headers = {"cache-control": "no-store", "link": f'<{url.path}?{url.query}>; rel="next"'}
    return JSONResponse(body, headers=headers | wait.headers)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="changes",
    query=[*params.FILTERS, params.AFTER],
    headers=[params.LAST_EVENT_ID],
    answers={200: ResponseSpec(None, media="text/event-stream")},
    problems=[410],
)
async def stream(request: Request) -> Response:
    """Send the feed as server-sent events: `id` is a cursor, `data` a change.

    Ends with the service, and within seconds of the key's end.
    """
    filter_ = query.read_task_filter(request, get_tenant(request))
    after = request.headers.get("last-event-id") or request.query_params.get("after")
    position = await _decode_position(request, after)
    # What is wrong with the cursor is said before the stream begins.
    await get_services(request).watch.read_after(position, filter_, limit=1)
    return _Stream(request, filter_, position)


class _Stream(SentEvents):
    """The feed as a stream."""

    def __init__(self, request: Request, filter_: TaskFilter, position: int) -> None:
        super().__init__()
        self._request = request
        self._filter = filter_
        self._position = position

    async def send_events(self, send: Send) -> bool:
        """Send each change that fits."""
        request, position = self._request, self._position
        our, loop = get_services(request), asyncio.get_running_loop()
        slow_s, gone = our.limits.slow_reader_s, waiting.build_leave_waiter(request)
        sent_to, limit = position, FIRST_PIECE
        await send_piece(send, b"retry: %d\n\n" % RETRY_MS, slow_s)
        with our.watch.watch_feed(self._filter, holder=get_holder(request)) as waiter:
            while not our.watch.is_closing:
                until = loop.time() + our.limits.heartbeat_s
                await wait_until_taken(send, slow_s)
                page, woke = await our.watch.wait_for_page(
                    waiter, position, limit=limit, until=until, gone=gone
                )
                position = page.position
                if woke is WakeReason.GONE:
                    return False
                if woke is WakeReason.REVOKED:
                    log.info("a stream ends: its key was revoked or changed")
                    break
                if page.changes:
                    piece = b"".join(_format_event(request, change) for change in page.changes)
                    sent_to, fit = page.changes[-1].seq, PIECE_BYTES * len(page.changes)
                    limit = min(max(fit // len(piece), 1), 2 * limit, PIECE)
                    del page
                    await send_piece(send, piece, slow_s)
                elif woke is WakeReason.TIME:
                    await send_piece(
                        send, _beat(request, position if position != sent_to else None), slow_s
                    )
                    sent_to = position
        return True


def _format_event(request: Request, change: Change) -> bytes:
    """Return one event, the same bytes for all who read it: a change belongs to one tenant."""
    made = get_services(request).events
    if change.seq not in made:
        if len(made) >= MADE:
            made.clear()
        data = json.dumps(render_change(change), ensure_ascii=False, separators=(",", ":"))
        made[change.seq] = f"id: {_encode_cursor(request, change.seq)}\ndata: {data}\n\n".encode()
    return made[change.seq]


def _beat(request: Request, position: int | None) -> bytes:
    """Return bytes to send when there is nothing to tell.

    position: where the reader stands, if that has moved; an id without data is no event.
    """
    return BEAT if position is None else b"id: %s\n\n" % _encode_cursor(request, position).encode()


def _encode_cursor(request: Request, position: int) -> str:
    return encode_feed_cursor(request, get_tenant(request), position)


def encode_feed_cursor(request: Request, owner: str, position: int) -> str:
    """Return the cursor of a position in a tenant's feed."""
    return cursor.encode(get_services(request).cursor_secrets[0], _name_scope(owner), [position])


async def _decode_position(request: Request, after: str | None) -> int:
    return await decode_feed_cursor(request, get_tenant(request), after)


async def decode_feed_cursor(request: Request, owner: str, after: str | None) -> int:
    """Return the position of a cursor; 0, the beginning, for None. Raises InvalidRequest."""
    if after is None:
        return 0
    if after == NOW:
        position = get_services(request).watch.position
        return (
            await get_services(request).store.read(feed.find_head) if position is None else position
        )
    return int(
        cursor.decode(get_services(request).cursor_secrets, _name_scope(owner), after, "after")[0]
    )


def _name_scope(owner: str) -> str:
    """Return the scope of a cursor: the tenant's alone, so that filters may change on the way."""
    return f"changes {owner}"
