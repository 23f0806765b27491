"""Put a backup in place: the file of SQLite, or what a server's own tools have read in."""

import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tracker.clock import make_token
from tracker.domain.manifest import Manifest
from tracker.domain.presence import mark
from tracker.domain.sealing import CannotOpen, unseal
from tracker.domain.signals import CrashPoint, Signal, ignore_signal
from tracker.services.backup.folder import SQLITE_FILE, BackupRefused, sync
from tracker.services.backup.readying import RestoreReadiness
from tracker.store import backup, probe, restoring
from tracker.store.backup import BackupFailed
from tracker.store.driver.engine import find_sqlite_file
from tracker.store.driver.file_note import copy_note, note_path
from tracker.store.migrate import upgrade
from tracker.store.revision import SCHEMA_REVISION

_ASIDE = ".restoring"
"""How the name of a copy ends that is made ready."""
MakeReady = Callable[[str, datetime], Awaitable[RestoreReadiness]]
"""Makes the database of a URL ready (`readying.make_ready`), given when its backup was taken."""


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """Order of a restore.

    source:   the backup's folder.
    url:      of the database that is to hold it.
    secrets:  for callback URLs, as the service will have them.
    is_without_secrets: goes on although not all secrets of the backup are among them.
    keep_secrets: gives them to the service, once nothing is refused any more.
    at:       see domain.signals; crash tests hand one in.
    """

    source: Path
    url: str
    secrets: Sequence[bytes]
    is_without_secrets: bool = False
    keep_secrets: Callable[[], None] = lambda: None
    at: Signal = ignore_signal


async def restore(
    order: RestoreOrder, manifest: Manifest, make_ready: MakeReady
) -> RestoreReadiness:
    """Restore a backup whose files were compared with its manifest.

    Raises BackupRefused: nothing was changed; BackupFailed, DatabaseRefused, Unavailable, OSError:
    a SQLite file is not in its place then. Wherever it ends, the same restore can be run again,
    until the database is ready.
    """
    file = find_sqlite_file(order.url)
    kind = "postgresql" if file is None else "sqlite"
    if manifest.database != kind:
        raise BackupRefused(
            f"DATABASE_URL: the backup is one of {manifest.database}, the database is {kind}"
        )
    if manifest.schema_revision > SCHEMA_REVISION:
        raise BackupRefused(
            f"the backup has schema {manifest.schema_revision}, this version was made for "
            f"{SCHEMA_REVISION}: install the version that made it"
        )
    if manifest.list_missing_secrets([mark(secret) for secret in order.secrets]):
        _refuse_lost_secrets(order)
    if file is None:
        return await _check_readiness(order, order.url, manifest, make_ready)
    return await _restore_file(order, file, manifest, make_ready)


def _refuse_lost_secrets(order: RestoreOrder) -> None:
    if not order.is_without_secrets:
        raise BackupRefused(
            "TRACKER_CALLBACK_SECRETS: a secret is missing that the backup was made with: "
            "callbacks to URLs given out before would be refused, and endpoints' secrets not open. "
            "Set it too, or give it up with --without-secrets"
        )


async def _check_readiness(
    order: RestoreOrder, url: str, manifest: Manifest, make_ready: MakeReady
) -> RestoreReadiness:
    taken_at = manifest.taken_at
    found = backup.find_newest_entry(url) if find_sqlite_file(url) is None else None
    if found is not None:
        taken_at = min(taken_at, found)
    refusal = restoring.explain_refusal(url)
    if refusal is not None:
        raise BackupRefused(f"DATABASE_URL: {refusal}")
    upgrade(url)
    cut = restoring.find_cut(url)
    if cut is not None:
        raise BackupRefused(f"DATABASE_URL: {cut}")
    _check_seals(order, url)
    order.keep_secrets()
    order.at(CrashPoint.RESTORE_SECRETS_KEPT)
    restoring.begin(url, since=taken_at)
    order.at(CrashPoint.RESTORE_BEGUN)
    done = await make_ready(url, taken_at)
    order.at(CrashPoint.RESTORE_READY)
    return done


def _check_seals(order: RestoreOrder, url: str) -> None:
    """Refuse a ring of secrets that does not open what is sealed in the database."""
    for one in probe.list_sealed_secrets(url):
        try:
            unseal(order.secrets, one)
        except CannotOpen:
            _refuse_lost_secrets(order)


async def _restore_file(
    order: RestoreOrder, file: Path, manifest: Manifest, make_ready: MakeReady
) -> RestoreReadiness:
    """Ready a copy beside the place, and then give it the name."""
    _free(file)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in file.parent.glob(f".{file.name}.*{_ASIDE}*"):
        left.unlink()  # of a restore that was killed
    aside = file.with_name(f".{file.name}.{make_token()}{_ASIDE}")
    try:
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        shutil.copyfile(order.source / SQLITE_FILE, aside)
        copy_note(file, aside)  # of the database that was here: its numbers are left out too
        done = await _check_readiness(order, f"sqlite:///{aside.absolute()}", manifest, make_ready)
        if _log_of(aside).exists():
            raise BackupFailed(f"{aside} is still in use")
        sync(aside)
        note_path(aside).replace(note_path(file))
        order.at(CrashPoint.RESTORE_NOTED)
        aside.rename(file)
        sync(file.parent)
        return done
    finally:
        for left in (aside, note_path(aside), _log_of(aside), Path(f"{aside}-shm")):
            left.unlink(missing_ok=True)


def _free(file: Path) -> None:
    """Make sure that nothing is lost by putting a file here. Raises BackupRefused, BackupFailed."""
    if file.exists():
        table = restoring.find_rows(file)
        if table is not None:
            raise BackupRefused(
                f"{file} has rows in {table}: stop the service and move the file away, and leave "
                f"{note_path(file).name} where it is"
            )
    log = _log_of(file)
    if log.exists() and log.stat().st_size:  # of an empty one nothing is left
        raise BackupRefused(
            f"{log} is there: a process uses the file, or died; stop it, and move both "
            "away together"
        )


def _log_of(file: Path) -> Path:
    return Path(f"{file}-wal")
