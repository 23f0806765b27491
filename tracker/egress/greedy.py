"""Connections that read whatever has come at once.

httpcore asks for 64 KB at a time. What the event loop has read by then is up to 256 KB, which is
cut into pieces for it, and each piece takes the whole way through its layers.
"""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
from ssrfguard.httpx import AsyncSafeBackend

READ_BYTES = 1024 * 1024


class GreedyBackend(AsyncSafeBackend):
    """Dials only what it has checked, and reads as much as there is."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """See AsyncSafeBackend."""
        return _GreedyStream(
            await super().connect_tcp(host, port, timeout, local_address, socket_options)
        )


class _GreedyStream(httpcore.AsyncNetworkStream):
    """A stream that reads READ_BYTES where less is asked for: httpcore takes what it gets."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        return await self._stream.read(max(max_bytes, READ_BYTES), timeout)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        # TLS gives a record at a time, 16 KB at most: there is nothing more to be had of it.
        return await self._stream.start_tls(ssl_context, server_hostname, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
