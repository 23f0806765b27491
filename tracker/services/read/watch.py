"""Wait for changes: one tailer per process reads the feed and wakes whoever waits for its news.

A waiter holds no database connection and no task of its own. The tailer reads only while somebody
waits: at once after a commit of this process, and every `poll_s` for those of other processes.
"""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Collection
from enum import StrEnum
from functools import partial
from typing import Self
from uuid import UUID

from tracker.domain.access import Holder
from tracker.domain.errors import Unavailable
from tracker.domain.work import JobKind
from tracker.precedence import Precedence
from tracker.store import feed
from tracker.store.feed import Change, FeedPage
from tracker.store.filters import TaskFilter
from tracker.store.store import Reading, Store

log = logging.getLogger(__name__)

WatchClient = Callable[[], Awaitable[object]]
"""Ends when the client of a waiter has gone."""
Wants = Callable[[Change], bool]

PAGE = 500
"""Changes that the tailer reads at once."""
_ROUNDS = 20
"""Pages that one request looks through for the first change that fits."""
_READS_AT_ONCE = 2
"""Of readers of the feed, for whom the database is asked: a crowd that begins at its beginning
would make everything else that is read wait until the last of it has its first page."""
_WOKEN_AT_ONCE = 50
"""Waiters in one turn of the event loop: thousands would keep a callback waiting for them all."""
_RETRY_S = 1.0
"""Pause after a read that failed."""


class WakeReason(StrEnum):
    """Why a waiter goes on."""

    NEWS = "news"
    """There may be what it waits for: look."""
    TIME = "time"
    GONE = "gone"
    """Its client went away: nobody wants the answer."""
    REVOKED = "revoked"
    """Its key no longer allows what it does: tell it nothing more."""
    CLOSING = "closing"
    """The process is about to end: answer with what there is."""


class Waiter:
    """One request that waits, within its `with` block."""

    __slots__ = ("_closing", "_due", "_timer", "_watch", "holder", "id", "is_revoked", "wants")

    def __init__(
        self,
        watch: "Watch",
        id_: UUID | None,
        wants: Wants | None,
        *,
        due: bool,
        holder: Holder | None,
    ) -> None:
        """id_: the task that it waits for; None for the feed.

        wants: which changes are news to it; None for all. due: whether to look at once.
        holder: whose right to wait may end; None where nobody can take it away.
        """
        self.id = id_
        self.wants = wants
        self.holder = holder
        self.is_revoked = False
        self._watch = watch
        self._due = due
        self._closing = False
        self._timer: asyncio.Timeout | None = None

    def __enter__(self) -> Self:
        self._watch.add_waiter(self)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._watch.leave(self)

    async def sleep(self, until: float, gone: WatchClient) -> WakeReason:
        """Wait until there is news, the time is over or the client has gone.

        until: by the event loop's clock.
        """
        # The client is what is waited for, and news ends that as a timeout would: so a waiter
        # needs no second task to see its client go.
        if not (self._due or self._closing or self.is_revoked):
            try:
                async with asyncio.timeout_at(until) as self._timer:
                    await gone()
                return WakeReason.GONE
            except TimeoutError:
                pass
            finally:
                self._timer = None
        if self.is_revoked:
            return WakeReason.REVOKED
        if self._closing:
            return WakeReason.CLOSING
        woke = WakeReason.NEWS if self._due else WakeReason.TIME
        self._due = False
        return woke

    def wake(self, *, closing: bool = False, revoked: bool = False) -> None:
        """Wake it: there may be news, it is time to end, or its key does not allow it any more."""
        self._closing = self._closing or closing
        self.is_revoked = self.is_revoked or revoked
        if self._due and not (closing or revoked):
            return
        self._due = True
        if self._timer is not None and not self._timer.expired():
            self._timer.reschedule(0)


class FeedWaiter(Waiter):
    """One reader of the feed that waits."""

    __slots__ = ("filter",)

    def __init__(self, watch: "Watch", filter_: TaskFilter, holder: Holder | None) -> None:
        super().__init__(watch, None, filter_.is_change_match, due=False, holder=holder)
        self.filter = filter_


class Watch:
    """One per process that answers requests. `async with` it."""

    def __init__(
        self,
        store: Store,
        *,
        poll_s: float,
        keep: int = 2000,
        precedence: Precedence | None = None,
    ) -> None:
        """poll_s: how often other processes' commits are looked for while somebody waits.

        keep: how many changes are kept at hand for the readers of the feed, at least.
        precedence: given way to before each look.
        """
        self._keep = keep
        self._precedence = precedence or Precedence()
        self._store = store
        self._poll_s = poll_s
        self._of_task: dict[UUID, list[Waiter]] = {}
        self._of_feed: set[Waiter] = set()
        self._of_holder: dict[Holder, set[Waiter]] = {}
        self._waiting = 0
        self._turns = asyncio.Semaphore(_READS_AT_ONCE)
        self._wanted = asyncio.Event()
        self._woken = asyncio.Event()
        self._closing = False
        self._position: int | None = None
        self._recent: list[Change] = []
        self._recent_from = 0
        self._tailing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._store.call_on_commit(self._note_commit)
        self._tailing = asyncio.create_task(self._follow_feed())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.close()
        if self._tailing is not None:
            self._tailing.cancel()
            await asyncio.wait([self._tailing])

    @property
    def position(self) -> int | None:
        """Return how far the tailer has told the news; None while nobody waits.

        Take it before looking at a task and hand it to `task`: then nothing is missed in between.
        """
        return self._position

    @property
    def poll_s(self) -> float:
        """Seconds after which news of other processes are looked for."""
        return self._poll_s

    @property
    def waiting(self) -> int:
        """Return how many wait now."""
        return self._waiting

    @property
    def is_closing(self) -> bool:
        """True when the process is about to end."""
        return self._closing

    @property
    def holders(self) -> Collection[Holder]:
        """For whom somebody waits now, each once."""
        return self._of_holder.keys()

    def revoke(self, holder: Holder) -> None:
        """End what waits for a holder."""
        for waiter in self._of_holder.get(holder, ()):
            waiter.wake(revoked=True)

    def watch_task(
        self,
        id_: UUID,
        *,
        since: int | None,
        wants: Wants | None = None,
        holder: Holder | None = None,
    ) -> Waiter:
        """Wait for changes of a task.

        since: `position` before the task was looked at. wants, holder: see Waiter.
        """
        # Where nobody waited so far the tailer wakes us as soon as it has a position to start from.
        due = self._position is not None and since != self._position
        return Waiter(self, id_, wants, due=due, holder=holder)

    def wake_task(self, id_: UUID) -> None:
        """Wake whoever waits for a task: something of it that the feed does not tell has come."""
        for waiter in self._of_task.get(id_, ()):
            waiter.wake()

    def watch_feed(self, filter_: TaskFilter, *, holder: Holder | None = None) -> FeedWaiter:
        """Wait for entries of the feed, with `wait_for_page`. holder: see Waiter."""
        return FeedWaiter(self, filter_, holder)

    def add_waiter(self, waiter: Waiter) -> None:
        """Wake it from now on."""
        if waiter.id is None:
            self._of_feed.add(waiter)
        else:
            self._of_task.setdefault(waiter.id, []).append(waiter)
        if waiter.holder is not None:
            self._of_holder.setdefault(waiter.holder, set()).add(waiter)
        self._waiting += 1
        self._wanted.set()
        if self._closing:
            waiter.wake(closing=True)

    def leave(self, waiter: Waiter) -> None:
        """Forget it."""
        if waiter.id is None:
            self._of_feed.remove(waiter)
        else:
            beside = self._of_task[waiter.id]
            beside.remove(waiter)
            if not beside:
                del self._of_task[waiter.id]
        if waiter.holder is not None:
            for_same = self._of_holder[waiter.holder]
            for_same.remove(waiter)
            if not for_same:
                del self._of_holder[waiter.holder]
        self._waiting -= 1
        if not self._waiting:
            self._wanted.clear()

    async def read_after(self, position: int, filter_: TaskFilter, *, limit: int) -> FeedPage:
        """Read the feed after a position: from memory when it is recent, else by a query.

        Raises Unavailable, CursorTooOld.
        """
        page = self._recall_page(position, filter_, limit)
        rounds = _ROUNDS
        while page is None or (page.more and not page.changes and rounds):
            at = position if page is None else page.position
            query = partial(feed.list_page, filter_=filter_, after=at, limit=limit)
            page = await self._store.wait_in_time(self._read_in_turn(query))
            rounds -= 1
        return page

    async def _read_in_turn(self, query: Callable[[Reading], FeedPage]) -> FeedPage:
        async with self._turns:
            return await self._store.read(query)

    async def wait_for_page(
        self, waiter: FeedWaiter, position: int, *, limit: int, until: float, gone: WatchClient
    ) -> tuple[FeedPage, WakeReason]:
        """Return the next page that has something, however long it takes; else an empty one and
        why.
        """
        while True:
            page = await self.read_after(position, waiter.filter, limit=limit)
            if waiter.is_revoked:
                return FeedPage((), position, more=False), WakeReason.REVOKED
            if page.changes or page.more:
                return page, WakeReason.NEWS
            position = page.position
            woke = await waiter.sleep(until, gone)
            if woke is not WakeReason.NEWS:
                return page, woke

    def close(self) -> None:
        """Let everybody who waits answer now, and nobody wait any more."""
        self._closing = True
        self._wake_all(closing=True)

    def _note_commit(self, _kinds: frozenset[JobKind], moved: bool) -> None:  # noqa: FBT001 - a store listener
        if moved:
            self._woken.set()

    async def _follow_feed(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                await self._follow()
            except Unavailable as error:
                log.warning("the feed is not followed: %(reason)s; trying again", {"reason": error})
                await asyncio.sleep(_RETRY_S)
            except Exception:
                # A watch that ended here would leave everybody who waits without news.
                log.exception("the feed is not followed; trying again")
                await asyncio.sleep(_RETRY_S)
            finally:
                self._position = None

    async def _follow(self) -> None:
        """Tell the news from now on, as long as somebody waits."""
        self._position = self._recent_from = await self._store.read(feed.find_head)
        self._recent = []
        # Whoever looked before this moment may have missed something: look again.
        self._wake_all()
        while self._waiting:
            self._woken.clear()
            await self._precedence.give_way()
            news = await self._store.read(partial(feed.list_tail, after=self._position, limit=PAGE))
            await self._notify(news)
            if len(news) < PAGE:
                await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _notify(self, news: list[Change]) -> None:
        """Keep it at hand, then wake whom it concerns, some at a time."""
        if not news:
            return
        self._position = news[-1].seq
        self._recent += news
        if len(self._recent) > 2 * self._keep:
            self._recent_from = self._recent[-self._keep - 1].seq
            del self._recent[: -self._keep]
        concerned = [
            waiter
            for change in news
            for waiter in self._of_task.get(change.task_id, ())
            if waiter.wants is None or waiter.wants(change)
        ]
        concerned += [
            waiter
            for waiter in self._of_feed
            if waiter.wants is None or any(map(waiter.wants, news))
        ]
        for number, waiter in enumerate(concerned, 1):
            waiter.wake()
            if number % _WOKEN_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _wake_all(self, *, closing: bool = False) -> None:
        for some in (self._of_feed, *self._of_task.values()):
            for waiter in some:
                waiter.wake(closing=closing)

    def _recall_page(self, position: int, filter_: TaskFilter, limit: int) -> FeedPage | None:
        """Return a page from memory; None when that does not reach back far enough."""
        if self._position is None or position < self._recent_from:
            return None
        if position >= self._position:
            # Ahead of the tailer: it looked itself, and the tailer will come by.
            return FeedPage((), position, more=False)
        start = bisect_right(self._recent, position, key=lambda change: change.seq)
        found = []
        for change in self._recent[start:]:
            if filter_.is_change_match(change):
                found.append(change)
                if len(found) == limit:
                    return FeedPage(found, change.seq, more=True)
        return FeedPage(found, self._position, more=False)
