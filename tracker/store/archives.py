"""Statements on `archives`: the files of the archive, and how far they are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, insert, select, text, update

from tracker.domain.archive import ArchiveState
from tracker.domain.retention import KeptClass
from tracker.store import feed_head
from tracker.store.schema import UNFINISHED, archives
from tracker.store.tolerant import read_member


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file of the archive.

    day:  the end of its tasks, or the time of rows of no task.
    path: below the archive's folder or prefix.
    rows: how many it holds. size: bytes.
    """

    key: int
    tenant: str
    kept_class: KeptClass
    day: date
    path: str
    rows: int
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class ArchiveFilter:
    """Which files are meant; None for all."""

    kept_class: KeptClass | None = None
    tenant: str | None = None
    day: date | None = None


def begin(db: Connection, files: Sequence[ArchiveFile], *, now: datetime) -> None:
    """Say that files are about to be written, by this database. Their keys are not looked at."""
    origin = feed_head.find_origin(db)
    rows = [
        {
            "tenant": one.tenant,
            "kept_class": one.kept_class.value,
            "day": one.day.isoformat(),
            "path": one.path,
            "rows": one.rows,
            "bytes": one.size,
            "sha256": one.sha256,
            "state": ArchiveState.BEGUN.value,
            "changed_at": now,
            "origin": origin,
        }
        for one in files
    ]
    db.execute(insert(archives), rows)


def keep(db: Connection, paths: Collection[str], *, now: datetime) -> bool:
    """Say that rows of files are dropped; False where not all of the files stand as begun."""
    begun = update(archives).where(
        archives.c.path.in_(paths), archives.c.state == ArchiveState.BEGUN.value
    )
    kept = begun.values(state=ArchiveState.KEPT.value, changed_at=now)
    return db.execute(kept).rowcount == len(paths)


def void_begun(db: Connection, *, now: datetime) -> None:
    """Give up files that were begun: their rows are written anew, to others."""
    begun = update(archives).where(text(UNFINISHED), archives.c.state == ArchiveState.BEGUN.value)
    db.execute(begun.values(state=ArchiveState.VOID.value, changed_at=now))


def void(db: Connection) -> list[str]:
    """Return the paths of files that are to be deleted: of those alone that this database began.

    One that was copied, or restored from a backup, knows files as begun whose rows were dropped
    since where it came from: they are the last that is left of them.
    """
    found = select(archives.c.path).where(
        text(UNFINISHED),
        archives.c.state == ArchiveState.VOID.value,
        archives.c.origin == feed_head.find_origin(db),
    )
    return list(db.scalars(found.order_by(archives.c.key)))


def clear(db: Connection, paths: Collection[str], *, now: datetime) -> None:
    """Say that files were deleted."""
    gone = update(archives).where(
        archives.c.path.in_(paths), archives.c.state == ArchiveState.VOID.value
    )
    db.execute(gone.values(state=ArchiveState.CLEARED.value, changed_at=now))


def list_kept(
    db: Connection, which: ArchiveFilter, *, after: int = 0, limit: int | None = None
) -> list[ArchiveFile]:
    """Return the files that hold what was dropped, in the order in which they were begun."""
    table = archives.c
    columns = (table.key, table.tenant, table.kept_class, table.day, table.path)
    found = select(*columns, table.rows, table.bytes, table.sha256).where(
        table.state == ArchiveState.KEPT.value, table.key > after
    )
    if which.kept_class is not None:
        found = found.where(table.kept_class == which.kept_class.value)
    if which.tenant is not None:
        found = found.where(table.tenant == which.tenant)
    if which.day is not None:
        found = found.where(table.day == which.day.isoformat())
    return [
        ArchiveFile(
            row.key,
            row.tenant,
            read_member(KeptClass, row.kept_class),
            date.fromisoformat(row.day),
            row.path,
            row.rows,
            row.bytes,
            bytes(row.sha256),
        )
        for row in db.execute(found.order_by(table.key).limit(limit))
    ]


def find_newest(db: Connection) -> datetime | None:
    """Return when rows were last dropped whose file is kept; None: never."""
    kept_at = select(func.max(archives.c.changed_at)).where(
        archives.c.state == ArchiveState.KEPT.value
    )
    found: datetime | None = db.scalar(kept_at)
    return found
