"""Take a whole body in before anything is done for it: in memory, a large one in a file."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

from starlette.requests import Request

from tracker.web.edge.body import iterate_capped
from tracker.web.edge.body_errors import BodyTooSlow

IN_MEMORY_BYTES = 256 * 1024
PIECE_BYTES = 64 * 1024


class Spooled:
    """A body that has come in whole. size: in bytes."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self.size = size

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield it from its beginning."""
        self._file.seek(0)
        while piece := self._file.read(PIECE_BYTES):
            yield piece


@asynccontextmanager
async def spool_body(request: Request, *, limit: int, timeout_s: float) -> AsyncIterator[Spooled]:
    """Take in a request's body; it is gone when the block ends.

    limit:     bytes. timeout_s: for the whole body.
    Raises BodyTooLarge, BodyTooSlow, ClientDisconnect.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
        size = 0
        try:
            async with asyncio.timeout(timeout_s):
                async for piece in iterate_capped(request, limit=limit):
                    file.write(piece)
                    size += len(piece)
        except TimeoutError:
            raise BodyTooSlow(f"the body did not arrive within {timeout_s:g} s") from None
        yield Spooled(file, size)
