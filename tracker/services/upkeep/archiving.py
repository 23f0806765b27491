"""Write what is dropped to the archive before it goes, and read it back.

Files are begun in the database, written, read back, and only then are their rows dropped, in the
transaction that says so. A process that dies in between leaves files that are begun: whoever has
the chore's lease next gives them up and deletes them, and writes the rows anew under other names.
No two files have one name, also not those of a copy of the database that shares the archive: else
a file that was begun here and written there would be deleted here.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from hashlib import sha256

from tracker.clock import make_token
from tracker.domain import archive
from tracker.domain.archive import ArchivedRow
from tracker.domain.errors import StorageError
from tracker.domain.retention import KeptClass
from tracker.domain.signals import CrashPoint
from tracker.objects import parquet
from tracker.services.context import Context
from tracker.services.counted import iterate_whole
from tracker.services.storage import ObjectStore
from tracker.services.upkeep.retention_lease import RetentionLease
from tracker.store import archived_rows, archives
from tracker.store.archived_rows import Marks, WrittenRows
from tracker.store.archives import ArchiveFile
from tracker.store.driver.transaction import Tx
from tracker.store.store import Reading

BODY_BYTES = 32 * 1024**2
"""Bytes of bodies that are in hand at once."""


class Archiver:
    """Writes files for the holder of a chore's lease."""

    def __init__(self, context: Context, objects: ObjectStore, lease: RetentionLease) -> None:
        """lease: under which rows are dropped."""
        self._context = context
        self._objects = objects
        self._lease = lease

    async def write(
        self, kept_class: KeptClass, choose: Callable[[Reading], Sequence[int]]
    ) -> WrittenRows | None:
        """Write rows; None where another process has the lease. Raises StorageError.

        choose: returns the keys of rows of the class, in their order.
        """

        def read(db: Reading) -> tuple[Sequence[int], Marks, list[ArchivedRow]]:
            keys = choose(db)
            # Marks first: what changes in between is found when the rows are to be dropped.
            found = archived_rows.list_marks(db, kept_class, keys)
            return keys, found, archived_rows.list_rows(db, kept_class, keys)

        keys, marks, rows = await self._context.store.read(read)
        made = await asyncio.to_thread(self._list_files, kept_class, rows)
        if not made:
            return WrittenRows(keys, marks, [])
        if not await self._context.store.write(self._begin, [file for file, _ in made]):
            return None
        self._context.at(CrashPoint.ARCHIVE_BEGUN)
        for file, data in made:
            await self._objects.put(file.path, iterate_whole(data))
            await read_file(self._objects, file)
        self._context.at(CrashPoint.ARCHIVE_WRITTEN)
        return WrittenRows(keys, marks, [file.path for file, _ in made])

    async def clean(self) -> None:
        """Give up what was begun and not kept, by whomever, and delete it. Raises StorageError."""
        store = self._context.store
        for path in (voided := await store.write(self._void, None)):
            await self._objects.delete(path)
        if voided:
            await store.write(_clear, voided)

    def _list_files(
        self, kept_class: KeptClass, rows: Sequence[ArchivedRow]
    ) -> list[tuple[ArchiveFile, bytes]]:
        """Return what is to be written, by tenant and day."""
        groups: dict[tuple[str, date], list[ArchivedRow]] = defaultdict(list)
        for row in rows:
            groups[row["tenant"], row["day"].date()].append(row)
        is_parquet = self._context.archives_parquet
        encoded = parquet.encode_rows if is_parquet else archive.encode_rows
        suffix = parquet.SUFFIX if is_parquet else archive.SUFFIX
        found = []
        for (tenant, day), some in sorted(groups.items()):
            data = encoded(kept_class, some)
            keys = (some[0]["key"], some[-1]["key"])
            path = archive.build_path(kept_class, tenant, day, keys, make_token()[:8]) + suffix
            digest = sha256(data).digest()
            file = ArchiveFile(0, tenant, kept_class, day, path, len(some), len(data), digest)
            found.append((file, data))
        return found

    def _begin(self, tx: Tx, asked: Sequence[Sequence[ArchiveFile]]) -> list[bool]:
        if not self._lease.renew(tx):
            return [False] * len(asked)
        for files in asked:
            archives.begin(tx.db, files, now=tx.now)
        return [True] * len(asked)

    def _void(self, tx: Tx, asked: Sequence[None]) -> list[list[str]]:
        """Set-based: return the files to be deleted; none where another has the lease."""
        if not self._lease.renew(tx):
            return [[] for _ in asked]
        archives.void_begun(tx.db, now=tx.now)
        return [archives.void(tx.db)] * len(asked)


def keep(
    tx: Tx, chosen: Mapping[KeptClass, Sequence[int]], written: Mapping[KeptClass, WrittenRows]
) -> bool:
    """Say that rows are dropped whose files are written; nothing, and False, where any is another.

    chosen: keys of the rows that are dropped, which nothing else changes until the commit.
    """
    for kept_class, one in written.items():
        keys = chosen[kept_class]
        if list(keys) != list(one.keys):
            return False
        if archived_rows.list_marks(tx.db, kept_class, keys) != one.marks:
            return False
    paths = [path for one in written.values() for path in one.paths]
    return archives.keep(tx.db, paths, now=tx.now)


def _clear(tx: Tx, cleared: Sequence[Sequence[str]]) -> list[None]:
    for paths in cleared:
        archives.clear(tx.db, paths, now=tx.now)
    return [None] * len(cleared)


async def read_file(objects: ObjectStore, file: ArchiveFile) -> list[ArchivedRow]:
    """Return the rows of a file. Raises StorageError where it is not what was written."""
    size = await objects.get_size(file.path)
    if size != file.size:
        there = "is not there" if size is None else f"has {size} bytes and not {file.size}"
        raise StorageError(f"{file.path} {there}")
    data = b"".join([block async for block in objects.read(file.path, 0, file.size)])
    return await asyncio.to_thread(_check_file, file, data)


def _check_file(file: ArchiveFile, data: bytes) -> list[ArchivedRow]:
    if sha256(data).digest() != file.sha256:
        raise StorageError(f"{file.path} is not what was written: its SHA-256 is another")
    read = parquet.decode_rows if file.path.endswith(parquet.SUFFIX) else archive.decode_rows
    try:
        rows = list(read(file.kept_class, data))
    except StorageError as error:
        raise StorageError(f"{file.path} cannot be read: {error}") from error
    if len(rows) != file.rows:
        raise StorageError(f"{file.path} has {len(rows)} rows and not {file.rows}")
    return rows
