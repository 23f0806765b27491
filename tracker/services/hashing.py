"""Digests of bytes on their way, made in threads.

A megabyte takes 2 ms, in which a callback need not wait for its answer.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tracker.precedence import step_back

HASHED_AT_ONCE = 1024 * 1024
"""Bytes for one turn of a thread."""
SMALL_BYTES = 64 * 1024
"""Hashed where they come: a thread's turn would take longer."""
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="tracker-hashing", initializer=step_back)


class Hasher:
    """SHA-256 of bytes that come in pieces; of other algorithms too where they are named."""

    def __init__(self, also: Iterable[str] = ()) -> None:
        """also: algorithms, as hashlib names them."""
        self._hashes = {
            name: hashlib.new(name, usedforsecurity=name == "sha256") for name in ("sha256", *also)
        }
        self._waiting: list[bytes] = []
        self._size = 0

    async def add(self, piece: bytes) -> None:
        """Take a piece. It may be hashed later."""
        self._waiting.append(piece)
        self._size += len(piece)
        if self._size >= HASHED_AT_ONCE:
            await self.finish()

    async def finish(self) -> None:
        """Hash what waits."""
        waiting, size = self._waiting, self._size
        self._waiting, self._size = [], 0
        if size > SMALL_BYTES:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(_THREADS, self._update, waiting)
        else:
            self._update(waiting)

    def digest(self, algorithm: str = "sha256") -> bytes:
        """Return the digest of what was hashed: call `finish` first."""
        return self._hashes[algorithm].digest()

    def _update(self, pieces: Sequence[bytes]) -> None:
        for one in self._hashes.values():
            for piece in pieces:
                one.update(piece)
