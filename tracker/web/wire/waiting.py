"""Where a connection stands in the registry: in one list of those that wait, or in none."""

import asyncio

from tracker.web.edge.connections import Connection, ConnectionRegistry, Waiting
from tracker.web.edge.rootpath import CALLBACK_PREFIX

_CALLBACKS = CALLBACK_PREFIX.strip("/")
_MOST_HELD = 1024 * 1024
"""Counts of one body at most: a callback that may be larger is not closed for its size."""


def count_held(path: str, size: int) -> int:
    """Return what counts of a body that is incomplete: of a callback; for others the app cares.

    path: of the request, decoded; it may have blanks and slashes that are overlooked later.
    """
    return min(size, _MOST_HELD) if _CALLBACKS in path else 0


class ConnectionSlot:
    """The place of one connection. Lists keep the time of entry, so re-entering one is free."""

    __slots__ = ("_connection", "_held", "_is_gone", "_loop", "_waits_in", "registry")

    def __init__(
        self,
        registry: ConnectionRegistry,
        connection: Connection,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Stand nowhere. registry: of the process."""
        self.registry = registry
        self._connection = connection
        self._loop = loop
        self._waits_in: Waiting | None = None
        self._is_gone = False
        self._held = 0

    def admit(self) -> bool:
        """Enter the registry; False where there is no room."""
        self._waits_in = self.registry.fresh
        return self.registry.admit(self._connection)

    def move(self, waiting: Waiting | None) -> None:
        """Wait in this list from now on, or in none."""
        before = self._waits_in
        if waiting is before or self._is_gone:
            return
        if before is not None:
            before.pop(self._connection, None)  # the registry takes out those it closes
        if waiting is not None:
            waiting[self._connection] = self._loop.time()
        self._waits_in = waiting

    def hold(self, size: int) -> None:
        """Note how much is kept of a request that is incomplete."""
        if size != self._held and not self._is_gone:
            self._held = size
            self.registry.hold(self._connection, size)

    def has_unread(self, *, unread: bool) -> None:
        """Note that the client has stopped reading, or reads again."""
        if unread and not self._is_gone:
            self.registry.unread.setdefault(self._connection, self._loop.time())
        else:
            self.registry.unread.pop(self._connection, None)

    def leave(self) -> None:
        """Leave the registry."""
        self._waits_in, self._is_gone = None, True
        self.registry.forget(self._connection)
