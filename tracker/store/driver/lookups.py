"""Reads by key that share their statements.

What is asked for while a query runs shares the next one: nothing is older than its question, and
many callers cost little more than one. There is a connection of their own for it. On PostgreSQL a
thread waits for it; on SQLite, where a look by key takes less than handing it to another thread,
the event loop does it, for all who ask in one of its turns.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from tracker.domain.errors import Unavailable
from tracker.store.driver import bulk
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.server_session import POOLED_LIFE_S, is_pooled

Result = TypeVar("Result")

MOST = 500
"""Keys of one query."""


Query = Callable[[Connection, Sequence[Any]], Mapping[Any, Any]]
"""Everything that is found under some keys, by key."""
Read = Callable[[Callable[[Connection], Any]], Awaitable[Any]]


class Lookups:
    """One per process, used in its event loop."""

    def __init__(self, engine: Engine, read: Read, *, wait_s: float) -> None:
        """engine: one whose statements each stand alone.

        read:   runs a query elsewhere, where our own connection fails; says what is wrong.
        wait_s: how long one query may take.
        """
        self._wait_s = wait_s
        self._engine = engine
        self._read = read
        self._is_inline = get_dialect(engine).has_one_writer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tracker-lookups")
        self._own: Connection | None = None
        self._is_pooled = False
        self._leaving: asyncio.TimerHandle | None = None
        self._asked: dict[Query, Asked] = {}
        self._running: dict[Query, asyncio.Task[None] | asyncio.Handle] = {}

    def find(self, query: Query, key: Any) -> asyncio.Future[Any]:
        """Find the row under one key now; None when there is none. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._asked.setdefault(query, {}).setdefault(key, []).append(future)
        if query not in self._running:
            if self._is_inline:
                self._running[query] = loop.call_soon(self._look, query)
            else:
                self._running[query] = asyncio.create_task(self._run(query))
        return future

    def close(self) -> None:
        """End the thread, and give the connection up."""
        if self._leaving is not None:
            self._leaving.cancel()
        self._thread.shutdown()
        self._drop()

    def _look(self, query: Query) -> None:
        asked = self._asked[query]
        wanted = _take_some(asked)
        try:
            found = self._ask_own(query, list(wanted))
        except SQLAlchemyError:  # busy or broken
            asked |= wanted
            self._running[query] = asyncio.create_task(self._run(query))
            return
        except Exception as error:  # noqa: BLE001 - it becomes the callers'
            _refuse(wanted, error)
        else:
            _answer(wanted, found)
        if asked:
            self._running[query] = asyncio.get_running_loop().call_soon(self._look, query)
        else:
            del self._running[query]

    async def _run(self, query: Query) -> None:
        asked = self._asked[query]
        while asked:
            wanted = _take_some(asked)
            try:
                found = await self._ask(query, list(wanted))
            except Unavailable as error:
                # Whoever has asked meanwhile would only wait for the same again.
                _refuse(wanted, error)
                _refuse(asked, error)
                asked.clear()
            except Exception as error:  # noqa: BLE001 - it becomes the callers'
                _refuse(wanted, error)
            else:
                _answer(wanted, found)
        del self._running[query]

    async def _ask(self, query: Query, keys: Sequence[Any]) -> Mapping[Any, Any]:
        if not self._is_inline:
            loop = asyncio.get_running_loop()
            try:
                asking = loop.run_in_executor(self._thread, self._ask_own, query, keys)
                answer = await wait_in_time(asking, self._wait_s)
                if self._is_pooled and self._leaving is None:
                    self._leaving = loop.call_later(POOLED_LIFE_S, self._leave_pooler)
                return answer
            except SQLAlchemyError:
                pass  # it may only have been this connection, which is given up
        found: Mapping[Any, Any] = await self._read(lambda db: query(db, keys))
        return found

    def _leave_pooler(self) -> None:
        """Close the connection between two queries, also where nobody asks for anything more."""
        self._leaving = None
        self._thread.submit(self._drop)

    def _ask_own(self, query: Query, keys: Sequence[Any]) -> Mapping[Any, Any]:
        try:
            return query(self._get_connection(), keys)
        except Exception:
            # Not only the driver's errors: SQLAlchemy has its own for a connection that was lost.
            self._drop()
            raise

    def _get_connection(self) -> Connection:
        if self._own is None:
            self._own = self._connect()
        return self._own

    def _connect(self) -> Connection:
        if not self._is_inline:
            made = bulk.connect_piped(self._engine)
            self._is_pooled = is_pooled(made)
            return made
        db = self._engine.connect()
        raw = bulk.get_driver(db)
        # Whoever finds the database busy must not stop the event loop for it.
        raw.execute("PRAGMA busy_timeout=0")
        raw.execute("PRAGMA query_only=ON")
        return db

    def _drop(self) -> None:
        db, self._own = self._own, None
        if db is not None:
            bulk.give_up(db)


async def wait_in_time(reading: Awaitable[Result], wait_s: float) -> Result:
    """Wait for a thread's read for at most `wait_s`. Raises Unavailable; the thread may go on."""
    try:
        async with asyncio.timeout(wait_s):
            return await reading
    except TimeoutError:
        raise Unavailable("the database did not answer in time") from None


Asked = dict[Any, list[asyncio.Future[Any]]]


def _take_some(asked: Asked) -> Asked:
    """Taken out of what is asked."""
    return {key: asked.pop(key) for key in list(asked)[:MOST]}


def _answer(wanted: Asked, found: Mapping[Any, Any]) -> None:
    for key, futures in wanted.items():
        for future in futures:
            if not future.done():
                future.set_result(found.get(key))


def _refuse(wanted: Asked, error: Exception) -> None:
    for futures in wanted.values():
        for future in futures:
            if not future.done():
                future.set_exception(error)
