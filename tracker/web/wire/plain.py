"""uvicorn's protocol on h11, which serves where httptools is not installed, with bounds.

h11 itself parses one request at a time, bounds heads that are not whole, and ignores offers to
upgrade.
"""

import sys
from typing import Any

import h11
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from tracker.domain.errors import FieldError, InvalidRequest, Unavailable
from tracker.web.edge.connections import ConnectionLimits
from tracker.web.edge.heads import HeadTooSlow
from tracker.web.edge.state import Services
from tracker.web.wire.delivery import DeliveryWatch
from tracker.web.wire.refusing import last_words, refusing
from tracker.web.wire.waiting import ConnectionSlot


class BoundedH11(H11Protocol):
    """One connection."""

    _is_served = _is_refused = False
    _discarded = 0
    _flaw: Exception | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take uvicorn's arguments."""
        super().__init__(*args, **kwargs)
        our: Services = self.app_state["services"]
        self._clock = our.clock
        self._limits: ConnectionLimits = our.connections.limits
        self._standing = ConnectionSlot(our.connections, self, self.loop)
        self._app: ASGIApp = self.app
        self._delivery = DeliveryWatch(self)

    def connection_made(self, transport: Any) -> None:
        """Begin, if there is room."""
        super().connection_made(transport)
        if not self._standing.admit():
            self._refuse(Unavailable("this process has all the connections it can hold"))

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._standing.leave()
        self._delivery.lost(exc)
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Take note of the client's last byte."""
        self._delivery.heard_end()

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        delivery = self._delivery
        if self._flaw is not None or delivery.is_ending:
            return
        if delivery.told is not None:
            delivery.heard_more()
        if self._is_refused:
            self._discarded += len(data)
            if self._discarded > self._limits.discard_bytes:
                self._close()
                return
        super().data_received(data)
        self._settle()

    def pause_writing(self) -> None:
        """The client does not read."""
        super().pause_writing()
        self._standing.has_unread(unread=True)

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        self._standing.has_unread(unread=False)

    def give_way(self) -> None:
        """See Connection.give_way."""
        self.transport.abort()

    def time_out(self) -> None:
        """See Connection.time_out."""
        if self.transport.is_closing() or self.flow.write_paused:
            self.transport.abort()
        elif self._in_head() and not self._is_refused:
            self._refuse(HeadTooSlow(f"the head did not arrive within {self._limits.head_s:g} s"))
        else:
            self._close()

    def on_response_complete(self) -> None:
        """Go on with what came behind the request that was answered."""
        cycle = self.cycle
        self._is_served = True
        if self.transport.is_closing() or self._delivery.is_ending:
            self.server_state.total_requests += 1
            if self.transport.is_closing():
                self._close()
            return
        if cycle.more_body:
            # Where it was to wait for `100 Continue`, nobody can tell a body from a next request.
            if any(name == b"expect" for name, _ in self.headers):
                self._close()
            self._is_refused, self._discarded = True, 0
        super().on_response_complete()
        self._unset_keepalive_if_required()  # the registry times it
        self._settle()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no request. Called where h11's error is handled."""
        error = sys.exc_info()[1]
        hint = getattr(error, "error_status_hint", 400)
        if hint == 431:
            self._refuse(self._limits.heads.too_large())
        else:
            reason = f"not a request of HTTP/1.1: {error or msg}"
            self._refuse(InvalidRequest(FieldError("", reason), malformed=True))

    def _should_upgrade(self) -> bool:
        """Decline every offer. uvicorn asks this of each head before it hands it to the app."""
        limits, url = self._limits.heads, self.scope["raw_path"] + self.scope["query_string"]
        flaw: Exception | None
        if limits.is_too_large(url, self.headers):
            flaw = limits.too_large()
        else:
            flaw = limits.flaw_of(url, self.headers, version=self.scope["http_version"])
        self.app = self._app if flaw is None else refusing(flaw, self._clock)
        self.scope["extensions"] = self._delivery.extension  # type: ignore[typeddict-item]
        return False

    def _in_head(self) -> bool:
        return self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])

    def _settle(self) -> None:
        """Wait in the list that fits."""
        registry, waiting, cycle = self._standing.registry, None, self.cycle
        if self.transport.is_closing() or self._flaw is not None:
            return
        self._is_refused = self._is_refused and self.conn.their_state is h11.SEND_BODY
        if self._is_refused:
            waiting = registry.discarding
        elif cycle is None or cycle.response_complete:
            if not self._is_served:
                waiting = registry.fresh
            else:
                waiting = registry.heads if self._in_head() else registry.idle
        elif cycle.more_body:
            waiting = registry.bodies
        self._standing.move(waiting)

    def _refuse(self, flaw: Exception) -> None:
        """Read no more, and say why."""
        self._flaw = flaw
        self.flow.pause_reading()
        if self.cycle is not None and self.cycle.response_started and self.cycle.more_body:
            self._close()
            return
        task = self.loop.create_task(self._speak(flaw))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _speak(self, flaw: Exception) -> None:
        if not self.transport.is_closing():
            await last_words(flaw, self._clock, self.transport.write)
            self._close()

    def _close(self) -> None:
        """Close; a client that does not take the rest of its answer is cut later."""
        self.transport.close()
        self._standing.move(None)
        self._standing.has_unread(unread=True)
