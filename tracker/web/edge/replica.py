"""Read your own writes on a replica: a request waits until it has what its sender was told of."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tracker.clock import Clock
from tracker.domain.errors import FieldError, InvalidRequest, Unavailable
from tracker.store import replica
from tracker.store.store import Store

FIELD = "tracker-position"
WAIT_S = 2.0
PAUSE_S = 0.02
"""Between two looks."""
BEHIND = (
    "this replica has not got as far as Tracker-Position: ask again, or ask a process that writes"
)


class PositionWait:
    """Pure ASGI; of a process that only reads."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        """clock: measures how long a request waits."""
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Raises InvalidRequest, Unavailable."""
        position = Headers(scope=scope).get(FIELD) if scope["type"] == "http" else None
        if position:
            await self._wait(scope["state"]["services"].store, position)
        await self._app(scope, receive, send)

    async def _wait(self, store: Store, position: str) -> None:
        if not replica.POSITION.fullmatch(position):
            reason = "must be a Tracker-Position that an answer carried"
            raise InvalidRequest(FieldError("Tracker-Position", reason), malformed=True)
        until_s = self._clock.monotonic() + WAIT_S
        while not await store.read(lambda db: replica.has(db, position)):
            if self._clock.monotonic() >= until_s:
                raise Unavailable(BEHIND, retry_after_s=1)
            await self._clock.sleep(PAUSE_S)
