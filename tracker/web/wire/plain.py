"""uvicorn's protocol on h11, which serves where httptools is not installed, with bounds.

h11 itself parses one request at a time, bounds heads that are not whole, and ignores offers to
upgrade.
"""

import sys
from typing import Any
from urllib.parse import unquote

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.web.edge.heads import read_path
from tracker.web.wire.bounded import BoundedConnection
from tracker.web.wire.waiting import count_held


class BoundedH11(BoundedConnection, H11Protocol):
    """One connection."""

    __slots__ = ("_body_bytes", "_is_served")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take uvicorn's arguments."""
        super().__init__(*args, **kwargs)
        self._is_served = False
        self._body_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        delivery = self._delivery
        if self._is_leaving:
            self._count_discarded(len(data))
            return
        if self._flaw is not None or delivery.is_ending:
            return
        if delivery.told is not None:
            delivery.note_bytes()
        if self._is_refused:
            self._count_discarded(len(data))
            if self.transport.is_closing():
                return
        super().data_received(data)
        self._body_bytes = self._body_bytes + len(data) if self._is_in_body() else 0
        self._settle()

    def on_response_complete(self) -> None:
        """Go on with what came behind the request that was answered."""
        cycle = self.cycle
        self._is_served = True
        if self.transport.is_closing() or self._delivery.is_ending or self._is_leaving:
            self.server_state.total_requests += 1
            if self.transport.is_closing():
                self._close()
            return
        if cycle.more_body:
            # Where it was to wait for `100 Continue`, nobody can tell a body from a next request.
            if any(name == b"expect" for name, _ in self.headers):
                self._close()
            self._is_refused, self._discarded = True, 0
        if self.conn.trailing_data[0] and not cycle.more_body:
            self._standing.registry.turns.add(self._go_on)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Take up the next request."""
        if self.transport.is_closing():
            return
        super().on_response_complete()
        self._unset_keepalive_if_required()  # the registry times it
        self._settle()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no request. Called where h11's error is handled."""
        error = sys.exc_info()[1]
        hint = getattr(error, "error_status_hint", 400)
        if hint == 431:
            self._refuse(self._limits.heads.make_too_large())
        else:
            reason = f"not a request of HTTP/1.1: {error or msg}"
            self._refuse(InvalidRequest(FieldError("", reason), malformed=True))

    def _should_upgrade(self) -> bool:
        """Decline every offer. uvicorn asks this of each head before it hands it to the app."""
        limits, url = self._limits.heads, self.scope["raw_path"] + self.scope["query_string"]
        flaw: Exception | None
        if limits.is_too_large(url, self.headers):
            flaw = limits.make_too_large()
        else:
            flaw = limits.find_flaw(url, self.headers, version=self.scope["http_version"])
        self.app = self._choose_app(flaw)
        if not self.scope["raw_path"].startswith(b"/"):
            raw = read_path(self.scope["raw_path"])
            self.scope["raw_path"], self.scope["path"] = raw, unquote(raw.decode("ascii"))
        self.scope["extensions"] = self._delivery.extension
        return False

    def _is_in_head(self) -> bool:
        return self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])

    def _is_in_body(self) -> bool:
        return self.conn.their_state is h11.SEND_BODY

    def _settle(self) -> None:
        """Wait in the list that fits."""
        registry, waiting, cycle = self._standing.registry, None, self.cycle
        held = 0
        if self.transport.is_closing() or self._flaw is not None or self._is_leaving:
            return
        self._is_refused = self._is_refused and self.conn.their_state is h11.SEND_BODY
        if self._is_refused:
            waiting = registry.discarding
        elif cycle is None or cycle.response_complete:
            held = len(self.conn.trailing_data[0])
            if not self._is_served:
                waiting = registry.fresh
            else:
                waiting = registry.heads if self._is_in_head() else registry.idle
        elif cycle.more_body:
            waiting = registry.bodies
            held = count_held(self.scope["path"], self._body_bytes)
        self._standing.move(waiting)
        self._standing.hold(held)

    def _refuse(self, flaw: Exception) -> None:
        """Read no more, and say why."""
        self._flaw = flaw
        self.flow.pause_reading()
        if self.cycle is not None and self.cycle.response_started and self.cycle.more_body:
            self._close()
            return
        self._send_refusal(flaw)
