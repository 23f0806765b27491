"""Take a whole body in before anything is done for it: in memory, a large one in a file."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import IO

from starlette.requests import Request

from tracker.domain.errors import Unavailable
from tracker.web.edge.body import iterate_capped
from tracker.web.edge.body_errors import BodyTooSlow

log = logging.getLogger(__name__)

IN_MEMORY_BYTES = 256 * 1024
PIECE_BYTES = 64 * 1024


class Spooled:
    """A body that has come in whole. size: in bytes."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self.size = size

    async def iterate_pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield it from its beginning."""
        self._file.seek(0)
        while piece := self._file.read(PIECE_BYTES):
            yield piece


@asynccontextmanager
async def spool_body(request: Request, *, limit: int, timeout_s: float) -> AsyncIterator[Spooled]:
    """Take in a request's body; it is gone when the block ends.

    limit:     bytes. timeout_s: for the whole body.
    Raises BodyTooLarge, BodyTooSlow, ClientDisconnect; Unavailable where the disk has no room.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
        try:
            yield Spooled(file, await _take_in(request, file, limit=limit, timeout_s=timeout_s))
        finally:
            with suppress(OSError):  # what found no room is written once more
                file.close()


async def _take_in(request: Request, file: IO[bytes], *, limit: int, timeout_s: float) -> int:
    """Return how many bytes there were."""
    size = 0
    try:
        async with asyncio.timeout(timeout_s):
            async for piece in iterate_capped(request, limit=limit):
                with _refuse_without_room():
                    file.write(piece)
                size += len(piece)
    except TimeoutError:
        raise BodyTooSlow(f"the body did not arrive within {timeout_s:g} s") from None
    with _refuse_without_room():
        file.flush()
    return size


@contextmanager
def _refuse_without_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.error(
            "a body cannot be taken in, as TMPDIR takes no file: %(reason)s",
            {"reason": error.strerror},
        )
        raise Unavailable("there is no room for a body of this size now") from None
