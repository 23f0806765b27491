"""A bucket of S3, or of what speaks its protocol, as an object store; by obstore.

The usual `AWS_*` variables say who asks and where: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_REGION, AWS_ENDPOINT_URL; on a machine of AWS its role does.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tracker.domain.custody import StoredObject
from tracker.domain.errors import StorageError
from tracker.objects.read_shares import FIRST_BYTES, ReadShares

PART_BYTES = 5 * 1024 * 1024
"""Of a multipart upload: the least that S3 takes."""
SILENCE_S = 30.0
"""How long a bucket may say nothing, and how long what it refuses for now may take in all."""
PATIENCE_S = 180.0
"""How long a refusal for now is tried again where the bytes are nowhere else: obstore's own bound
(https://developmentseed.org/obstore/latest/api/store/config/, read 2026-11-30)."""
_SENDING = 2
"""So many times as long may a request last that writes: its time runs while a part is sent, of 5 MB
on a line that others share."""
_CONNECT_S = 5.0
_REQUEST_S = 3600.0
"""How long one request may take that goes on: a player may be slow."""
_FIRST_PAUSE = timedelta(seconds=0.1)
_MOST_RETRIES = 100
"""More than fit into PATIENCE_S."""
_LISTED_AT_ONCE = 512
_WORDS = {
    "NotFoundError": "the bucket, or the object in it, is not there",
    "FileNotFoundError": "the bucket, or the object in it, is not there",
    "PermissionDeniedError": "the bucket refuses access",
    "UnauthenticatedError": "the bucket does not take the credentials",
}
"""Words by obstore's class of a failure
(https://developmentseed.org/obstore/latest/api/exceptions/, read 2026-11-30)."""
_CODES = {
    "RequestTimeTooSkewed": "the clock of this machine is too far off for the bucket",
    "InvalidAccessKeyId": "the bucket does not know AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID",
    "ExpiredToken": "the bucket does not take the credentials: they have expired",
    "NoSuchBucket": "there is no such bucket",
    "AuthorizationHeaderMalformed": "the bucket is in another region than AWS_REGION",
}
"""Words by S3's code of an error, which stand before those by class
(https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, read 2026-11-30)."""
_CODE = re.compile(r"<Code>(\w{1,50})</Code>")
_TIMED_OUT = "kind: Timeout"
"""Stands in what obstore says of a request that its timeouts ended."""
_T = TypeVar("_T")


class _NotThere(StorageError):
    """The bucket does not have what it is asked for."""


class Bucket:
    """Objects in a bucket, below a prefix. Nothing is asked before the first use."""

    def __init__(self, url: str, *, silence_s: float = SILENCE_S) -> None:
        """url: `s3://bucket/prefix`. silence_s: see SILENCE_S.

        Raises StorageError where obstore is not installed.
        """
        try:
            import obstore  # noqa: PLC0415 - an extra: 15 MB that a folder does without
            from obstore.store import S3Store  # noqa: PLC0415
        except ImportError:
            raise StorageError("a bucket needs obstore: install callback-tracker[assets]") from None
        parts = urlsplit(url)
        self._url, self._api, self._silence_s = url, obstore, silence_s
        self._shares = ReadShares()
        silence = timedelta(seconds=silence_s)
        most = silence / 6

        def open_store(read_timeout: timedelta, retry_timeout: timedelta) -> S3Store:
            client: Any = {
                "allow_http": True,
                "connect_timeout": min(timedelta(seconds=_CONNECT_S), silence),
                "read_timeout": read_timeout,
                "timeout": timedelta(seconds=_REQUEST_S),
            }
            retry: Any = {
                "retry_timeout": retry_timeout,
                "backoff": {"init_backoff": min(_FIRST_PAUSE, most), "max_backoff": most},
                "max_retries": _MOST_RETRIES,
            }
            name = parts.path.strip("/")
            return S3Store(parts.netloc, prefix=name, client_options=client, retry_config=retry)

        self._store = open_store(silence, silence / 2)
        self._writing = open_store(_SENDING * silence, silence / 2)
        self._patient = open_store(_SENDING * silence, timedelta(seconds=PATIENCE_S))

    def close(self) -> None:
        """Do nothing: connections end by themselves."""

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, once: bool = False) -> None:
        """Keep what the chunks hold; see ObjectStore. A write that breaks off is aborted.

        Nothing asks for chunks any more when it returns or raises, so that they can be closed:
        obstore asks in a task of its own, which it leaves running when the write is cancelled.
        """
        raised: list[Exception] = []
        asking: asyncio.Task[bytes | None] | None = None
        is_over = False

        async def watch_chunks() -> AsyncIterator[bytes]:
            nonlocal asking
            try:
                while not is_over:
                    asking = asyncio.create_task(_find_next_page(chunks))
                    chunk = await asking
                    if chunk is None:
                        return
                    yield chunk
            except Exception as error:
                raised.append(error)
                raise

        try:
            store = self._patient if once else self._writing
            await self._api.put_async(
                store, key, watch_chunks(), chunk_size=PART_BYTES, max_concurrency=1
            )
        except Exception as error:
            if raised:  # obstore wraps what the chunks raise
                raise raised[0] from error
            raise self._make_error(error, _SENDING * self._silence_s) from error
        finally:
            is_over = True
            if asking is not None and not asking.done():
                asking.cancel()
                await asyncio.wait({asking})

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` to before `end`; see ObjectStore.

        A request that breaks off behind some bytes is made again for the rest, however often: the
        bucket may close what a slow player leaves unread.
        """
        least = 0  # the first bytes at once, for a player
        with self._shares.begin():
            while start < end:
                began, waiting, size, failed = start, list[bytes](), 0, None
                try:
                    async with aclosing(self._iterate_pieces(key, start, end)) as pieces:
                        async for piece in pieces:
                            waiting.append(piece)
                            size += len(piece)
                            if size >= least:
                                yield b"".join(waiting)
                                start, least = start + size, self._shares.block_bytes
                                waiting, size = [], 0
                except StorageError as error:
                    failed = error
                if waiting:
                    yield b"".join(waiting)
                    start += size
                if start == began:
                    raise failed or StorageError(f"the object ends before byte {end}")

    async def _iterate_pieces(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        options: Any = {"range": (start, end)}
        found = await self._ask(self._api.get_async(self._store, key, options=options))
        pieces = found.stream(min_chunk_size=FIRST_BYTES).__aiter__()
        while (piece := await self._ask(anext(pieces, None))) is not None:
            yield bytes(piece)

    async def get_size(self, key: str) -> int | None:
        """Return how many bytes an object has; None where there is no such object."""
        try:
            head = await self._ask(self._api.head_async(self._store, key))
        except _NotThere:
            return None
        return int(head["size"])

    async def delete(self, key: str) -> None:
        """Delete an object."""
        with suppress(_NotThere):
            await self._ask(self._api.delete_async(self._store, key))

    async def list(self) -> AsyncIterator[StoredObject]:
        """Yield every object, in no order."""
        pages = self._api.list(self._store, chunk_size=_LISTED_AT_ONCE).__aiter__()
        while (page := await self._ask(anext(pages, None))) is not None:
            for one in page:
                yield StoredObject(one["path"], one["size"], one["last_modified"])

    async def free_bytes(self) -> int | None:
        """Return None: a bucket has no end."""
        return None

    async def _ask(self, answer: Awaitable[_T]) -> _T:
        """Wait for an answer. Raises StorageError, _NotThere among them."""
        try:
            async with asyncio.timeout(self._silence_s):
                return await answer
        except TimeoutError:
            raise self._make_silence_error(self._silence_s) from None
        except (self._api.exceptions.BaseError, FileNotFoundError) as error:
            raise self._make_error(error, self._silence_s) from error

    def _make_error(self, error: Exception, silence_s: float) -> StorageError:
        name, (said, *debugged) = type(error).__name__, str(error).split("\n", 1)
        if any(_TIMED_OUT in text for text in debugged):
            return self._make_silence_error(silence_s)
        code = _CODE.search(str(error))
        named = "" if code is None else code[1]
        words = _CODES.get(named) or _WORDS.get(name, "the bucket does not do what is asked")
        failed = _NotThere if name.endswith("NotFoundError") else StorageError
        # Behind that stands the answer, which repeats the id of the key and what was signed.
        why = (said.partition(" - ")[2] or said).partition("<")[0].rstrip(": ")
        return failed(f"{words} ({self._url}): {f'{why} {named}'.strip()[:300]}")

    def _make_silence_error(self, silence_s: float) -> StorageError:
        return StorageError(f"the bucket has said nothing for {silence_s:g} s ({self._url})")


async def _find_next_page(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)
