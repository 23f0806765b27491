"""uvicorn's cycle of a request and its answer, which takes an answer whole."""

from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

from tracker.web.edge.whole_answers import EXTENSION

WHOLE: Mapping[str, Any] = {EXTENSION: {}}
"""The extension, as a scope names it."""
_LARGE = 32 * 1024
"""Bytes from which on a body is written by itself: joined to the head it is a copy, which each
connection keeps until its client has read it."""
_FRAMING = frozenset({b"connection", b"transfer-encoding"})
"""Headers that decide how an answer is sent."""


_NOT_IN_NAMES, _NOT_IN_VALUES = (
    bytes(byte for byte in range(256) if expression.search(bytes([byte])))
    for expression in (HEADER_RE, HEADER_VALUE_RE)
)
"""Bytes that uvicorn lets no header have. To take them out takes less time than to search them."""


def _is_holding(text: bytes, some: bytes) -> bool:
    """Return whether a text has one of some bytes."""
    return len(text.translate(None, some)) != len(text)


class Cycle(RequestResponseCycle):
    """One request and its answer."""

    async def send(self, message: Any) -> None:
        """Send a piece of the answer, or with the first all of it."""
        body = message.get("body") if message["type"] == "http.response.start" else None
        if body is None:
            await super().send(message)
        elif not self._send_at_once(message["status"], message["headers"], body):
            start = {key: message[key] for key in ("type", "status", "headers")}
            await super().send(start)  # type: ignore[arg-type] # it is such a message
            await super().send({"type": "http.response.body", "body": body})

    def _send_at_once(self, status: int, headers: list[tuple[bytes, bytes]], body: Any) -> bool:
        """Write an answer of the common kind; false where it is none, and nothing was written."""
        if self.disconnected or self.response_started or self.flow.write_paused:
            return False
        size = None
        head = [STATUS_LINE[status]]
        names, values = zip(*headers, strict=True)
        if _is_holding(b"".join(names), _NOT_IN_NAMES) or _is_holding(
            b"".join(values), _NOT_IN_VALUES
        ):
            return False
        for name, value in self.default_headers + headers:
            if name == b"content-length":
                size = value
            elif name in _FRAMING:
                return False
            head += (name, b": ", value, b"\r\n")
        is_bare = self.scope["method"] == "HEAD" or status in (204, 304)
        if not (is_bare if size is None else is_bare or int(size) == len(body)):
            return False
        head.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        is_large = not is_bare and len(body) > _LARGE
        if not is_bare and not is_large:
            head.append(body)
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join(head))
        if is_large:
            self.transport.write(body)
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True
