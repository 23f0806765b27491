"""The dependencies of custody: where objects are stored, and the way to where files lie."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tracker.domain.custody import Custody, StoredObject
from tracker.domain.errors import StorageError
from tracker.domain.exchange import HttpFailure, HttpStream

log = logging.getLogger(__name__)


class ObjectStore(Protocol):
    """The place where bytes are kept, in a folder or on S3. A write is whole or leaves nothing.

    Every method raises StorageError where the store does not do what is asked.
    """

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], *, once: bool = False
    ) -> str | None:
        """Keep what the chunks hold, on disk when it returns. What they raise is raised.

        once: the bytes are nowhere else, so that what is refused for now is tried for longer, or
            waits elsewhere.
        Returns where it waits and why; None: it is in the store.
        """
        ...

    def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` to before `end`."""
        ...

    async def get_size(self, key: str) -> int | None:
        """Return how many bytes an object has; None where there is no such object."""
        ...

    async def delete(self, key: str) -> None:
        """Delete an object. One that is not there is deleted already."""
        ...

    def list(self) -> AsyncIterator[StoredObject]:
        """Yield every object, in no order, and what interrupted writes have left."""
        ...

    async def free_bytes(self) -> int | None:
        """Return how much more fits; None where that is unknown."""
        ...


class FileSpool(Protocol):
    """Files of this machine that wait for a store."""

    def list_waiting(self) -> AsyncIterator[StoredObject]:
        """Yield them."""
        ...

    async def hand_on(self, key: str) -> None:
        """Have the store take one, and let it wait on. Raises StorageError."""
        ...

    async def forget(self, key: str) -> None:
        """Let one wait no more: the store has it."""
        ...


class Downloads(Protocol):
    """The guarded way to files: every address is checked, and again after each redirect."""

    async def open_file(
        self, url: str, headers: Mapping[str, str], secrets: Mapping[str, Mapping[str, str]]
    ) -> HttpStream | HttpFailure:
        """Ask for a file. secrets: further headers by host, for that host alone."""
        ...


@dataclass(slots=True)
class StoreHealth:
    """How the store took the last file of this process.

    reason:   why it did not; None: it did.
    refusals: how many files it did not take.
    """

    reason: str | None = None
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Storage:
    """Everything that a process needs to keep files.

    spooled: where files of answers wait while the store takes none; None: they do not.
    """

    rules: Custody
    objects: ObjectStore = field(repr=False)
    downloads: Downloads = field(repr=False)
    health: StoreHealth = field(default_factory=StoreHealth)
    spooled: FileSpool | None = field(default=None, repr=False)

    async def put(
        self, key: str, chunks: AsyncIterator[bytes], *, once: bool = False
    ) -> str | None:
        """Keep what the chunks hold, and remember whether the store took it; see ObjectStore."""
        try:
            reason = await self.objects.put(key, chunks, once=once)
        except StorageError as error:
            self.health.reason = str(error)
            self.health.refusals += 1
            raise
        self.health.reason = reason
        self.health.refusals += reason is not None
        return reason

    async def delete_unnamed(self, key: str) -> None:
        """Delete an object that no row names any more; what stays, the next sweep finds."""
        try:
            await self.objects.delete(key)
        except StorageError as error:
            log.warning(
                "a file stays until the next sweep: %(file)s: %(reason)s",
                {"file": key, "reason": error},
            )
