"""All connections of the process: how many there may be, and which have waited too long.

A connection that is not answering a whole request stands in one of the lists here, the one that
has waited longest first. One timer for all of them costs a request less than a timer each.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tracker.web.edge.heads import HeadLimits

try:
    import resource
except ImportError:  # a system without such limits
    resource = None  # type: ignore[assignment]  # asked for where it is used

log = logging.getLogger(__name__)

SWEEP_S = 0.25
"""How often connections that wait are looked at."""
_LATE_S = 1.0
"""A look that is later comes before what has arrived is read, as uvloop's timers go first: whoever
has sent something while the process had no core would be cut."""
LINGER_S = 2.0
"""How long the rest of a refused body is read, so that its sender sees the refusal."""
UNREAD_S = 5.0
"""How long a client may stop reading, however much others have not read."""
LOG_EVERY_S = 10.0
AHEAD_AT_ONCE = 4
"""Requests that were sent ahead of the answer before them and are taken up in one turn."""
MOST = 16384
"""Connections of a process, where its files would allow more: each costs some kilobytes."""
QUEUE = 4096
"""Connections that the system is asked to hold until they are accepted, where it may hold so many.

A connection that finds the queue full is dropped, and its sender tries again after a second.
"""
_RESERVE = 2560
"""Files kept for everything else: what is accepted at once, databases, providers."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of an inbound connection, in size and time.

    heads:      how large the head of a request may be.
    head_s:     for a whole head, from connecting or from its first byte.
    idle_s:     between two requests.
    unread_s:   for a client to take some of an answer, when it has stopped reading.
    unread_bytes: of answers that all together have not read for UNREAD_S; the oldest are closed.
    held_bytes: of heads and callbacks that are incomplete, of all connections together; who began
                first is closed.
    discard_bytes: of a body that are read on after its refusal.
    most:       connections at once.
    """

    heads: HeadLimits = field(default_factory=HeadLimits)
    head_s: float = 10.0
    idle_s: float = 5.0
    unread_s: float = 20.0
    unread_bytes: int = 64 * 1024 * 1024
    held_bytes: int = 32 * 1024 * 1024
    discard_bytes: int = 65536
    most: int = MOST


class TurnQueue:
    """Lets connections that have sent requests ahead go on one after the other, a few each turn.

    Where each went on as soon as its last request is answered, a turn of the event loop would take
    as long as a request of every such connection, and all others would wait as long between two
    steps of theirs.
    """

    def __init__(self) -> None:
        """Nobody waits."""
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_due = False

    def add(self, go_on: Callable[[], None]) -> None:
        """Call a function when its turn comes."""
        self._waiting.append(go_on)
        self._schedule_turn()

    def _schedule_turn(self) -> None:
        if self._waiting and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._take)

    def _take(self) -> None:
        self._is_due = False
        for _ in range(min(len(self._waiting), AHEAD_AT_ONCE)):
            self._waiting.popleft()()
        self._schedule_turn()


class Connection(Protocol):
    """A connection, as the registry sees it."""

    def give_way(self) -> None:
        """Close at once; another needs the place."""
        ...

    def close_by_timeout(self) -> None:
        """Close: what was waited for did not come."""
        ...

    def count_unread_bytes(self) -> int:
        """Return how much of its answers the client has not taken."""
        ...


Waiting = dict[Connection, float]
"""Connections by when they began to wait, in seconds of the event loop's clock, oldest first."""


class ConnectionRegistry:
    """Counts connections, closes those that waited too long, makes room where there is none."""

    def __init__(self, limits: ConnectionLimits) -> None:
        """One per process."""
        self.limits = limits
        self.fresh: Waiting = {}
        """Never sent a whole request."""
        self.heads: Waiting = {}
        """Have sent a part of a further head."""
        self.idle: Waiting = {}
        """Between two requests."""
        self.bodies: Waiting = {}
        """Have sent a part of a body."""
        self.discarding: Waiting = {}
        """Were answered before their body was whole."""
        self.unread: Waiting = {}
        """Have stopped reading their answer. In addition to the others."""
        self.turns = TurnQueue()
        self.gave_way = 0
        """How many were closed or refused for want of room, since the start."""
        self._held: dict[Connection, int] = {}
        self._held_bytes = 0
        self._open: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._has_waited = False
        self._logged_at: float | None = None
        self._logged = 0

    def __len__(self) -> int:
        """Return how many connections are open."""
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Take in a connection that was just made; False where there is no room for it."""
        loop = asyncio.get_running_loop()
        while len(self._open) >= self.limits.most:
            self._count_out(loop.time())
            victim = self._find_oldest()
            if victim is None:
                return False
            self.forget(victim)
            victim.give_way()
        self._open.add(connection)
        self.fresh[connection] = loop.time()
        if self._sweep is None:
            self._sweep = loop.call_later(SWEEP_S, self._look, loop)
        return True

    def hold(self, connection: Connection, size: int) -> None:
        """Note how much is kept of a connection's request until all of it is there; 0: none."""
        self._held_bytes += size - self._held.get(connection, 0)
        if size:
            self._held[connection] = size
        else:
            self._held.pop(connection, None)
        while self._held_bytes > self.limits.held_bytes:
            oldest = next(iter(self._held))
            self.gave_way += 1
            self.forget(oldest)
            oldest.give_way()

    def forget(self, connection: Connection) -> None:
        """Drop a connection that is closed."""
        self._open.discard(connection)
        self._held_bytes -= self._held.pop(connection, 0)
        for waiting in self._get_lists():
            waiting.pop(connection, None)

    def _find_oldest(self) -> Connection | None:
        """Return whose place is taken first. Whoever has a whole request keeps it."""
        order = (self.fresh, self.discarding, self.heads, self.idle, self.bodies)
        if len(self.bodies) * 2 > self.limits.most:
            # They hold the places; those that have just come would all be closed in their stead.
            order = (self.bodies, *order[:-1])
        for waiting in order:
            for connection in waiting:
                return connection
        return None

    def _get_lists(self) -> tuple[Waiting, ...]:
        return (self.fresh, self.heads, self.idle, self.bodies, self.discarding, self.unread)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() if self._sweep is None else self._sweep.when()
        # Once only: a loop that is always late has its silent connections too.
        self._has_waited = loop.time() - due > _LATE_S and not self._has_waited
        if not self._has_waited:
            self._close_late(loop)
        self._sweep = loop.call_later(SWEEP_S, self._look, loop) if self._open else None

    def _close_late(self, loop: asyncio.AbstractEventLoop) -> None:
        limits, now = self.limits, loop.time()
        for waiting, patience_s in (
            (self.fresh, limits.head_s),
            (self.heads, limits.head_s),
            (self.idle, limits.idle_s),
            (self.discarding, LINGER_S),
            (self.unread, limits.unread_s),
        ):
            late = []
            for connection, since in waiting.items():
                if now - since < patience_s:
                    break
                late.append(connection)
            for connection in late:
                waiting.pop(connection, None)
                connection.close_by_timeout()
        self._shed_unread(now)

    def _shed_unread(self, now: float) -> None:
        """Close those that stopped reading first, as long as all hold too much together."""
        sizes = {one: one.count_unread_bytes() for one in self.unread}
        excess = sum(sizes.values()) - self.limits.unread_bytes
        for connection, since in list(self.unread.items()):
            if excess <= 0 or now - since < UNREAD_S:
                break
            excess -= sizes[connection]
            self.forget(connection)
            connection.give_way()

    def _count_out(self, now: float) -> None:
        """Count one for which there was no room, and say so now and then."""
        self.gave_way += 1
        if self._logged_at is not None and now - self._logged_at < LOG_EVERY_S:
            return
        log.warning(
            "all connections are taken (TRACKER_MAX_CONNECTIONS=%(most)d): %(count)d closed or "
            "refused since this was last said",
            {"most": self.limits.most, "count": self.gave_way - self._logged},
        )
        self._logged_at, self._logged = now, self.gave_way


def raise_file_limit() -> None:
    """Let this process open as many files as its hard limit allows."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def compute_most_connections() -> int:
    """Return how many connections the file limit of this process leaves room for."""
    files = _read_file_limit()
    return MOST if files is None else max(16, min(MOST, files - _reserve(files)))


def compute_accepts_per_turn() -> int:
    """Return how many connections one turn of asyncio's own event loop may accept.

    They are counted some turns later, and have a file each by then, as have those of these turns.
    """
    files = _read_file_limit()
    return 256 if files is None else max(16, min(256, _reserve(files) // 6))


def _reserve(files: int) -> int:
    return min(files * 3 // 8, _RESERVE)


def _read_file_limit() -> int | None:
    if resource is None:
        return None
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if files == resource.RLIM_INFINITY else files
