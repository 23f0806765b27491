"""uvicorn's protocol on httptools, with bounds, and deaf to offers to upgrade.

httptools parses all that came, however many requests that is, and stops for good behind a head
that offers to upgrade the connection. Here one request at a time is parsed; what comes behind it
waits as the bytes that it is. An offer is declined by parsing its head again without it (RFC 9110
section 7.8 lets a server ignore it), so that the body behind it is read.
"""

import logging
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.web.wire.bounded import BoundedConnection
from tracker.web.wire.cycle import WHOLE, Cycle
from tracker.web.wire.lean import LeanEvent, Pipeline
from tracker.web.wire.waiting import count_held

log = logging.getLogger(__name__)

_VERSION = b" HTTP/1."
"""Stands in the first line of each request."""
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length"


class BoundedHttpTools(BoundedConnection, HttpToolsProtocol):
    """One connection."""

    __slots__ = (
        *(
            "_body_bytes",
            "_came_body",
            "_head_bytes",
            "_held",
            "_held_from",
            "_hosts",
            "_in_body",
            "_in_head",
        ),
        *("_is_served", "_offer", "_piece", "_pieces"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take uvicorn's arguments.

        _in_head, _in_body: head or body of the current message has begun and is incomplete.
        _piece: bytes that are being parsed. _pieces: of a body, what of it they hold.
        _body_bytes: how much of the current body has come.
        _offer: method and headers of a head that is parsed again.
        """
        super().__init__(*args, **kwargs)
        self.pipeline = Pipeline()  # type: ignore[assignment] # it has what is asked of it
        self._in_head = self._in_body = self._is_served = self._came_body = False
        self._body_bytes = self._head_bytes = self._piece = self._held_from = 0
        self._hosts: list[bytes] = []
        self._held = b""
        self._pieces: list[bytes] = []
        self._offer: tuple[bytes, list[tuple[bytes, bytes]]] | None = None
        self._delivery.extension |= WHOLE

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._held = b""
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, or keep it until the request before it is answered."""
        delivery = self._delivery
        if self._is_leaving:
            self._count_discarded(len(data))
            return
        if self._flaw is not None or delivery.is_ending:
            return
        if delivery.told is not None:
            delivery.note_bytes()
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete and not self._in_body
        if is_answering or self._held or self.flow.write_paused:
            self._held = self._held[self._held_from :] + data
            self._held_from = 0
            self.flow.pause_reading()
            return
        self._parse_input(data, 0)
        self._settle()

    def resume_writing(self) -> None:
        """Write again: the client reads again."""
        super().resume_writing()
        self._go_on()

    def _is_in_head(self) -> bool:
        return self._in_head

    def _is_in_body(self) -> bool:
        return self._in_body

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head = True
        self._body_bytes = self._head_bytes = 0
        self._hosts = []
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line; those behind a body are dropped."""
        if not self._in_head:
            return
        name = name.lower()
        if name == b"host":
            self._hosts.append(value)
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take up the request whose head is whole."""
        parser = self.parser
        if parser.should_upgrade():
            return  # the head is parsed again, see _decline
        self._in_head, self._in_body = False, True
        if self._offer is not None:
            self.headers[:] = self._offer[1]
        flaw = self._find_head_flaw(parser.get_http_version())
        if flaw is None and self._take_up():
            return
        self.app = self._choose_app(flaw)
        self._hand_to_app()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body.

        All that come at once are handed on as one: a megabyte in chunks of one byte would be
        copied for each of them.
        """
        self._came_body = True
        self._body_bytes += len(body)
        self._pieces.append(body)

    def _hand_body(self) -> None:
        if self._pieces:
            body = b"".join(self._pieces)
            self._pieces.clear()
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._hand_body()
        if self.parser.should_upgrade():
            return
        self._in_body = self._is_refused = False
        self._is_served = True
        super().on_message_complete()

    # What cycles call.

    def on_response_complete(self) -> None:
        """Go on with what came behind the request that was answered."""
        self.server_state.total_requests += 1
        if self._is_leaving:
            return
        if self.transport.is_closing():
            self._close()
        elif self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._flaw is not None:
            self._send_refusal(self._flaw)
        elif self._in_body and self.cycle.response_complete:
            self._refuse_body()
        elif self._held:
            self._standing.registry.turns.add(self._go_on)
        else:
            if not self.flow.write_paused:
                self.flow.resume_reading()
            self._settle()

    # What is asked of classes that extend this one.

    def _take_up(self) -> bool:
        """Take the request whose head is whole from the app; False to leave it to the app."""
        return False

    def _hand_to_app(self) -> None:
        """Have the app answer the request whose head is whole, as uvicorn's own protocol does."""
        if self.limit_concurrency is not None:  # an option of uvicorn's that we never set
            self.scope = self._build_scope_of_head()
            super().on_headers_complete()
            return
        scope = self._build_scope_of_head()
        version = scope["http_version"]
        self.url = b""  # the scope has it
        before = self.cycle
        self.cycle = cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=LeanEvent(),  # type: ignore[arg-type] # it has what is asked of it
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _build_scope_of_head(self) -> Any:
        """Return the ASGI scope of the request whose head is whole."""
        parser = self.parser
        method = parser.get_method() if self._offer is None else self._offer[0]
        return self._build_scope(method, self.url, parser.get_http_version(), self.headers)

    def _build_scope(self, method: bytes, whole_url: bytes, version: str, headers: Any) -> Any:
        """Return the ASGI scope of a request of this connection (asgi.readthedocs.io, HTTP)."""
        root, url = self.root_path, httptools.parse_url(whole_url)
        raw_path = url.path or b"/"  # a whole URL may have none
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "method": method.decode("ascii"),
            "scheme": self.scheme,
            "path": root + (unquote(path) if "%" in path else path),
            "raw_path": root.encode("ascii") + raw_path if root else raw_path,
            "query_string": url.query or b"",
            "root_path": root,
            "headers": headers,
            "server": self.server,
            "client": self.client,
            "state": self.app_state.copy(),
            "extensions": self._delivery.extension,
        }

    def _parse_input(self, data: bytes, start: int) -> None:
        """Parse up to the end of the first whole request, and hold what is behind it."""
        if start == 0 and data.count(_VERSION) <= 1:
            self._parse(data)
            return
        while start < len(data) and self._flaw is None and not self.transport.is_closing():
            if self._is_answering() or self.flow.write_paused:
                self._held, self._held_from = data, start
                self.flow.pause_reading()
                return
            end = self._end_of_piece(data, start)
            self._parse(data[start:end])
            start = end

    def _end_of_piece(self, data: bytes, start: int) -> int:
        """Return where a piece ends that holds nothing of the next message.

        A body whose length is told ends there. A head, and a body in chunks with its trailers, end
        with an empty line, and may hold others.
        """
        if self._in_body:
            told = next((value for name, value in self.headers if name == _LENGTH), None)
            if told is not None:  # the parser takes nothing but a number
                return start + max(int(told) - self._body_bytes, 1)
        end = data.find(_HEAD_END, start)
        return len(data) if end < 0 else end + len(_HEAD_END)

    def _parse(self, data: bytes) -> None:
        was_in_body = self._in_body
        self._came_body = False
        self._piece = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data, offer.args[0])
            return
        except httptools.HttpParserError as error:
            self._refuse(_refuse_unreadable(error))
            return
        finally:
            self._hand_body()
        if self._in_head and not was_in_body:
            self._count(len(data))
        elif was_in_body and self._in_body:
            if self._is_refused:
                self._count_discarded(len(data))
            elif self._came_body:
                self._head_bytes = 0
            else:  # trailers, which the parser keeps, and chunk extensions
                self._count(len(data))

    def _count(self, size: int) -> None:
        self._head_bytes += size
        limits = self._limits.heads
        if self._head_bytes > limits.head_bytes:
            is_url = self._in_head and len(self.url) > limits.url_bytes
            self._refuse(limits.make_too_long() if is_url else limits.make_too_large())

    def _find_head_flaw(self, version: str) -> Exception | None:
        limits = self._limits.heads
        if self._head_bytes + self._piece > limits.head_bytes and limits.is_too_large(
            self.url, self.headers
        ):
            return limits.make_too_large()
        return limits.find_flaw(self.url, self.headers, version=version, hosts=self._hosts)

    def _decline(self, data: bytes, end: int) -> None:
        """Parse a head again without its offer to upgrade, and then what is behind it.

        end: of the head in the data. CONNECT is parsed as another method: whatever follows it is
        no tunnel here, but a body.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        spelt = b"POST" if method == b"CONNECT" else method
        head = [spelt, b" ", self.url, b" HTTP/", version.encode(), b"\r\n"]
        for name, value in self.headers:
            if name != b"upgrade":
                head += (name, b": ", value, b"\r\n")
        self._offer = (method, self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._parse(b"".join((*head, b"\r\n")))
        self._offer = None
        if end < len(data) and self._flaw is None:
            self._parse(data[end:])

    def _is_answering(self) -> bool:
        """Return whether a whole request is being answered."""
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not self._in_body

    def _go_on(self) -> None:
        """Parse what was held, and read on when nothing is."""
        if self.transport.is_closing() or self._flaw is not None:
            return
        if self._held and not self.flow.write_paused and not self._is_answering():
            held, start = self._held, self._held_from
            self._held, self._held_from = b"", 0
            self._parse_input(held, start)
        if not self._held and not self.flow.write_paused and self._flaw is None:
            self.flow.resume_reading()
        self._settle()

    def _settle(self) -> None:
        """Wait in the list that fits."""
        standing, cycle = self._standing, self.cycle
        if self.transport.is_closing() or self._flaw is not None or self._is_leaving:
            return
        held = self._head_bytes if self._in_head else 0
        if self._in_body:
            registry = standing.registry
            standing.move(registry.discarding if self._is_refused else registry.bodies)
            path = self.url.decode("latin-1") or self.cycle.scope["path"]  # which the app has
            held = count_held(path, self._body_bytes)
        elif cycle is not None and not cycle.response_complete:
            standing.move(None)  # it is being answered
        elif not self._is_served:
            standing.move(standing.registry.fresh)
        else:
            standing.move(standing.registry.heads if self._in_head else standing.registry.idle)
        standing.hold(held)

    def _refuse_body(self) -> None:
        """Read little of a body whose request was answered already: its sender may go on for ever.

        Where it was to wait for `100 Continue`, nobody can tell a body from a next request.
        """
        if self.expect_100_continue:
            self._close()
            return
        self._is_refused, self._discarded = True, 0
        self.flow.resume_reading()
        self._settle()

    def _refuse(self, flaw: Exception) -> None:
        """Read no more; say why, behind the answer that is being made if there is one."""
        self._flaw = flaw
        self._held = b""
        self.flow.pause_reading()
        if self._in_body and self.cycle is not None and self.cycle.response_started:
            self._close()
        elif not self._is_answering():
            self._send_refusal(flaw)


def _refuse_unreadable(error: httptools.HttpParserError) -> InvalidRequest:
    """Return the answer to bytes that are no request. What our own code raised is logged."""
    cause = error.__context__
    is_ours = cause is not None and not isinstance(cause, httptools.HttpParserError)
    if isinstance(error, httptools.HttpParserCallbackError) and is_ours:
        log.error("unhandled", exc_info=cause)
    return InvalidRequest(FieldError("", f"not a request of HTTP/1.1: {error}"), malformed=True)
