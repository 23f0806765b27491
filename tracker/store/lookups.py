"""Reads by key that share their statements.

What is asked for while a query runs shares the next one: nothing is older than its question, and
many callers cost little more than one. On SQLite, where a look by key takes less than handing it to
another thread, it is done at once.
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
        """read: runs a query in a read transaction, in another thread."""
        self._engine = engine
        self._read = read
        self._is_inline = engine.dialect.name == "sqlite"
        self._inline: Connection | None = None
        self._asked: dict[Query, dict[Any, list[asyncio.Future[Any]]]] = {}
        self._running: dict[Query, asyncio.Task[None]] = {}

    async def find(self, query: Query, key: Any) -> Any:
        """What is under one key now; None for nothing. Raises Unavailable."""
        if self._is_inline:
            try:
                return query(self._connection(), [key]).get(key)
            except DBAPIError:
                self.close()  # busy or broken: the other way waits, and says what is wrong
        future = asyncio.get_running_loop().create_future()
        self._asked.setdefault(query, {}).setdefault(key, []).append(future)
        if query not in self._running:
            self._running[query] = asyncio.create_task(self._run(query))
        return await future

    def close(self) -> None:
        """Give the connection up."""
        if self._inline is not None:
            self._inline.invalidate()
            self._inline.close()
            self._inline = None

    async def _run(self, query: Query) -> None:
        asked = self._asked[query]
        while asked:
            wanted = {key: asked.pop(key) for key in list(asked)[:MOST]}
            try:
                found = await self._read(_of(query, list(wanted)))
            except Exception as error:  # noqa: BLE001 - it becomes the callers'
                for future in _waiting(wanted):
                    future.set_exception(error)
            else:
                for key, futures in wanted.items():
                    for future in futures:
                        if not future.done():
                            future.set_result(found.get(key))
        del self._running[query]

    def _connection(self) -> Connection:
        if self._inline is None:
            engine = self._engine.execution_options(isolation_level="AUTOCOMMIT", sqlite_begin=None)
            self._inline = engine.connect()
            raw: Any = self._inline.connection.driver_connection
            # Whoever finds the database busy must not stop the event loop for it.
            raw.execute("PRAGMA busy_timeout=0")
            raw.execute("PRAGMA query_only=ON")
        return self._inline


def _waiting(wanted: Mapping[Any, Sequence[asyncio.Future[Any]]]) -> list[asyncio.Future[Any]]:
    return [future for futures in wanted.values() for future in futures if not future.done()]


def _of(query: Query, keys: Sequence[Any]) -> Callable[[Connection], Mapping[Any, Any]]:
    return lambda db: query(db, keys)
