"""Find what is wrong with a database that answers: its engine, settings, disk, upkeep and work."""

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from tracker.cli.doctor.finding import Finding
from tracker.cli.shared import find_database_setting
from tracker.clock import SystemClock
from tracker.domain.errors import Unavailable
from tracker.settings import Settings
from tracker.store.closed_tables import describe_closed
from tracker.store.conditions import (
    CHORE_BEHIND,
    CHORE_FAILING,
    CLOCK_SKEW,
    NO_WORKER,
    SECRETS_DIFFER,
)
from tracker.store.driver.engine import find_sqlite_file
from tracker.store.probe import NO_ROW_LOCKS
from tracker.store.server_health import DatabaseFacts, ServerFacts, examine
from tracker.store.server_state import LOG
from tracker.store.sizes import FAR_BEHIND
from tracker.store.store import READERS

SQLITE_SAFE = (3, 51, 3)
"""Before it, a commit beside two checkpoints can damage the file, very rarely: the library's
"WAL-reset bug" (https://www.sqlite.org/wal.html, read 2026-11-29)."""
NETWORK_FILE_SYSTEMS = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "vboxsf", "virtiofs"),
    }
)
"""SQLite's log needs memory that all its processes share, and locks that are kept."""
VANISHING_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs"})
DAYS = 3.0
"""Fewer days of growth than these are an error."""
OLD_SNAPSHOT_S = 600.0
LARGE_LOG_BYTES = 256 * 1024**2
SLOW_STANDBY_S = 60.0
LEFT_S = 60.0
"""A lease that ran out is taken over within seconds where a worker works."""
MANY_DEAD = 10_000
"""Dead rows of a table below which nothing is said."""
OLD_XID = 1_000_000_000
"""Half of the way to where the server takes no more writes."""
SAID_ELSEWHERE = frozenset({NO_WORKER, SECRETS_DIFFER, CLOCK_SKEW, CHORE_BEHIND, CHORE_FAILING})
"""Conditions that are looked at anew."""
MOUNTS = Path("/proc/mounts")


def examine_server(
    settings: Settings, *, mounts: Path = MOUNTS, old_s: float = OLD_SNAPSHOT_S
) -> list[Finding]:
    """Return what is wrong with a database whose schema fits, and with the work in it.

    mounts: the system's list. old_s: seconds after which a snapshot is old.
    """
    url = settings.resolve_database_url()
    try:
        facts = examine(url, SystemClock())
    except Unavailable as error:
        return [Finding("error", "database", str(error))]
    file = find_sqlite_file(url)
    found = [*_examine_both(facts)]
    if file is not None:
        found += _check_writable(file)
        place = find_database_setting(settings)
        found += _check_sqlite(facts, _find_file_system(file.absolute(), mounts), place)
    if facts.server is not None:
        found += _check_postgresql(facts.server, settings.web_concurrency, old_s)
    return found


def _examine_both(facts: DatabaseFacts) -> Iterator[Finding]:
    if facts.free is not None and facts.daily > 0:
        days = facts.free / facts.daily
        if days < DAYS:
            text = (
                f"full in {days:.1f} days at the pace of the last one; callbacks are then answered "
                "503. Enlarge it, or keep less: see `tracker retention plan`"
            )
            yield Finding("error", "disk", text)
    if facts.damage is not None:
        yield Finding("error", "database", facts.damage)
    if facts.lacking:
        text = (
            f"{', '.join(facts.lacking)} is missing: somebody changed the tables by hand, and all "
            "that needs it fails. Put it back, or restore a backup"
        )
        yield Finding("error", "tables", text)
    for name, statements in facts.missing.items():
        text = (
            f"index {name} is missing or unfinished: what it is for reads the whole table. Run "
            f"`{statements}`"
        )
        yield Finding("error", "indexes", text)
    count, since = facts.left
    if since is not None and facts.now - since > timedelta(seconds=LEFT_S):
        text = (
            f"{count} leases ran out and nobody took their work over: a worker died and none "
            "works now. Start `tracker worker`"
        )
        yield Finding("error", "leases", text)
    for name, count in facts.behind.items():
        if count > FAR_BEHIND:
            text = (
                f"the chore {name} is {count} entries behind: figures or old data are not up to "
                "date. See the workers' logs, and start another `tracker worker`"
            )
            yield Finding("error", "chores", text)
    for id_, at in facts.failing:
        text = (
            f"endpoint {id_} has taken nothing since {at:%F %R}: its deliveries pile up. Ask its "
            f"owner, or run `tracker endpoints pause {id_}`"
        )
        yield Finding("error", "endpoints", text)
    for one in facts.conditions:
        if one.name not in SAID_ELSEWHERE:
            about = f"{one.provider}/{one.account}" if one.provider else one.name
            yield Finding("error", about, one.reason)


def _check_writable(file: Path) -> Iterator[Finding]:
    """Look whether this user may write a file and its log, which SQLite makes beside it."""
    for path in (file, file.absolute().parent, *(Path(f"{file}{end}") for end in ("-wal", "-shm"))):
        if os.access(path, os.F_OK) and not os.access(path, os.W_OK):
            text = (
                f"{path} may not be written by this user, or its file system is read-only: "
                "callbacks are answered 503. Mend its owner, its mode (`chmod u+w`) or the mount"
            )
            yield Finding("error", "database", text)
            return  # the others have the same cause


def _check_sqlite(facts: DatabaseFacts, file_system: str | None, place: str) -> Iterator[Finding]:
    """Examine a file. place: the setting that leads to it."""
    if tuple(int(part) for part in facts.version.split(".")) < SQLITE_SAFE:
        text = (
            f"SQLite {facts.version} is older than 3.51.3: a commit beside two checkpoints can, "
            "very rarely, damage the file. Use a Python with a newer SQLite, or PostgreSQL; "
            "`python -c 'import sqlite3; print(sqlite3.sqlite_version)'` shows it"
        )
        yield Finding("note", "SQLite", text)
    if file_system in NETWORK_FILE_SYSTEMS:
        text = (
            f"the file lies on {file_system}, where SQLite's log and locks do not work: it will be "
            "damaged. Move it to a local disk, or use PostgreSQL"
        )
        yield Finding("error", place, text)
    if file_system in VANISHING_FILE_SYSTEMS:
        text = f"the file lies on {file_system}, which a restart empties: move it to a disk"
        yield Finding("note", place, text)
    log = facts.sizes.get(LOG, 0)
    if log > LARGE_LOG_BYTES:
        text = (
            f"its log has {log // 1024**2} MB: a reader holds an old snapshot, and all becomes "
            "slower. Find it with `fuser` on the file, and end it"
        )
        yield Finding("note", "snapshot", text)


def _check_postgresql(server: ServerFacts, processes: int, old_s: float) -> Iterator[Finding]:
    if not server.has_row_locks:
        yield Finding("error", "database", NO_ROW_LOCKS)
    yield from _check_settings(server.settings)
    if not server.is_pooled:
        yield from _check_connections(server, max(processes, server.processes))
    if server.closed:
        yield Finding("error", "tables", describe_closed(server.closed))
    if not server.sees_all:
        text = (
            "other users' sessions are not shown to this user, nor standbys: run "
            "`GRANT pg_read_all_stats TO` it"
        )
        yield Finding("note", "database", text)
    if server.snapshot.age_s > old_s:
        text = (
            f"a transaction is open for {server.snapshot.age_s / 60:.0f} minutes, of "
            f"{server.snapshot.holder}: dead rows stay, and all becomes slower. End it: "
            f"`{server.snapshot.end}`"
        )
        yield Finding("error", "snapshot", text)
    yield from _check_standbys(server)
    yield from _check_kept_log(server)
    yield from _check_dead_rows(server)


def _check_settings(settings: Mapping[str, str]) -> Iterator[Finding]:
    """Check settings as a connection's second transaction has them: behind a pooler, too."""
    for name in ("fsync", "full_page_writes"):
        if settings[name] != "on":
            text = (
                f"{name} is off: a power cut damages the database. Run "
                f"`ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf()`"
            )
            yield Finding("error", "database", text)
    if settings["autovacuum"] != "on":
        text = (
            "autovacuum is off: tables grow and all becomes slower. Run "
            "`ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf()`"
        )
        yield Finding("error", "database", text)
    if settings["track_counts"] != "on":
        text = (
            "track_counts is off: autovacuum sees no dead rows, tables grow and all becomes "
            "slower. As a superuser, run `ALTER SYSTEM SET track_counts = on; "
            "SELECT pg_reload_conf()`, and `ALTER ROLE … RESET track_counts` for the user in "
            "DATABASE_URL"
        )
        yield Finding("error", "database", text)
    if settings["log_statement"] in ("mod", "all") and settings["log_parameter_max_length"] != "0":
        text = (
            f"log_statement is {settings['log_statement']}: prompts, callbacks and results lie in "
            "the server's log. Run `ALTER SYSTEM SET log_parameter_max_length = 0; "
            "SELECT pg_reload_conf()`"
        )
        yield Finding("note", "database", text)
    if settings["synchronous_commit"] == "off":
        text = (
            "synchronous_commit is off on a second transaction: what was acknowledged can be lost. "
            "Run `ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf()`"
        )
        yield Finding("error", "database", text)
    if settings["transaction_isolation"] != "read committed":
        text = (
            f"transactions are {settings['transaction_isolation']}: writes fail beside each other. "
            "As the user in DATABASE_URL, run `ALTER ROLE CURRENT_USER SET "
            "default_transaction_isolation = 'read committed'`"
        )
        yield Finding("error", "database", text)
    if settings["transaction_read_only"] == "on":
        text = (
            "it takes no writes: a standby, or default_transaction_read_only. Name the primary in "
            "DATABASE_URL"
        )
        yield Finding("error", "database", text)


def _check_connections(server: ServerFacts, processes: int) -> Iterator[Finding]:
    """Hold what processes may open against what the server gives.

    processes: those that run on the database, and at least those that these settings start.
    """
    needed, settings = processes * (READERS + 2), server.settings
    given = int(settings["max_connections"]) - int(settings["superuser_reserved_connections"])
    limit = server.most_connections
    if limit is not None and needed > limit:
        text = (
            f"{processes} processes need {needed} connections and our user may open {limit}: some "
            "will not start. As a superuser, run `ALTER ROLE … CONNECTION LIMIT -1` and "
            "`ALTER DATABASE … CONNECTION LIMIT -1`"
        )
        yield Finding("error", "connections", text)
    if needed > given:
        text = (
            f"{processes} processes need {needed} connections and the server gives {given}: some "
            f"will not start. Run `ALTER SYSTEM SET max_connections = {needed * 2}` and restart it"
        )
        yield Finding("error", "connections", text)


def _check_standbys(server: ServerFacts) -> Iterator[Finding]:
    names = server.settings["synchronous_standby_names"]
    if names and server.sees_all and not any(one.is_sync for one in server.standbys):
        text = (
            f"synchronous_standby_names is {names}, and no such standby is connected: every commit "
            "waits and callbacks are answered 503. Start it, or run `ALTER SYSTEM SET "
            "synchronous_standby_names = ''; SELECT pg_reload_conf()`"
        )
        yield Finding("error", "standbys", text)
    if names and server.settings["synchronous_commit"] == "local":
        text = (
            "synchronous_commit is local: commits do not wait for the standbys of "
            "synchronous_standby_names, and what was acknowledged is lost with the server. As the "
            "user in DATABASE_URL, run `ALTER ROLE CURRENT_USER SET synchronous_commit = on`"
        )
        yield Finding("error", "standbys", text)
    for one in server.standbys:
        if one.lag_s > SLOW_STANDBY_S:
            text = (
                f"{one.name} is {one.lag_s:.0f} s behind or frozen: a failover to it loses as "
                "much. Look at its log, network and disk; pg_stat_replication shows it"
            )
            yield Finding("error", "standbys", text)


def _check_kept_log(server: ServerFacts) -> Iterator[Finding]:
    """Find what keeps the server from removing its log, until its disk is full."""
    for name, size in server.slots.items():
        if size > LARGE_LOG_BYTES:
            text = (
                f"the replication slot {name} is read by nobody and keeps {size // 1024**2} MB of "
                "the server's log, until its disk is full. Start its reader, or run "
                f"`SELECT pg_drop_replication_slot('{name}')`"
            )
            yield Finding("error", "standbys", text)
    if server.unarchived_since is not None:
        text = (
            f"the server failed to archive its log at {server.unarchived_since:%F %R}: a restore "
            "ends before that, and the log stays until its disk is full. Mend what "
            "archive_command names; the server's own messages say what it answered"
        )
        yield Finding("error", "database", text)


def _check_dead_rows(server: ServerFacts) -> Iterator[Finding]:
    for table in server.uncleaned:
        text = (
            f"autovacuum leaves {table} alone: it grows and all becomes slower. Run "
            f"`ALTER TABLE {table} RESET (autovacuum_enabled)`"
        )
        yield Finding("error", "vacuum", text)
    for one in server.tables:
        if one.dead > max(MANY_DEAD, one.live):
            cleaned = "—" if one.cleaned_at is None else f"{one.cleaned_at:%F %R}"
            text = (
                f"{one.table} has {one.dead} dead rows beside {one.live}, last cleaned: {cleaned}. "
                f"Looks for work become slow: end old snapshots, then run `VACUUM {one.table}`"
            )
            yield Finding("error", "vacuum", text)
    if server.xid_age > OLD_XID:
        text = (
            f"its oldest row is {server.xid_age} transactions old; at 2 billion the server takes "
            "no more writes. Run `vacuumdb --freeze`"
        )
        yield Finding("error", "vacuum", text)


def _find_file_system(file: Path, mounts: Path) -> str | None:
    """Return the type of the file system that a file lies on; None where the system lists none.

    https://man7.org/linux/man-pages/man5/fstab.5.html, read 2026-11-29.
    """
    if not mounts.exists():
        return None
    found: tuple[int, str] | None = None
    for line in mounts.read_text().splitlines():
        _, point, kind, *_ = line.split(" ")
        place = Path(point.encode().decode("unicode_escape"))
        if place in file.parents and len(place.parts) >= (found or (0, ""))[0]:
            found = len(place.parts), kind
    return None if found is None else found[1]
