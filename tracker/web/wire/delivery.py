"""Find out whether a client got the whole of an answer, as far as TCP can tell.

A client that ends its connection in order after it read everything sends FIN, and had acknowledged
every byte before. One that was cut, or closed with bytes unread, sends RST (RFC 2525 section 2.17),
or leaves bytes unacknowledged. A proxy in between that takes the answer whole hides what became of
it behind the proxy.
"""

import asyncio
import struct
import sys
from collections.abc import Callable
from typing import Any

if sys.platform == "linux":
    import fcntl

Told = Callable[[bool], None]
"""Called once, with whether the answer was delivered whole."""
EXTENSION = "tracker.delivery"
"""Name of the ASGI extension: a function that takes a `Told` for the answer to the request."""
CLOSE_S = 5.0
"""A client that asked for the end of the connection is given so long to end it itself."""
_UNSENT = 0x5411
"""SIOCOUTQ of Linux: bytes that the peer has not acknowledged."""


class DeliveryWatch:
    """Watches one answer of a connection at a time."""

    __slots__ = ("_protocol", "_was_delivered", "extension", "is_ending", "told")

    def __init__(self, protocol: Any) -> None:
        """protocol: one of uvicorn's, with `cycle`, `transport` and `loop`.

        told:      who is told of the answer that is watched; None where none is.
        is_ending: the last answer was given: the client is to end the connection.
        """
        self._protocol = protocol
        self.told: Told | None = None
        self.is_ending = False
        self._was_delivered: bool | None = None
        self.extension: dict[str, Any] = {EXTENSION: self.begin}

    def begin(self, told: Told) -> None:
        """Watch the answer to the request that is being answered."""
        protocol = self._protocol
        if protocol.transport.is_closing() or protocol.cycle.disconnected:
            told(False)
            return
        self.told = told
        protocol.cycle.transport = _PatientTransport(self, protocol.transport, protocol.loop)

    def note_bytes(self) -> None:
        """Note bytes that came once the answer was given: whoever sends them has read it."""
        if self._protocol.cycle.response_complete:
            self._tell(is_delivered=True)

    def note_end(self) -> None:
        """Note that the client has sent its last byte."""
        if self.told is not None:
            self._was_delivered = self._has_arrived()

    def note_loss(self, error: Exception | None) -> None:
        """Note the end of the connection. error: None for an end in order."""
        if self.told is None:
            return
        found = self._was_delivered
        if found is None:  # the service itself has closed it
            found = self._has_arrived()
        self._tell(is_delivered=found and error is None)

    def _has_arrived(self) -> bool:
        """Return whether all of the answer was given to the system, and by that to the client."""
        protocol = self._protocol
        if not protocol.cycle.response_complete or protocol.transport.get_write_buffer_size():
            return False
        return _is_acknowledged(protocol.transport)

    def _tell(self, *, is_delivered: bool) -> None:
        told, self.told = self.told, None
        self._was_delivered = None
        if told is not None:
            told(is_delivered)


class _PatientTransport:
    """A transport whose `close` leaves the end to the client, which then tells what it has read."""

    def __init__(
        self, watch: DeliveryWatch, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._watch = watch
        self._transport = transport
        self._loop = loop

    def close(self) -> None:
        """Send what is to be sent, and FIN where that is possible; close a little later."""
        self._watch.is_ending = True
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
        self._loop.call_later(CLOSE_S, self._transport.close)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def _is_acknowledged(transport: asyncio.Transport) -> bool:
    """Return whether the peer has every byte. True where the system does not say.

    A peer that ended in order had acknowledged by that what it read; whatever came later stays
    unacknowledged, also when the connection is reset for it.
    """
    sock = transport.get_extra_info("socket")
    if sys.platform != "linux" or sock is None or sock.fileno() < 0:
        return True
    return not struct.unpack("i", fcntl.ioctl(sock.fileno(), _UNSENT, bytes(4)))[0]
