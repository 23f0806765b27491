"""Explain the processes that run on the database: whether they are there and fit together."""

from collections.abc import Iterator
from datetime import timedelta

from tracker.cli.doctor.finding import Finding
from tracker.clock import SystemClock
from tracker.domain import presence
from tracker.domain.errors import Unavailable
from tracker.domain.presence import GONE_LEASES
from tracker.domain.sealing import CannotOpen, unseal
from tracker.settings import Settings
from tracker.store.probe import RecordedState, look_around

SKEW_MS = 1000
"""Half of what raises the condition: to be mended before it does."""


def examine_processes(settings: Settings) -> list[Finding]:
    """Return what is missing or does not fit among the processes on a database that fits."""
    silent = timedelta(seconds=settings.tracker_lease_s * GONE_LEASES)
    marks = [presence.mark(secret) for secret in settings.list_callback_secrets()]
    url = settings.resolve_database_url()
    try:
        found = look_around(url, SystemClock(), marks, silent=silent)
    except Unavailable as error:
        return [Finding("error", "database", str(error))]
    notes = [] if found.newer is None else [Finding("note", "database", found.newer)]
    return [*notes, *_check_running(found), *_check_secrets(settings, found)]


def _check_running(found: RecordedState) -> Iterator[Finding]:
    if not found.running:
        yield Finding("note", "processes", "none runs on this database now: start `tracker serve`")
    elif not any(process.is_worker for process in found.running):
        yield Finding("error", "processes", presence.NO_WORKER)
    else:
        yield Finding(
            "ok", "processes", f"{len(found.running)} run, and the background work is done"
        )
    workers = [process.failing for process in found.running if process.is_worker]
    for text in presence.describe_failing_chores(workers):
        yield Finding("error", "chores", text)
    ahead_ms = [found.ahead_ms, *(process.ahead_ms for process in found.running)]
    off = presence.describe_skew(ahead_ms, most_ms=SKEW_MS)
    if off is not None:
        yield Finding("error", "clock", off)


def _check_secrets(settings: Settings, found: RecordedState) -> Iterator[Finding]:
    about, secrets = "TRACKER_CALLBACK_SECRETS", settings.list_callback_secrets()
    rings = [[presence.mark(secret) for secret in secrets]]
    rings += [list(process.secret_marks) for process in found.running]
    if presence.differ(rings):
        yield Finding("error", about, presence.SECRETS_DIFFER)
    if found.lost:
        yield Finding("error", about, presence.RING_LACKS)
    closed = sum(not _is_opened(secrets, sealed) for sealed in found.sealed)
    if closed:
        text = (
            f"the secrets of {closed} endpoints were sealed with one that is not among these: "
            "their deliveries wait. Put it back as a further one"
        )
        yield Finding("error", about, text)


def _is_opened(secrets: tuple[bytes, ...], sealed: bytes) -> bool:
    try:
        unseal(secrets, sealed)
    except CannotOpen:
        return False
    return True
