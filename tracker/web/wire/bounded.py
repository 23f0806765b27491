"""Bounds of one connection that hold whichever parser reads it."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tracker.domain.errors import Unavailable
from tracker.web.edge.connections import ConnectionLimits
from tracker.web.edge.heads import HeadTooSlow
from tracker.web.edge.state import Services
from tracker.web.wire.delivery import DeliveryWatch
from tracker.web.wire.lean import LeanFlow
from tracker.web.wire.refusing import answer_unreadable, build_refusing_app
from tracker.web.wire.waiting import ConnectionSlot

_UNSIZED = frozenset({b"transfer-encoding", b"expect"})
_FORWARDED = frozenset({b"x-forwarded-proto", b"x-forwarded-for"})
"""Headers that uvicorn's own layer before the app heeds, from proxies that it trusts
(github.com/encode/uvicorn, uvicorn/middleware/proxy_headers.py, 2026-11-29)."""


class BoundedConnection(asyncio.Protocol):
    """Stands before one of uvicorn's protocols, whose attributes it uses.

    A class that extends it says what `_refuse` does, and whether a head is incomplete.
    """

    app: Any
    app_state: Any
    cycle: Any
    flow: Any
    headers: Any
    loop: Any
    tasks: Any
    transport: Any

    # A dict of more than thirty names is 1.2 KB larger, and uvicorn's own are nearly as many.
    __slots__ = (
        *("_app", "_clock", "_delivery", "_direct", "_limits", "_our", "_standing"),
        *("_discarded", "_flaw", "_is_leaving", "_is_refused"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take uvicorn's arguments.

        _is_refused: the current message was answered before its body was complete.
        _discarded:  bytes of a body that came behind its answer.
        _is_leaving: an answer was given that ends the connection before its body is complete.
        _flaw:       why nothing more is read.
        """
        super().__init__(*args, **kwargs)
        self._is_refused = self._is_leaving = False
        self._discarded = 0
        self._flaw: Exception | None = None
        our: Services = self.app_state["services"]
        self._our = our
        self._clock = our.clock
        self._limits: ConnectionLimits = our.connections.limits
        self._standing = ConnectionSlot(our.connections, self, self.loop)
        self._app: ASGIApp = self.app
        # It does nothing for a request without the two headers that it heeds.
        is_wrapped = isinstance(self.app, ProxyHeadersMiddleware)
        self._direct: Any = self.app.app if is_wrapped else self.app
        self._delivery = DeliveryWatch(self)

    def connection_made(self, transport: Any) -> None:
        """Begin, if there is room."""
        super().connection_made(transport)
        self.flow = LeanFlow(transport)
        if not self._standing.admit():
            self._refuse(Unavailable("this process has all the connections it can hold"))

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._standing.leave()
        self._delivery.note_loss(exc)
        super().connection_lost(exc)
        self.headers = []  # or they stay until cycles are looked for

    def eof_received(self) -> None:
        """Take note of the client's last byte."""
        self._delivery.note_end()

    def pause_writing(self) -> None:
        """Stop writing: the client does not read."""
        super().pause_writing()
        self._standing.has_unread(unread=True)

    def resume_writing(self) -> None:
        """Write again: the client reads again."""
        super().resume_writing()
        self._standing.has_unread(unread=False)

    def give_way(self) -> None:
        """See Connection.give_way."""
        self.transport.abort()

    def close_by_timeout(self) -> None:
        """See Connection.close_by_timeout."""
        if self.transport.is_closing() or self.flow.write_paused:
            self.transport.abort()
        elif self._is_in_head() and not self._is_refused:
            self._refuse(HeadTooSlow(f"the head did not arrive within {self._limits.head_s:g} s"))
        else:
            self._close()

    def count_unread_bytes(self) -> int:
        """See Connection.count_unread_bytes."""
        size: int = self.transport.get_write_buffer_size()
        return size

    def _is_in_head(self) -> bool:
        """Return whether the head of a message has begun and is incomplete."""
        raise NotImplementedError

    def _is_in_body(self) -> bool:
        """Return whether the body of a message has begun and is incomplete."""
        raise NotImplementedError

    def _refuse(self, flaw: Exception) -> None:
        """Read no more; say why."""
        raise NotImplementedError

    def _choose_app(self, flaw: Exception | None) -> ASGIApp:
        """Return what answers the request whose head is whole. flaw: why the app does not."""
        app, may_be_left = self._direct, False
        for name, value in self.headers:
            if name == b"content-length":
                most = self._limits.discard_bytes
                may_be_left |= not value.isdigit() or int(value) > most
            elif name in _UNSIZED:
                may_be_left = True
            elif name in _FORWARDED:
                app = self._app
        if flaw is not None:
            app = build_refusing_app(flaw, self._clock)
        # The body may be too long to be read on once it is refused.
        return self._wrap_to_end(app) if may_be_left else app

    def _wrap_to_end(self, app: ASGIApp) -> ASGIApp:
        """Return an app whose answers end the connection where they come before all of the body.

        They say so (RFC 9112 section 9.6), and the client is given a moment to read it: to close
        while it sends would reset the connection, and with it the answer.
        """

        async def run_watched(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_on(message: Message) -> None:
                if message["type"] == "http.response.start" and self._is_in_body():
                    headers = [*message.get("headers", ()), (b"connection", b"close")]
                    message = {**message, "headers": headers}
                    self.cycle.transport = _LeavingTransport(self._leave, self.transport)
                await send(message)

            await app(scope, receive, send_on)

        return run_watched

    def _leave(self) -> None:
        if self.transport.is_closing():
            return
        self._is_leaving = self._is_refused = True
        self._discarded = 0
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._standing.move(self._standing.registry.discarding)

    def _count_discarded(self, size: int) -> None:
        """Count what comes of a refused body; its sender may go on for ever."""
        self._discarded += size
        if self._discarded > self._limits.discard_bytes:
            self._close()

    def _send_refusal(self, flaw: Exception) -> None:
        task = self.loop.create_task(self._write_refusal(flaw))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _write_refusal(self, flaw: Exception) -> None:
        if not (self.transport.is_closing() or self._is_leaving):  # the app was faster
            await answer_unreadable(flaw, self._clock, self.transport.write)
            self._close()

    def _close(self) -> None:
        """Close; a client that does not take the rest of its answer is cut later."""
        self.transport.close()
        self._standing.move(None)
        self._standing.has_unread(unread=True)


class _LeavingTransport:
    """A transport whose `close` has the connection read a little more before it is closed."""

    def __init__(self, leave: Callable[[], None], transport: asyncio.Transport) -> None:
        self.close = leave
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
