"""Files within an answer, written to the store while the answer is read."""

import asyncio
from collections.abc import AsyncIterator

from tracker.clock import make_id
from tracker.domain.errors import StorageError, UnkeepableFile
from tracker.domain.exchange import FileSink, OpenSink
from tracker.domain.inline_files import InlineFile, store_key_of
from tracker.services.counted import CountedChunks
from tracker.services.storage import Storage

_WAITING_BLOCKS = 4


class InlineSink:
    """Writes one file; see FileSink."""

    def __init__(self, storage: Storage, secret: bytes, tenant: str) -> None:
        """Begin to write. secret: signs the name."""
        self._secret, self._tenant = secret, tenant
        self._id = make_id()
        self._most, self._size = storage.rules.max_bytes, 0
        self._blocks: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING_BLOCKS)
        self._counted = CountedChunks(self._iterate_chunks())
        key = store_key_of(tenant, self._id)
        self._writing = asyncio.create_task(
            storage.put(key, self._counted.iterate_chunks(), once=True)
        )

    async def write(self, data: bytes) -> None:
        """Take the next bytes. Raises UnkeepableFile for too many, StorageError."""
        # Not what the store has taken so far: a file that it has yet to take would be too large.
        self._size += len(data)
        if self._size > self._most:
            raise UnkeepableFile(f"a file of the answer is larger than {self._most} bytes")
        await self._hand_over(data)

    async def finish(self) -> str:
        """Return the file's name once it is whole on the disk. Raises StorageError."""
        await self._hand_over(None)
        waits = await self._writing
        counted = self._counted
        file = InlineFile(self._id, counted.size, counted.digest, counted.media_type, waits)
        return file.build_name(self._secret, self._tenant)

    async def abort(self) -> None:
        """Leave nothing of a file that did not come to its end."""
        self._writing.cancel()
        await asyncio.wait([self._writing])

    async def _hand_over(self, block: bytes | None) -> None:
        if not (self._blocks.full() or self._writing.done()):
            self._blocks.put_nowait(block)
            return
        handing = asyncio.ensure_future(self._blocks.put(block))
        await asyncio.wait([handing, self._writing], return_when=asyncio.FIRST_COMPLETED)
        if not handing.done():
            handing.cancel()
            await self._writing  # raises why it has ended
            raise StorageError("the store ended a file before its end")

    async def _iterate_chunks(self) -> AsyncIterator[bytes]:
        while (block := await self._blocks.get()) is not None:
            yield block


def build_sink_opener(storage: Storage, secret: bytes, tenant: str) -> OpenSink:
    """Return what opens a sink for each file of an answer about a tenant's task."""

    async def open_sink() -> FileSink:
        return InlineSink(storage, secret, tenant)

    return open_sink
