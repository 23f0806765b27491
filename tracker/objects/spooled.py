"""A store whose files of answers wait in a folder of this machine while it takes none.

What came within an answer is nowhere else. It is whole on the local disk first, and is handed to
the store from there: a store that falls silent then costs nothing but time.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

from tracker.domain.custody import StoredObject
from tracker.domain.errors import StorageError
from tracker.objects.bucket import Bucket
from tracker.objects.folder import PARTS, Folder

_LARGEST_ANSWER = 512 * 1024 * 1024
"""Bytes that must fit above the floor of free disk, or files go straight to the store."""
HAND_ON_S = 10.0
"""How long the store may take for a file whose answer is still being read: the call has an end."""
_PAUSE_S = 30.0
"""After a file that it did not take: further ones wait at once."""


class SpooledStore:
    """Objects in a store, and those that wait for it; see ObjectStore."""

    def __init__(
        self,
        store: Folder | Bucket,
        spool: Folder,
        *,
        host: str,
        min_free_bytes: int,
        hand_on_s: float = HAND_ON_S,
    ) -> None:
        """spool: of this machine alone. host: its name, for people. hand_on_s: see HAND_ON_S."""
        self._store, self._spool, self._hand_on_s = store, spool, hand_on_s
        self._reason, self._away_until_s = "", 0.0
        self._host, self._least = host, min_free_bytes + _LARGEST_ANSWER

    def close(self) -> None:
        """Close both."""
        self._store.close()
        self._spool.close()

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], *, once: bool = False
    ) -> str | None:
        """Keep what the chunks hold. Returns why it waits here; None: the store has it."""
        if not once or not await self._has_room():
            await self._store.put(key, chunks, once=once)
            return None
        await self._spool.put(key, chunks)
        now_s = asyncio.get_running_loop().time
        if now_s() < self._away_until_s:
            return self._reason
        try:
            async with asyncio.timeout(self._hand_on_s):
                await self._give(key)
        except TimeoutError:
            self._reason = str(self._make_waiting_error(f"it has not within {self._hand_on_s:g} s"))
        except StorageError as error:
            self._reason = str(self._make_waiting_error(str(error)))
        else:
            await self.forget(key)
            return None
        self._away_until_s = now_s() + _PAUSE_S
        return self._reason

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` to before `end`, of whichever has them."""
        if await self._spool.get_size(key) is not None:
            with suppress(StorageError):  # it was handed on meanwhile
                async with aclosing(self._spool.read(key, start, end)) as blocks:
                    async for block in blocks:
                        start += len(block)
                        yield block
        if start < end:
            async with aclosing(self._store.read(key, start, end)) as blocks:
                async for block in blocks:
                    yield block

    async def get_size(self, key: str) -> int | None:
        """Return how many bytes an object has; None where neither has it."""
        size = await self._spool.get_size(key)
        return await self._store.get_size(key) if size is None else size

    async def delete(self, key: str) -> None:
        """Delete an object from both."""
        await self._spool.delete(key)
        await self._store.delete(key)

    async def list(self) -> AsyncIterator[StoredObject]:
        """Yield every object of both, in no order."""
        async for one in self._store.list():
            yield one
        async for one in self._spool.list():
            yield one

    async def free_bytes(self) -> int | None:
        """Return how much more fits into the store; None where that is unknown."""
        return await self._store.free_bytes()

    async def list_waiting(self) -> AsyncIterator[StoredObject]:
        """Yield the objects that wait on this machine."""
        async for one in self._spool.list():
            if not one.key.startswith(f"{PARTS}/"):
                yield one

    async def hand_on(self, key: str) -> None:
        """Have the store take an object that waits, and let it wait on. Raises StorageError.

        One that waits no more was handed on by another process, and one that is there already by a
        process that died: a folder takes no name twice.
        """
        try:
            size = await self._spool.get_size(key)
            if size is not None and await self._store.get_size(key) != size:
                await self._give(key)
        except StorageError as error:
            if await self._spool.get_size(key) is not None:
                raise self._make_waiting_error(str(error)) from error

    async def forget(self, key: str) -> None:
        """Let an object wait no more: the store has it."""
        await self._spool.delete(key)

    async def _give(self, key: str) -> None:
        size = await self._spool.get_size(key) or 0
        async with aclosing(self._spool.read(key, 0, size)) as blocks:
            await self._store.put(key, blocks)

    def _make_waiting_error(self, why: str) -> StorageError:
        return StorageError(
            f"a file of an answer waits on {self._host} until the store takes it: {why}"
        )

    async def _has_room(self) -> bool:
        try:
            return (await self._spool.free_bytes() or 0) >= self._least
        except StorageError:
            return False
