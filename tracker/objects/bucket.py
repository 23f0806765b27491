"""A bucket of S3, or of what speaks its protocol, as an object store; by obstore.

The usual `AWS_*` variables say who asks and where: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_REGION, AWS_ENDPOINT_URL; on a machine of AWS its role does.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tracker.domain.custody import StoredObject
from tracker.domain.errors import NameTaken, StorageError

PART_BYTES = 5 * 1024 * 1024
"""Of a multipart upload: the least that S3 takes."""
BLOCK_BYTES = 1024 * 1024
FIRST_BLOCK_BYTES = 64 * 1024
"""Yielded first, so that a player need not wait for more."""
_LISTED_AT_ONCE = 512
_WORDS = {
    "NotFoundError": "the bucket, or the object in it, is not there",
    "PermissionDeniedError": "the bucket refuses access",
    "UnauthenticatedError": "the bucket does not take the credentials",
}
"""Words by obstore's class of a failure
(https://developmentseed.org/obstore/latest/api/exceptions/, read 2026-11-30)."""
_TAKEN = "an object has the name {} already"


class Bucket:
    """Objects in a bucket, below a prefix. Nothing is asked before the first use."""

    def __init__(self, url: str) -> None:
        """url: `s3://bucket/prefix`. Raises StorageError where obstore is not installed."""
        try:
            import obstore  # noqa: PLC0415 - an extra: 15 MB that a folder does without
            from obstore.store import S3Store  # noqa: PLC0415
        except ImportError:
            raise StorageError("a bucket needs obstore: install callback-tracker[assets]") from None
        parts = urlsplit(url)
        self._url, self._api = url, obstore
        options: dict[str, Any] = {"client_options": {"allow_http": True}}
        self._store: S3Store = S3Store(parts.netloc, prefix=parts.path.strip("/"), **options)

    def close(self) -> None:
        """Do nothing: connections end by themselves."""

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Keep what the chunks hold; see ObjectStore. A write that breaks off is aborted."""
        raised: list[BaseException] = []

        async def watched() -> AsyncIterator[bytes]:
            try:
                async for chunk in chunks:
                    yield chunk
            except BaseException as error:
                raised.append(error)
                raise

        try:
            await self._api.put_async(
                self._store, key, watched(), chunk_size=PART_BYTES, max_concurrency=1
            )
        except Exception as error:
            if raised:  # obstore wraps what the chunks raise
                raise raised[0] from error
            raise self._failed(error) from error

    async def put_new(self, key: str, data: bytes) -> None:
        """Keep bytes under a name that no object has; see ObjectStore.

        By one request with `If-None-Match: *`. A store that knows no such writes is named by
        AWS_CONDITIONAL_PUT=disabled: there the name is looked up first, and two writers of the same
        instant may meet.
        """
        put = partial(self._api.put_async, self._store, key, data, use_multipart=False)
        try:
            try:
                await put(mode="create")
            except (NotImplementedError, self._api.exceptions.NotSupportedError):
                if await self.size(key) is not None:
                    raise NameTaken(_TAKEN.format(key)) from None
                await put()
        except self._api.exceptions.AlreadyExistsError:
            raise NameTaken(_TAKEN.format(key)) from None
        except self._api.exceptions.BaseError as error:
            raise self._failed(error) from error

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` to before `end`; see ObjectStore."""
        try:
            found = await self._api.get_async(self._store, key, options={"range": (start, end)})
            waiting, size, least = list[bytes](), 0, 0
            async for piece in found.stream(min_chunk_size=FIRST_BLOCK_BYTES):
                waiting.append(bytes(piece))
                size += len(waiting[-1])
                if size >= least:  # the first one at once, for a player
                    yield b"".join(waiting)
                    waiting, size, least = [], 0, BLOCK_BYTES
            if waiting:
                yield b"".join(waiting)
        except (self._api.exceptions.NotFoundError, FileNotFoundError):
            raise StorageError("the object is not there") from None
        except self._api.exceptions.BaseError as error:
            raise self._failed(error) from error

    async def size(self, key: str) -> int | None:
        """Return how many bytes an object has; None where there is no such object."""
        try:
            head = await self._api.head_async(self._store, key)
        except (self._api.exceptions.NotFoundError, FileNotFoundError):
            return None
        except self._api.exceptions.BaseError as error:
            raise self._failed(error) from error
        return int(head["size"])

    async def delete(self, key: str) -> None:
        """Delete an object."""
        try:
            await self._api.delete_async(self._store, key)
        except (self._api.exceptions.NotFoundError, FileNotFoundError):
            return
        except self._api.exceptions.BaseError as error:
            raise self._failed(error) from error

    async def list(self) -> AsyncIterator[StoredObject]:
        """Yield every object, in no order."""
        try:
            async for some in self._api.list(self._store, chunk_size=_LISTED_AT_ONCE):
                for one in some:
                    yield StoredObject(one["path"], one["size"], one["last_modified"])
        except self._api.exceptions.BaseError as error:
            raise self._failed(error) from error

    async def free_bytes(self) -> int | None:
        """Return None: a bucket has no end."""
        return None

    def _failed(self, error: Exception) -> StorageError:
        words = _WORDS.get(type(error).__name__, "the bucket does not do what is asked")
        return StorageError(f"{words} ({self._url}): {str(error)[:300]}")
