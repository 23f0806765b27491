"""Bytes on their way to the store: counted, hashed, and their type told."""

from collections.abc import AsyncIterator

from tracker.domain.media_type import FIRST_BYTES, detect_media_type
from tracker.services.hashing import Hasher


async def iterate_whole(data: bytes) -> AsyncIterator[bytes]:
    """Yield bytes that are here already."""
    yield data


class CountedChunks:
    """Chunks on their way, counted and hashed."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._hashing = Hasher()
        self._first = b""
        self.size = 0

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what went by."""
        return self._hashing.digest()

    @property
    def media_type(self) -> str:
        """The type that the first bytes tell."""
        return detect_media_type(self._first)

    async def iterate_chunks(self) -> AsyncIterator[bytes]:
        """Yield them."""
        async for chunk in self._chunks:
            await self._hashing.add(chunk)
            self.size += len(chunk)
            if len(self._first) < FIRST_BYTES:
                self._first += chunk[: FIRST_BYTES - len(self._first)]
            yield chunk
        await self._hashing.finish()
