"""Answer plain callbacks in the server's HTTP protocol, before the app: most requests are these.

uvicorn makes a scope, a channel and a cycle for each request, and ASGI passes messages through
them; that is half of what an event loop does for a callback. One that is there at once needs
nothing of it. Whatever else comes, a callback that takes its time among it, goes uvicorn's own way
to the app, and is answered the same.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tracker.services.receive.reception import ReceptionResult
from tracker.telemetry.logs import access_log, begin_request, note, read_noted
from tracker.web.edge import problems
from tracker.web.edge.middleware import log_request, mask_token, request_id_of
from tracker.web.edge.rootpath import CALLBACK_PREFIX, CALLBACK_ROUTE
from tracker.web.receive import callbacks
from tracker.web.receive.sender import find_sender
from tracker.web.wire.parsed import BoundedHttpTools
from tracker.web.wire.refusing import render_head

_SHOWN_ROUTE = mask_token(CALLBACK_ROUTE)
PATIENCE_S = 0.02
"""How long the rest of a body may take to come, before the app has the request and times it."""


class _Exchange:
    """A callback and its answer.

    uvicorn asks `message_event`, `response_complete`, `disconnected` and `keep_alive` of its own
    cycles, one of which this stands for.

    path_parts: provider, subject and token.
    headers:    as text; of those that came twice, the last.
    sent:       URL and headers as they came. What the connection knows is the next request's soon.
    started_s:  when it was there, monotonic.
    facts:      what is logged of it, as far as it is known.
    """

    response_started = False
    message_event = asyncio.Event()
    """Of nobody: nothing here waits for messages."""

    __slots__ = (
        *("body", "disconnected", "facts", "headers", "keep_alive", "path_parts"),
        *("request_id", "response_complete", "sent", "started_s"),
    )

    def __init__(
        self,
        path_parts: Sequence[str],
        headers: dict[str, str],
        sent: tuple[bytes, Any],
        *,
        keep_alive: bool,
    ) -> None:
        self.response_complete = self.disconnected = False
        self.sent = sent
        self.keep_alive = keep_alive
        self.path_parts = path_parts
        self.headers = headers
        self.body = b""
        self.request_id = ""
        self.started_s = 0.0
        self.facts: dict[str, str] = {}


class CallbackProtocol(BoundedHttpTools):
    """uvicorn's protocol with bounds; plain callbacks are answered without the ASGI app."""

    __slots__ = ("_arriving", "_handing_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take uvicorn's arguments."""
        super().__init__(*args, **kwargs)
        self._arriving: _Exchange | None = None
        self._handing_on: asyncio.TimerHandle | None = None

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        if self._arriving is None:
            super().on_body(body)
        else:
            self._came_body = True
            self._body_bytes += len(body)
            self._arriving.body += body

    def on_message_complete(self) -> None:
        """Take a request's end."""
        exchange = self._take_arriving()
        if exchange is None:
            super().on_message_complete()
            return
        self._in_body = False
        self._is_served = True
        self.cycle = exchange  # it has what is asked of it
        our = self._our
        exchange.request_id = request_id_of(self.headers)
        exchange.started_s = our.clock.monotonic()
        parts, arrival = exchange.path_parts, self._build_arrival(exchange)
        try:
            raw = callbacks.read_at_once(parts, exchange.headers, exchange.body, arrival)
        except Exception:  # noqa: BLE001 - it is raised again below, where it is answered
            raw = None
        then = partial(self._answer_received, exchange, arrival)
        if raw is None or not our.reception.take_up(raw, exchange.started_s, then):
            self._begin(self._answer(exchange, arrival))

    def shutdown(self) -> None:
        """Have the server end: an exchange that has begun is still answered."""
        self._hand_on()
        super().shutdown()

    def _take_up(self) -> bool:
        """Take plain callbacks."""
        self._arriving = self._find_plain_callback()
        return self._arriving is not None

    def _parse_input(self, data: bytes, start: int) -> None:
        """Parse; a plain callback whose body is not all there is given a moment."""
        super()._parse_input(data, start)
        if self._arriving is not None and self._handing_on is None:
            self._handing_on = self.loop.call_later(PATIENCE_S, self._hand_on)

    def _take_arriving(self) -> _Exchange | None:
        """Take out the exchange whose body was arriving; None when there is none."""
        if self._handing_on is not None:
            self._handing_on.cancel()
            self._handing_on = None
        exchange, self._arriving = self._arriving, None
        return exchange

    def _hand_on(self) -> None:
        """Let the app have the request whose body is not all there."""
        exchange = self._take_arriving()
        if exchange is None or self.transport.is_closing():
            return
        self.app = self._choose_app(None)
        self._hand_to_app()
        if exchange.body:
            self._body_bytes -= len(exchange.body)  # it is counted once more
            super().on_body(exchange.body)
            self._hand_body()

    def _find_plain_callback(self) -> _Exchange | None:
        """Return the request whose head is there, if it is one that can be answered here."""
        path_parts = callbacks.split_path(self.url)
        if path_parts is None or self.root_path or self.limit_concurrency is not None:
            return None
        parser = self.parser
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return None
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.expect_100_continue:
            return None
        if self._offer is not None and self._offer[0] != b"POST":
            return None  # CONNECT, which is parsed as another method
        headers = callbacks.decode_headers(self.headers)
        size = headers.get("content-length", "")
        if not size.isdigit() or int(size) > self._our.limits.callback_bytes:
            return None
        sent = (self.url, self.headers)
        return _Exchange(path_parts, headers, sent, keep_alive=parser.should_keep_alive())

    def _build_arrival(self, exchange: _Exchange) -> callbacks.Arrival:
        peer = "" if self.client is None else self.client[0]
        sender = find_sender(peer, exchange.headers, self.config.forwarded_allow_ips)
        return callbacks.Arrival(CALLBACK_PREFIX + "/".join(exchange.path_parts), "", sender)

    def _begin(self, answering: Coroutine[Any, Any, None]) -> None:
        """Have something done that the server waits for when it ends."""
        task = self.loop.create_task(answering)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _answer_received(
        self,
        exchange: _Exchange,
        arrival: callbacks.Arrival,
        received: ReceptionResult | Exception | None,
    ) -> None:
        """Answer a callback that is kept.

        Most need no task: one costs more than all that is done here.
        """
        if received is None:
            self._begin(self._answer(exchange, arrival))
            return
        if isinstance(received, Exception):
            self._begin(self._explain(exchange, received))
            return
        try:
            exchange.facts = callbacks.list_facts(exchange.path_parts, received)
            response = callbacks.answer_to(received)
        except Exception as error:  # noqa: BLE001 - it becomes the answer
            self._begin(self._explain(exchange, error))
            return
        self._finish(exchange, response)

    async def _answer(self, exchange: _Exchange, arrival: callbacks.Arrival) -> None:
        """Answer a callback that is not read at once, or not without a fault."""
        begin_request(exchange.request_id)  # in the task's own context
        try:
            response = await callbacks.take(
                self._our, exchange.path_parts, exchange.headers, exchange.body, arrival
            )
        except Exception as error:  # noqa: BLE001 - it becomes the answer
            response = await self._render_problem(exchange, error)
        exchange.facts = dict(read_noted())
        self._finish(exchange, response)

    async def _explain(self, exchange: _Exchange, error: Exception) -> None:
        """Answer a callback that was taken up and cannot be answered as most are."""
        begin_request(exchange.request_id)
        note(**exchange.facts)
        self._finish(exchange, await self._render_problem(exchange, error))

    async def _render_problem(self, exchange: _Exchange, error: Exception) -> Response:
        url, headers = exchange.sent
        scope = self._build_scope(b"POST", url, "1.1", headers)
        return await problems.answer(Request(scope), error)

    def _finish(self, exchange: _Exchange, response: Response) -> None:
        provider, subject, _ = exchange.path_parts
        path = f"{CALLBACK_PREFIX}{provider}/{subject}/…"  # the token is a secret
        if response.status_code != 200:  # no URL of ours, perhaps
            path = mask_token(access_log.redact(path))
        log_request(
            self._our.clock,
            "POST",
            path,
            response.status_code,
            started=exchange.started_s,
            route=_SHOWN_ROUTE,
            request_id=exchange.request_id,
            facts=exchange.facts,
        )
        if not exchange.disconnected:
            self._send(exchange, response)

    def _send(self, exchange: _Exchange, response: Response) -> None:
        head = [_RENDERED.get(response) or render_head(response)]
        is_closing = response not in _RENDERED and "connection" in response.headers
        for name, value in self.server_state.default_headers:
            head += (name, b": ", value, b"\r\n")
        head += (b"x-request-id: ", exchange.request_id.encode(), b"\r\n")
        if is_closing:
            exchange.keep_alive = False
        elif not exchange.keep_alive:
            head.append(b"connection: close\r\n")
        head += (b"\r\n", bytes(response.body))
        exchange.response_complete = True
        self.transport.write(b"".join(head))
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()


_RENDERED = {response: render_head(response) for response in callbacks.ANSWERS.values()}
