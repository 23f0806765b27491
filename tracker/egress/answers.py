"""The bodies of providers' answers: read whole, handed on in pieces, or put into custody.

Each piece of a large one is a slice of work; see tracker.precedence.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx

from tracker.domain.errors import UnkeepableFile
from tracker.domain.exchange import HttpResult, OpenPieces, OpenSink
from tracker.domain.media_type import FIRST_BYTES, OCTETS, detect_media_type, find_type_flaw
from tracker.egress.decoding import Decoder, Undecodable
from tracker.egress.inline import InlineFiles
from tracker.egress.raw_file import RawFile
from tracker.precedence import Precedence

PROVIDER_ANSWER_BYTES = 8 * 1024 * 1024
"""Decoded, of one answer."""
INLINE_ANSWER_BYTES = 512 * 1024 * 1024
"""Decoded, of an answer whose files go straight into custody."""
STREAMED_ANSWER_BYTES = 64 * 1024 * 1024
"""Decoded, of an answer that is taken piece by piece: nothing of it is held here."""
SMALL_ANSWER_BYTES = 256 * 1024
LARGE_AT_ONCE = 4
"""Answers above SMALL_ANSWER_BYTES that are held at once; others wait, within their call's time."""
_PIECES_OF_A_PLACE = 64
"""Pieces of an answer, of 64 KB at most, that are read before those of answers that began later."""
_RAW = frozenset({"image", "video", "audio", "model"})
"""Top-level types of answers that are a file themselves."""
_WEAK = frozenset({"image/svg+xml", "image/bmp"})
"""Types that a page or a text may seem to have by its beginning."""


class AnswerReader:
    """Reads the answers of one event loop."""

    def __init__(self, precedence: Precedence) -> None:
        """precedence: given way to before each piece of a large answer."""
        self._precedence = precedence
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def read(
        self, response: httpx.Response, *, files: OpenSink | None, pieces: OpenPieces | None
    ) -> HttpResult:
        """Read an answer and close it. files, pieces: see EgressClient.call_provider.

        Raises Undecodable for an answer that is too large or badly encoded, StorageError, what
        `pieces` raises, and httpx.HTTPError where it breaks off.
        """
        async with AsyncExitStack() as held:
            held.push_async_callback(response.aclose)
            body = b""
            if pieces is not None and response.is_success:
                await self._hand_on(response, pieces, files)
            elif files is not None and response.is_success:
                body = await self._read_files(response, files)
            else:
                body = await self._read_whole(response, held)
        return HttpResult(response.status_code, read_headers(response), body)

    async def _read_whole(self, response: httpx.Response, held: AsyncExitStack) -> bytes:
        """Read an answer into memory. held: keeps its place among the large ones."""
        decoder = find_decoder(response, PROVIDER_ANSWER_BYTES)
        whole, is_large = bytearray(), False
        async for raw in response.aiter_raw():
            for piece in decoder.feed(raw):
                if not is_large and len(whole) + len(piece) > SMALL_ANSWER_BYTES:
                    await held.enter_async_context(self._large)
                    is_large = True
                whole += piece
                if is_large:
                    await self._precedence.give_way()
        decoder.finish()
        return bytes(whole)

    async def _iterate_pieces(self, response: httpx.Response, cap: int) -> AsyncIterator[bytes]:
        """Yield an answer's pieces, each when it may be worked on."""
        decoder, number, place = find_decoder(response, cap), 0, 0
        async for raw in response.aiter_raw():
            for piece in decoder.feed(raw):
                if number % _PIECES_OF_A_PLACE == 0:
                    place = self._precedence.take_place()
                number += 1
                await self._precedence.give_way(place)
                yield piece
        decoder.finish()

    async def _hand_on(
        self, response: httpx.Response, pieces: OpenPieces, files: OpenSink | None
    ) -> None:
        """Give an answer away while it comes, with the names of files in their place."""
        cap = STREAMED_ANSWER_BYTES if files is None else INLINE_ANSWER_BYTES
        sink = pieces(read_headers(response))
        reader = None if files is None else InlineFiles(files)
        try:
            async for piece in self._iterate_pieces(response, cap):
                sink.write(piece if reader is None else await _take_files(reader, piece))
            if reader is not None:
                sink.write(await reader.finish())
        except ValueError as error:
            raise Undecodable(str(error)) from None
        finally:
            if reader is not None:
                await reader.abort()

    async def _read_files(self, response: httpx.Response, files: OpenSink) -> bytes:
        """Read an answer whose files go elsewhere; of one that is no text, return the name."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        reader: RawFile | InlineFiles | None = None
        is_over = False
        try:
            async for piece in self._iterate_pieces(response, INLINE_ANSWER_BYTES):
                reader = reader or (RawFile if _is_file(kind, piece) else InlineFiles)(files)
                await reader.feed(piece)
                if reader.kept_chars > PROVIDER_ANSWER_BYTES:
                    raise Undecodable(f"the answer is larger than {PROVIDER_ANSWER_BYTES} bytes")
            if reader is None:
                reader = (RawFile if _is_named_file(kind) else InlineFiles)(files)
            body = await reader.finish()
            is_over = True
            return body
        except (ValueError, UnkeepableFile) as error:
            raise Undecodable(str(error)) from None
        finally:
            if reader is not None and not is_over:
                await reader.abort()


def _is_file(kind: str, first: bytes) -> bool:
    """Tell whether an answer is a file: by how it begins, and else by the type that it names.

    Gateways name the wrong type, or none; an error in JSON or a page comes as `image/png` too.
    """
    told = detect_media_type(first[:FIRST_BYTES])
    if told.partition("/")[0] in _RAW and told not in _WEAK:
        return True
    group = kind.partition("/")[0]
    return (
        _is_named_file(kind) and find_type_flaw(group if group in _RAW else "image", told) is None
    )


def _is_named_file(kind: str) -> bool:
    return kind.partition("/")[0] in _RAW or kind == OCTETS


async def _take_files(reader: InlineFiles, piece: bytes) -> bytes:
    """Return what a piece adds to the text of an answer. Raises ValueError, Undecodable."""
    await reader.feed(piece)
    if reader.kept_chars > PROVIDER_ANSWER_BYTES:
        raise Undecodable(f"a text in the answer is larger than {PROVIDER_ANSWER_BYTES} bytes")
    return reader.take()


def find_decoder(response: httpx.Response, cap: int) -> Decoder:
    """Return what undoes the encoding of an answer; see Decoder."""
    return Decoder(response.headers.get("content-encoding", ""), cap=cap)


def read_headers(response: httpx.Response) -> dict[str, str]:
    """Return the headers of an answer, their names in lower case."""
    return {name.lower(): value for name, value in response.headers.items()}
