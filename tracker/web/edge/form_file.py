"""Read the one file of a multipart form while it comes, of whatever size (RFC 7578)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from tracker.web.edge.body_errors import BodyTooSlow
from tracker.web.edge.forms import (
    LONGEST_HEAD,
    MOST_PARTS,
    PartHead,
    mark_of,
    read_head,
    refuse_form,
)

_LONGEST_FIELD = 64 * 1024
_MOST_TEXT = 256 * 1024
"""Bytes of all fields together, which are held; a stranger may send them."""


class FormWithFile:
    """A form that is read up to its file; `content` goes on from there.

    fields: the texts by name: those before the file, and all once `content` has ended.
    """

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        """chunks: the body. Raises WrongMediaType."""
        self._mark = mark_of(content_type)
        self._chunks = chunks
        self._held = b"\r\n"
        self._parts = self._text = 0
        self.fields: dict[str, str] = {}

    async def find_file(self, *, timeout_s: float) -> PartHead:
        """Read the fields up to the file.

        timeout_s: for all of them, so that a trickle cannot hold a connection.
        Raises InvalidRequest, BodyTooSlow, and what the chunks raise.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._read_to(self._mark, LONGEST_HEAD)
                part = await self._find_next_file()
        except TimeoutError:
            raise BodyTooSlow(f"the form's file did not begin within {timeout_s:g} s") from None
        if part is None:
            raise refuse_form("has no file")
        return part

    async def iterate_content(self) -> AsyncGenerator[bytes, None]:
        """Yield the file, then read what follows it. Raises like `find_file`."""
        while (end := self._held.find(self._mark)) < 0:
            kept = len(self._mark) - 1  # the mark may have begun
            if ready := self._held[:-kept]:
                yield ready
                self._held = self._held[-kept:]
            await self._read_more()
        if self._held[:end]:
            yield self._held[:end]
        self._held = self._held[end + len(self._mark) :]
        if await self._find_next_file() is not None:
            raise refuse_form("has more than one file")
        async for _ in self._chunks:
            pass

    async def _find_next_file(self) -> PartHead | None:
        """Read fields up to a file; None where none follows."""
        while not await self._is_at_end():
            part = read_head(await self._read_to(b"\r\n\r\n", LONGEST_HEAD))
            if part.filename is not None:
                return part
            if self._parts >= MOST_PARTS or self._text > _MOST_TEXT:
                raise refuse_form(f"has more than {MOST_PARTS} fields, or much text in them")
            value = await self._read_to(self._mark, _LONGEST_FIELD)
            self._parts, self._text = self._parts + 1, self._text + len(value)
            self.fields[part.name] = value.decode("utf-8", "replace")
        return None

    async def _is_at_end(self) -> bool:
        """Tell whether no part follows the mark that was read last."""
        while len(self._held) < 2:
            await self._read_more()
        return self._held.startswith(b"--")

    async def _read_to(self, mark: bytes, most: int) -> bytes:
        """Return what stands before a mark, of so many bytes at most, and go on behind it."""
        while mark not in self._held:
            if len(self._held) > most:
                raise refuse_form("has a part without a head, or a long field before its file")
            await self._read_more()
        found, _, self._held = self._held.partition(mark)
        return found

    async def _read_more(self) -> None:
        piece = await anext(self._chunks, None)
        if piece is None:
            raise refuse_form("must end with its boundary")
        self._held += piece
