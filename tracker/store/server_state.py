"""Size and state of the database as such: for gauges and `tracker doctor`.

Of PostgreSQL it is read in its statistics views (https://www.postgresql.org/docs/current/
monitoring-stats.html, read 2026-11-29), which show other users' sessions to members of
`pg_read_all_stats` alone. No look grows with the rows that there are.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from tracker.store.driver.dialect import get_dialect
from tracker.store.schema import metadata

WHOLE, LOG = "all", "wal"
"""Names under which SQLite's file and its log are shown: the size of a table would be a scan."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A transaction that keeps rows from being cleaned away.

    age_s: since it began. holder: who has it, for people. end: the command that ends it.
    """

    age_s: float
    holder: str
    end: str


@dataclass(frozen=True, slots=True)
class Standby:
    """A standby that is connected.

    lag_s: how long what it has not replayed is old; 0 when it has everything.
    is_sync: whether commits wait for it.
    """

    name: str
    lag_s: float
    is_sync: bool


def measure_tables(db: Connection) -> dict[str, int]:
    """Return the size of each of our tables with its indexes; of SQLite's file and its log."""
    if get_dialect(db).has_server:
        found = db.execute(_TABLE_BYTES, {"ours": sorted(metadata.tables)})
        return {name: int(size) for name, size in found}
    file = find_file(db)
    whole = db.exec_driver_sql("PRAGMA page_count").scalar_one() * _read_page_bytes(db)
    log = Path(f"{file}-wal")
    return {WHOLE: int(whole), LOG: log.stat().st_size if log.exists() else 0}


def find_file(db: Connection) -> Path:
    """Return the file of a SQLite database."""
    return Path(db.exec_driver_sql("PRAGMA database_list").one().file)


def free_bytes(db: Connection) -> int | None:
    """Return how much room the database's disk has; None where it is not this machine's to see.

    A PostgreSQL server on this machine shows its folder to members of `pg_read_all_settings`.
    """
    if not get_dialect(db).has_server:
        return shutil.disk_usage(find_file(db).parent).free
    found = db.execute(_LOCAL_FOLDER).scalar_one_or_none()
    if found is None or not Path(found).exists():
        return None
    return shutil.disk_usage(found).free


def find_oldest_snapshot(db: Connection) -> Snapshot | None:
    """Return the oldest transaction besides our own that is to be seen; None for SQLite.

    Age 0 where there is none.
    """
    if not get_dialect(db).has_server:
        return None
    found = db.execute(_OLDEST_SNAPSHOT).one_or_none()
    return Snapshot(0.0, "", "") if found is None else Snapshot(*found)


def list_standbys(db: Connection) -> Sequence[Standby]:
    """Return the standbys that are connected and may be seen."""
    if not get_dialect(db).has_server:
        return []
    return [Standby(*row) for row in db.execute(_STANDBYS)]


def find_engine_version(db: Connection) -> tuple[str, str]:
    """Return what kind of database it is, and its version; of SQLite its library's."""
    version = db.dialect.server_version_info or ()
    name = "postgresql" if get_dialect(db).has_server else "sqlite"
    return name, ".".join(map(str, version))


def list_missing_indexes(db: Connection) -> list[str]:
    """Return the indexes of the schema that are not there, or that were not finished."""
    is_server = get_dialect(db).has_server
    there = set(db.scalars(_VALID_INDEXES if is_server else _SQLITE_INDEXES))
    wanted = {str(index.name) for table in metadata.tables.values() for index in table.indexes}
    return sorted(wanted - there)


def list_missing_columns(db: Connection) -> list[str]:
    """Return what the schema has and the database has not: TABLE.COLUMN, or a whole TABLE."""
    found = db.execute(_COLUMNS if get_dialect(db).has_server else _SQLITE_COLUMNS)
    there: dict[str, set[str]] = {}
    for table, column in found:
        there.setdefault(table, set()).add(column)
    missing = []
    for name, wanted in sorted(metadata.tables.items()):
        if name not in there:
            missing.append(name)
            continue
        missing += [f"{name}.{one.name}" for one in wanted.columns if one.name not in there[name]]
    return missing


def _read_page_bytes(db: Connection) -> int:
    return int(db.exec_driver_sql("PRAGMA page_size").scalar_one())


_TABLE_BYTES = text(
    """
    SELECT relname, pg_total_relation_size(oid) FROM pg_class
    WHERE relnamespace = to_regnamespace(current_schema()) AND relkind IN ('r', 'p')
    AND relname = ANY(:ours)
    """
)
_COLUMNS = text(
    """
    SELECT relname, attname FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
    WHERE relnamespace = to_regnamespace(current_schema()) AND relkind IN ('r', 'p')
    AND attnum > 0 AND NOT attisdropped
    """
)
_SQLITE_COLUMNS = text(
    """
    SELECT tables.name, columns.name FROM sqlite_master AS tables
    JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'
    """
)
_VALID_INDEXES = text(
    """
    SELECT relname FROM pg_class JOIN pg_index ON indexrelid = oid
    WHERE relnamespace = to_regnamespace(current_schema()) AND indisvalid
    """
)
_SQLITE_INDEXES = text("SELECT name FROM sqlite_master WHERE type = 'index'")
_LOCAL_FOLDER = text(
    """
    SELECT setting FROM pg_settings WHERE name = 'data_directory'
    AND (inet_server_addr() IS NULL OR host(inet_server_addr()) IN ('127.0.0.1', '::1'))
    """
)
_OLDEST_SNAPSHOT = text(
    """
    SELECT CAST(extract(epoch FROM clock_timestamp() - since) AS float), holder, ends FROM (
        SELECT xact_start AS since,
            'process ' || pid || ' of ' || usename || ' (' || coalesce(state, '?') || ', '
            || coalesce(nullif(application_name, ''), host(client_addr), 'local') || ')' AS holder,
            'SELECT pg_terminate_backend(' || pid || ')' AS ends
        FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend'
        AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
        AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
        UNION ALL
        SELECT prepared, 'prepared transaction ' || gid || ' of ' || owner,
            'ROLLBACK PREPARED ' || quote_literal(gid)
        FROM pg_prepared_xacts WHERE database = current_database()
    ) AS held ORDER BY since LIMIT 1
    """
)
# A standby that is frozen answers nothing: its last answer is then older than what it has told.
_STANDBYS = text(
    """
    SELECT application_name, CAST(CASE WHEN replay_lsn >= pg_current_wal_lsn() THEN 0
        ELSE extract(epoch FROM greatest(replay_lag, clock_timestamp() - reply_time)) END AS float),
        sync_state IN ('sync', 'quorum')
    FROM pg_stat_replication WHERE replay_lsn IS NOT NULL AND NOT pg_is_in_recovery()
    """
)
