"""Make a backup: a checked copy of a SQLite database, or the manifest beside a server's dump."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tracker import __version__
from tracker.clock import Clock
from tracker.config.kept_secrets import SECRETS_FILE, write_private
from tracker.domain import manifest
from tracker.domain.manifest import Manifest
from tracker.domain.presence import mark
from tracker.domain.signals import CrashPoint, Signal, ignore_signal
from tracker.services.backup.folder import (
    DUMP_FILE,
    MANIFEST,
    SQLITE_FILE,
    BackupRefused,
    digest,
    open_aside,
)
from tracker.store import backup
from tracker.store.backup import BackupFailed
from tracker.store.driver.engine import find_sqlite_file

_DUMP_BEGINS = b"PGDMP"
"""The first bytes of a dump in pg_dump's custom format
(https://github.com/postgres/postgres, src/bin/pg_dump/pg_backup_archiver.c, read 2026-11)."""


@dataclass(frozen=True, slots=True)
class BackupOrder:
    """Order of a backup.

    url:          of the database.
    secrets:      for callback URLs; the manifest has their marks alone.
    with_secrets: whether the secrets themselves are written into the backup.
    dump:         a file that pg_dump has written; None for a SQLite file, and where the server's
                  own backup holds the data.
    """

    url: str
    secrets: Sequence[bytes]
    with_secrets: bool = False
    dump: Path | None = None


def make(
    order: BackupOrder, destination: Path, clock: Clock, at: Signal = ignore_signal
) -> Manifest:
    """Make a backup in a folder that does not exist yet, while the service runs.

    at: see domain.signals; crash tests hand one in.
    Raises BackupRefused, BackupFailed when the database cannot be read or is damaged, OSError.
    """
    file = find_sqlite_file(order.url)
    _refuse_misfits(order, file)
    started_at = clock.now()  # what is committed from here on may be missing
    with open_aside(destination, at) as aside:
        url = order.url
        if file is not None:
            copied = aside / SQLITE_FILE
            os.close(os.open(copied, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            backup.copy(file, copied)
            url = f"sqlite:///{copied.absolute()}"
        elif order.dump is not None:
            shutil.copyfile(order.dump, aside / DUMP_FILE)
        at(CrashPoint.BACKUP_COPIED)
        if order.with_secrets:
            write_private(aside / SECRETS_FILE, b"\n".join(order.secrets) + b"\n")
        made = _describe(order, url, aside, started_at)
        write_private(aside / MANIFEST, manifest.write_manifest(made))
    return made


def _refuse_misfits(order: BackupOrder, file: Path | None) -> None:
    if file is not None and order.dump is not None:
        raise BackupRefused("--dump is for PostgreSQL: this database is a file, which is copied")
    if file is not None and not file.is_file():
        raise BackupRefused(f"DATABASE_URL: there is no {file}")
    if order.dump is not None:
        with order.dump.open("rb") as opened:
            if opened.read(len(_DUMP_BEGINS)) != _DUMP_BEGINS:
                raise BackupRefused(f"{order.dump} is no dump of `pg_dump --format=custom`")


def _describe(order: BackupOrder, url: str, aside: Path, started_at: datetime) -> Manifest:
    found = backup.examine(url)
    if found.flaws:
        more = f" (and {len(found.flaws) - 1} more)" if len(found.flaws) > 1 else ""
        raise BackupFailed(f"the database is damaged: {found.flaws[0]}{more}")
    taken_at = started_at
    if order.dump is not None:
        # The dump is older than this look at the database; what it holds, only it knows.
        taken_at = min(taken_at, found.newest_at or taken_at)
    return Manifest(
        version=__version__,
        taken_at=taken_at,
        database="sqlite" if find_sqlite_file(order.url) is not None else "postgresql",
        schema_revision=found.schema.revision or "",
        feed_seq=found.seq,
        feed_origin=found.origin,
        secret_marks=[mark(secret) for secret in order.secrets],
        histories=found.histories,
        files={file.name: digest(file) for file in sorted(aside.iterdir())},
    )
