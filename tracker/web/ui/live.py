"""`/ui/live`: parts of pages on display, sent again when they change.

A stream is bound to the rows of one page of a list, or to one task. It sends parts of pages, which
the browser puts in the place of those that it has: no more than two pieces a second of at most 50
rows each, counts every 5 s at most, and nothing while nothing changes. Between two pieces it holds
no database connection.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Send

from tracker.domain.access import Scope
from tracker.domain.errors import CursorTooOld, NotFound
from tracker.domain.events import EventKind
from tracker.services.read.watch import FeedWaiter, Woke
from tracker.store import feed, tasks
from tracker.store.feed import Change
from tracker.store.filters import TaskFilter
from tracker.web.api.changes import feed_cursor, feed_position
from tracker.web.edge import params, query, waiting
from tracker.web.edge.operation import Param
from tracker.web.edge.sent_events import BEAT, SentEvents
from tracker.web.edge.slow_readers import send_piece
from tracker.web.edge.state import holder, services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import part
from tracker.web.ui.frame.words import words_of
from tracker.web.ui.task import story_of, task_values
from tracker.web.ui.task_parts import rows_of
from tracker.web.ui.tasks import COLUMNS, PATIENCE_S, SIZES, chip_values, news_query

PAGES = Pages()
ROWS = 50
"""Of one piece."""
PAUSE_S = 0.5
"""Between two pieces."""
COUNTS_S = 5.0
"""Between two counts, and between two numbers of new tasks."""
_PAGE = 500
"""Changes that are looked at together."""
_MOST_NEWS = 100
"""New tasks are counted up to here."""
KNOWN = (
    *params.FILTERS,
    Param("order", "Of the list."),
    Param("column", "Columns besides.", repeatable=True),
    Param("limit", "Of the list."),
    Param("ids", "The tasks on display, with commas between them."),
    Param("task", "The one task on display."),
    Param("news", "`1`: tell of new tasks that fit the filters."),
    Param("once", "`1`: no stream; only what has changed since."),
    params.AFTER,
)


class Display(ABC):
    """The things on display: which changes concern them, and how they look now."""

    def __init__(self, request: Request, reader: Reader) -> None:
        """Nothing has changed yet."""
        self.request, self.reader = request, reader

    @abstractmethod
    def note(self, changes: Sequence[Change]) -> None:
        """Take up changes of the tenant's tasks."""

    @abstractmethod
    def note_all(self) -> None:
        """Take everything for changed."""

    @abstractmethod
    def is_due(self) -> bool:
        """Return whether there is something to send."""

    @abstractmethod
    def due_at(self) -> float | None:
        """Return when something will be due that is not yet; None where nothing waits."""

    @abstractmethod
    async def parts(self) -> str:
        """Return the parts that have changed. Raises NotFound once there is nothing to show."""


class ListDisplay(Display):
    """Rows of a list, the chips above them, and how many new tasks there are."""

    def __init__(
        self, request: Request, reader: Reader, ids: Sequence[UUID], filter_: TaskFilter
    ) -> None:
        super().__init__(request, reader)
        self._ids = dict.fromkeys(ids)
        self._filter = filter_
        self._tells_news = request.query_params.get("news") == "1"
        self._changed: dict[UUID, None] = {}
        self._new: dict[UUID, None] = {}
        self._counts_due = False
        self._counted_at = self._told_at = float("-inf")
        self._told = 0

    def note(self, changes: Sequence[Change]) -> None:
        """Take up which rows changed, and which tasks are new."""
        for change in changes:
            self._counts_due = True
            if change.task_id in self._ids:
                self._changed[change.task_id] = None
            elif self._tells_news and len(self._new) < _MOST_NEWS and self._is_new(change):
                self._new[change.task_id] = None

    def note_all(self) -> None:
        """Take every row for changed."""
        self._changed |= self._ids
        self._counts_due = True

    def is_due(self) -> bool:
        """Return true for rows at once, for counts every few seconds."""
        return bool(self._changed) or self._is_time_to_count() or self._is_time_to_tell()

    def due_at(self) -> float | None:
        """Return when counts, or the number of new tasks, are due."""
        times = [self._counted_at] if self._counts_due else []
        times += [self._told_at] if self._told < len(self._new) else []
        return min(times) + COUNTS_S if times else None

    async def parts(self) -> str:
        """Return the changed rows, and counts where they are due."""
        chosen = list(self._changed)[:ROWS]
        for id_ in chosen:
            del self._changed[id_]
        our, say = services(self.request), words_of(self.reader.preferences.language)
        rows = []
        if chosen:
            found = await our.store.read(lambda db: tasks.by_id(db, chosen))
            ours = [task for task in found.values() if task.tenant == self.reader.tenant]
            rows = rows_of(ours, our.clock.now(), say)
        values: dict[str, Any] = {"rows": rows, "new": 0, "has_counts": False}
        if self._is_time_to_count():
            self._counts_due, self._counted_at = False, _now()
            counts = await our.state_counting.look(self.reader.tenant, patience_s=PATIENCE_S)
            values |= {"has_counts": True, **chip_values(counts, our.clock.now())}
        if self._is_time_to_tell():
            self._told, self._told_at = len(self._new), _now()
            values["new"] = self._told
        columns = self.request.query_params.getlist("column")
        return part(
            self.request,
            self.reader,
            "live_list.html",
            columns=[name for name in COLUMNS if name in columns],
            most_news=_MOST_NEWS,
            news=news_query(self.request),
            **values,
        )

    def _is_time_to_count(self) -> bool:
        return self._counts_due and _now() >= self._counted_at + COUNTS_S

    def _is_time_to_tell(self) -> bool:
        return self._told < len(self._new) and _now() >= self._told_at + COUNTS_S

    def _is_new(self, change: Change) -> bool:
        if not self._filter.states and change.step.kind is not EventKind.CREATED:
            return False
        return self._filter.matches(change)


class TaskDisplay(Display):
    """One task: what its page says, but for what never changes."""

    def __init__(self, request: Request, reader: Reader, id_: UUID) -> None:
        super().__init__(request, reader)
        self._id = id_
        self._is_changed = False

    def note(self, changes: Sequence[Change]) -> None:
        """Take up whether the task changed."""
        self._is_changed = self._is_changed or any(one.task_id == self._id for one in changes)

    def note_all(self) -> None:
        """Take it for changed."""
        self._is_changed = True

    def is_due(self) -> bool:
        """Return whether it changed."""
        return self._is_changed

    def due_at(self) -> float | None:
        """Return None: nothing waits."""
        return None

    async def parts(self) -> str:
        """Return the parts of its page."""
        self._is_changed = False
        story, _ = await story_of(self.request, self.reader, self._id)
        values = task_values(self.request, self.reader, story)
        back = f"/tasks/{self._id}"
        return part(self.request, self.reader, "live_task.html", **values, this=back)


@PAGES.get("/live", scope=Scope.TASKS_READ, known=KNOWN)
async def live(request: Request, reader: Reader) -> Response:
    """Send what changes of what is on display, as a stream or once."""
    display = await _display(request, reader)
    given = request.headers.get("last-event-id") or request.query_params.get("after")
    position = await feed_position(request, reader.tenant, given)
    if request.query_params.get("once") != "1":
        return LiveStream(display, position)
    position = await _caught_up(display, position)
    parts = await display.parts() if display.is_due() else ""
    whole = parts + _mark(feed_cursor(request, reader.tenant, position))
    return Response(whole, headers={"cache-control": "no-store"}, media_type="text/html")


def _now() -> float:
    """Return seconds that only go forward."""
    return asyncio.get_running_loop().time()


def _mark(after: str) -> str:
    """Return the part that tells the browser where to go on."""
    return (
        '<hx-partial hx-target="#after" hx-swap="outerMorph">'
        f'<i id="after" hidden data-after="{after}"></i></hx-partial>'
    )


async def _display(request: Request, reader: Reader) -> Display:
    named = request.query_params.get("task")
    if named is not None:
        id_ = query.as_uuid(named)
        found = None if id_ is None else await services(request).store.find(tasks.standings, id_)
        if id_ is None or found is None or found.tenant != reader.tenant:
            raise NotFound("there is no such task")
        return TaskDisplay(request, reader, id_)
    names = request.query_params.get("ids", "").split(",")[: SIZES[-1]]
    ids = [id_ for name in names if (id_ := query.as_uuid(name)) is not None]
    return ListDisplay(request, reader, ids, query.task_filter(request, reader.tenant))


async def _caught_up(display: Display, position: int) -> int:
    """Take up what has changed since a position; return where the feed is now."""
    watch, filter_ = services(display.request).watch, TaskFilter(display.reader.tenant)
    while True:
        try:
            found = await watch.after(position, filter_, limit=_PAGE)
        except CursorTooOld:
            display.note_all()
            return await services(display.request).store.read(feed.head)
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
        our = services(request)
        slow_s, gone = our.limits.slow_reader_s, waiting.leaving(request)
        filter_ = TaskFilter(display.reader.tenant)
        await send_piece(send, BEAT, slow_s)  # the browser learns at once that it is connected
        with our.watch.feed(filter_, holder=holder(request)) as waiter:
            while not our.watch.is_closing:
                self._position = await _caught_up(display, self._position)
                if waiter.is_revoked:
                    return True
                if display.is_due():
                    try:
                        parts = await display.parts()
                    except NotFound:
                        return True
                    await send_piece(send, self._event(parts), slow_s)
                    woke = await self._sleep(waiter, _now() + PAUSE_S, gone, whatever=True)
                else:
                    due, beat = display.due_at(), _now() + our.limits.heartbeat_s
                    until = beat if due is None else min(due, beat)
                    woke = await self._sleep(waiter, until, gone)
                    if woke is Woke.TIME and until == beat:
                        await send_piece(send, BEAT, slow_s)
                if woke is Woke.GONE:
                    return False
                if woke is Woke.REVOKED:
                    return True
        return True

    async def _sleep(
        self, waiter: FeedWaiter, until: float, gone: Any, *, whatever: bool = False
    ) -> Woke:
        """Wait for news, or until a time. whatever: news do not end it."""
        woke = await waiter.sleep(until, gone)
        while whatever and woke is Woke.NEWS and _now() < until:
            woke = await waiter.sleep(until, gone)
        return Woke.NEWS if whatever and woke is Woke.TIME else woke

    def _event(self, parts: str) -> bytes:
        display = self._display
        after = feed_cursor(display.request, display.reader.tenant, self._position)
        # A line feed is the one line end in what templates make; of a carriage return in an exact
        # value the parser of the stream would make another.
        whole = (parts + _mark(after)).replace("\r", "&#13;")
        lines = "".join(f"data: {line}\n" for line in whole.split("\n") if line)
        return f"id: {after}\n{lines}\n".encode()
