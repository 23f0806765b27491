"""Take an answer that is a file itself to where the caller says."""

import json

from tracker.domain.exchange import FileSink, OpenSink
from tracker.domain.media_extent import MediaExtent

LEAST_FILE = 12
"""Bytes. No picture, film, sound or model is shorter."""


class RawFile:
    """Reads an answer that is a file itself; in its place comes its name, as a JSON string."""

    kept_chars = 0

    def __init__(self, open_sink: OpenSink) -> None:
        """open_sink: called at the first byte."""
        self._open = open_sink
        self._extent = MediaExtent()
        self._size = 0
        self._sink: FileSink | None = None

    async def feed(self, piece: bytes) -> None:
        """Take a piece of the answer."""
        if self._sink is None:
            self._sink = await self._open()
        self._size += len(piece)
        self._extent.feed(piece)
        await self._sink.write(piece)

    async def finish(self) -> bytes:
        """Return the name of the file. Raises ValueError where nothing came, or not all of it."""
        if self._sink is None:
            raise ValueError("the answer is empty")
        if self._size < LEAST_FILE:
            raise ValueError(f"the file is cut: {self._size} bytes came without its end")
        if (flaw := self._extent.find_flaw()) is not None and not self._extent.is_hint:
            raise ValueError(flaw)
        return json.dumps(await self._sink.finish()).encode()

    async def abort(self) -> None:
        """Leave nothing of it."""
        if self._sink is not None:
            await self._sink.abort()
