"""Read the archive back, and find what is wrong with it."""

from collections.abc import AsyncIterator
from functools import partial
from uuid import UUID

from tracker.domain.archive import ArchivedRow
from tracker.domain.errors import StorageError
from tracker.domain.retention import KeptClass
from tracker.services.storage import ObjectStore
from tracker.services.upkeep.archiving import read_file
from tracker.store import archives
from tracker.store.archives import ArchiveFile, ArchiveFilter
from tracker.store.store import Store

_AT_ONCE = 500
"""Files of one query."""
FORMAT = "v"
"""Paths of the archive begin with it; what an interrupted write left does not."""


async def iterate_files(store: Store, which: ArchiveFilter) -> AsyncIterator[ArchiveFile]:
    """Yield the files that hold what was dropped, oldest first."""
    after = 0
    while True:
        page = await store.read(
            partial(archives.list_kept, which=which, after=after, limit=_AT_ONCE)
        )
        for one in page:
            yield one
        if len(page) < _AT_ONCE:
            return
        after = page[-1].key


async def iterate_rows(
    store: Store, objects: ObjectStore, which: ArchiveFilter, *, task: UUID | None = None
) -> AsyncIterator[tuple[KeptClass, ArchivedRow]]:
    """Yield archived rows with their class; of one task alone where it is named.

    Raises StorageError where a file is not what was written: its rows are not yielded.
    """
    async for file in iterate_files(store, which):
        for row in await read_file(objects, file):
            # The row of a task is its own.
            if task is None or task in (row.get("task"), row.get("id")):
                yield file.kept_class, row


async def iterate_flaws(store: Store, objects: ObjectStore) -> AsyncIterator[str]:
    """Yield what is wrong: files that are gone or damaged, and those that the database lacks."""
    known = set[str]()
    async for file in iterate_files(store, ArchiveFilter()):
        known.add(file.path)
        try:
            await read_file(objects, file)
        except StorageError as error:
            yield str(error)
    async for found in objects.list():
        if found.key.startswith(FORMAT) and found.key not in known:
            yield f"{found.key} is not in the database: it is of before a restore, or of another"
