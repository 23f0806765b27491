"""A receiver that costs little: counts POSTs and answers 200; those to /dead it never answers."""

import asyncio
import os

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_READY = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s"


class Sink(asyncio.Protocol):
    """One connection. GET answers how many POSTs were taken by all of them."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            if head.startswith(b"get"):
                count = str(Sink.taken).encode()
                self._transport.write(_READY % (len(count), count))
                self._buffer = self._buffer[end + 4 :]
                continue
            if head.startswith(b"post /dead"):
                return
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            Sink.taken += 1
            self._transport.write(_ANSWER)


async def main() -> None:
    """Listen on PORT for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", int(os.environ["PORT"]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
