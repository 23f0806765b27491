"""`/ui/live`: parts of pages on display, sent again when they change.

A stream is bound to the rows of one page of a list, to one task, or to what needs a person. It
sends parts of pages, which the browser puts in the place of those that it has: no more than two
pieces a second of at most 50 rows each, counts every 5 s at most, and nothing while nothing
changes. Between two pieces it holds no database connection.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Send

from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, CursorTooOld, NotFound
from tracker.services.read.watch import FeedWaiter, WakeReason
from tracker.store import feed, tasks
from tracker.store.filters import TaskFilter
from tracker.web.api.changes import decode_feed_cursor, encode_feed_cursor
from tracker.web.edge import params, query, waiting
from tracker.web.edge.operation import Param
from tracker.web.edge.sent_events import BEAT, SentEvents
from tracker.web.edge.slow_readers import send_piece
from tracker.web.edge.state import get_holder, get_services
from tracker.web.ui.displays import (
    AttentionDisplay,
    Display,
    ListDisplay,
    TaskDisplay,
    read_loop_time,
)
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.tasks import SIZES

PAGES = Pages()
PAUSE_S = 0.5
"""Between two pieces."""
_PAGE = 500
"""Changes that are looked at together."""
KNOWN = (
    *params.FILTERS,
    Param("order", "Of the list."),
    Param("column", "Columns besides.", repeatable=True),
    Param("limit", "Of the list."),
    Param("ids", "The tasks or entries on display, with commas between them."),
    Param("task", "The one task on display."),
    Param("attention", "What needs a person is on display: the digest of what is shown."),
    Param("groups", "Its groups on display, with commas between them."),
    Param("news", "`1`: tell of new tasks that fit the filters."),
    Param("once", "`1`: no stream; only what has changed since."),
    params.AFTER,
)


@PAGES.get("/live", scope=Scope.TASKS_READ, known=KNOWN)
async def stream_display(request: Request, reader: Reader) -> Response:
    """Send what changes of what is on display, as a stream or once."""
    display = await _display(request, reader)
    given = request.headers.get("last-event-id") or request.query_params.get("after")
    position = await decode_feed_cursor(request, reader.tenant, given)
    if request.query_params.get("once") != "1":
        return LiveStream(display, position)
    position = await _catch_up(display, position)
    parts = await display.render_parts() if display.is_due() else ""
    whole = parts + _mark(encode_feed_cursor(request, reader.tenant, position))
    return Response(whole, headers={"cache-control": "no-store"}, media_type="text/html")


def _mark(after: str) -> str:
    """Return the part that tells the browser where to go on."""
    return (
        '<hx-partial hx-target="#after" hx-swap="outerMorph">'
        f'<i id="after" hidden data-after="{after}"></i></hx-partial>'
    )


async def _display(request: Request, reader: Reader) -> Display:
    shown = request.query_params.get("attention")
    if shown is not None:
        return AttentionDisplay(request, reader, shown)
    named = request.query_params.get("task")
    if named is not None:
        id_ = query.parse_uuid(named)
        found = (
            None
            if id_ is None
            else await get_services(request).store.find(tasks.load_standings, id_)
        )
        if id_ is None or found is None or found.tenant != reader.tenant:
            raise NotFound(NO_SUCH_TASK)
        return TaskDisplay(request, reader, id_)
    names = request.query_params.get("ids", "").split(",")[: SIZES[-1]]
    ids = [id_ for name in names if (id_ := query.parse_uuid(name)) is not None]
    return ListDisplay(request, reader, ids, query.read_task_filter(request, reader.tenant))


async def _catch_up(display: Display, position: int) -> int:
    """Take up what has changed since a position; return where the feed is now."""
    watch, filter_ = get_services(display.request).watch, TaskFilter(display.reader.tenant)
    while True:
        try:
            found = await watch.read_after(position, filter_, limit=_PAGE)
        except CursorTooOld:
            display.note_all()
            return await get_services(display.request).store.read(feed.find_head)
        display.note(found.changes)
        position = found.position
        if not found.more:
            return position


class LiveStream(SentEvents):
    """A stream of parts of pages."""

    def __init__(self, display: Display, position: int) -> None:
        """position: the last change in the feed that is on display."""
        super().__init__()
        self._display, self._position = display, position

    async def send_events(self, send: Send) -> bool:
        """Send what changes, a piece at a time."""
        display, request = self._display, self._display.request
        our = get_services(request)
        slow_s, gone = our.limits.slow_reader_s, waiting.build_leave_waiter(request)
        filter_ = TaskFilter(display.reader.tenant)
        sent_at = read_loop_time()
        await send_piece(send, BEAT, slow_s)  # the browser learns at once that it is connected
        with our.watch.watch_feed(filter_, holder=get_holder(request)) as waiter:
            while not our.watch.is_closing:
                self._position = await _catch_up(display, self._position)
                if waiter.is_revoked:
                    return True
                if display.is_due():
                    try:
                        parts = await display.render_parts()
                    except NotFound:
                        return True
                    if not parts:
                        continue
                    sent_at = read_loop_time()
                    await send_piece(send, self._render_event(parts), slow_s)
                    woke = await self._sleep(
                        waiter, read_loop_time() + PAUSE_S, gone, whatever=True
                    )
                else:
                    due, beat = display.get_due_time(), sent_at + our.limits.heartbeat_s
                    until = beat if due is None else min(due, beat)
                    woke = await self._sleep(waiter, until, gone)
                    if read_loop_time() >= beat:
                        sent_at = read_loop_time()
                        await send_piece(send, BEAT, slow_s)
                if woke is WakeReason.GONE:
                    return False
                if woke is WakeReason.REVOKED:
                    return True
        return True

    async def _sleep(
        self, waiter: FeedWaiter, until: float, gone: Any, *, whatever: bool = False
    ) -> WakeReason:
        """Wait for news, or until a time. whatever: news do not end it."""
        woke = await waiter.sleep(until, gone)
        while whatever and woke is WakeReason.NEWS and read_loop_time() < until:
            woke = await waiter.sleep(until, gone)
        return WakeReason.NEWS if whatever and woke is WakeReason.TIME else woke

    def _render_event(self, parts: str) -> bytes:
        display = self._display
        after = encode_feed_cursor(display.request, display.reader.tenant, self._position)
        # A line feed is the one line end in what templates make; of a carriage return in an exact
        # value the parser of the stream would make another.
        whole = (parts + _mark(after)).replace("\r", "&#13;")
        lines = "".join(f"data: {line}\n" for line in whole.split("\n") if line)
        return f"id: {after}\n{lines}\n".encode()
