"""Reads by key that share their statements.

What is asked for while a query runs shares the next one: nothing is older than its question, and
many callers cost little more than one. On SQLite, where a look by key takes less than handing it to
another thread, the event loop does it, for all who ask in one of its turns.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

MOST = 500
"""Keys of one query."""


Query = Callable[[Connection, Sequence[Any]], Mapping[Any, Any]]
"""Everything that is found under some keys, by key."""
Read = Callable[[Callable[[Connection], Any]], Awaitable[Any]]


class Lookups:
    """One per process, used in its event loop."""

    def __init__(self, engine: Engine, read: Read) -> None:
        """engine: one whose statements each stand alone. read: runs a query in another thread."""
        self._engine = engine
        self._read = read
        self._is_inline = engine.dialect.name == "sqlite"
        self._inline: Connection | None = None
        self._asked: dict[Query, Asked] = {}
        self._running: dict[Query, asyncio.Task[None] | asyncio.Handle] = {}

    async def find(self, query: Query, key: Any) -> Any:
        """What is under one key now; None for nothing. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._asked.setdefault(query, {}).setdefault(key, []).append(future)
        if query not in self._running:
            if self._is_inline:
                self._running[query] = loop.call_soon(self._look, query)
            else:
                self._running[query] = asyncio.create_task(self._run(query))
        return await future

    def close(self) -> None:
        """Give the connection up."""
        if self._inline is not None:
            self._inline.invalidate()
            self._inline.close()
            self._inline = None

    def _look(self, query: Query) -> None:
        asked = self._asked[query]
        wanted = _some(asked)
        try:
            found = query(self._connection(), list(wanted))
        except DBAPIError:
            self.close()  # busy or broken: the other way waits, and says what is wrong
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
            wanted = _some(asked)
            try:
                found = await self._read(_of(query, list(wanted)))
            except Exception as error:  # noqa: BLE001 - it becomes the callers'
                _refuse(wanted, error)
            else:
                _answer(wanted, found)
        del self._running[query]

    def _connection(self) -> Connection:
        if self._inline is None:
            self._inline = self._engine.connect()
            raw: Any = self._inline.connection.driver_connection
            # Whoever finds the database busy must not stop the event loop for it.
            raw.execute("PRAGMA busy_timeout=0")
            raw.execute("PRAGMA query_only=ON")
        return self._inline


Asked = dict[Any, list[asyncio.Future[Any]]]


def _some(asked: Asked) -> Asked:
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


def _of(query: Query, keys: Sequence[Any]) -> Callable[[Connection], Mapping[Any, Any]]:
    return lambda db: query(db, keys)
