"""Facts about a database that make an operator act: read once, by `tracker doctor`.

Of PostgreSQL from its catalogues and statistics views (https://www.postgresql.org/docs/current/
catalogs.html and monitoring-stats.html, read 2026-11-29).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.store import conditions, due_jobs, processes, server_state, sizes
from tracker.store.closed_tables import list_closed
from tracker.store.conditions import Condition
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.engine import open_engine
from tracker.store.driver.file_damage import find_damage
from tracker.store.driver.outage import shorten_error
from tracker.store.driver.server_session import is_pooled
from tracker.store.driver.transaction import Tx
from tracker.store.probe import has_row_locks
from tracker.store.schema import endpoints, metadata, tasks
from tracker.store.server_state import Snapshot, Standby

BUSY_TABLES = ("jobs", "tasks")
"""Their rows are written again and again: what is dead there slows every look down."""
HEARD = timedelta(minutes=2)
"""Processes that were heard of since then are taken to run: they say so every 30 s at least."""
SETTINGS = (
    *("synchronous_commit", "fsync", "full_page_writes", "transaction_isolation"),
    *("transaction_read_only", "synchronous_standby_names", "max_connections"),
    *("superuser_reserved_connections", "autovacuum", "track_counts"),
    *("log_statement", "log_parameter_max_length"),
)


@dataclass(frozen=True, slots=True)
class DeadRows:
    """How a table is kept clean, as its statistics say.

    cleaned_at: when autovacuum last ended there; None: never.
    """

    table: str
    live: int
    dead: int
    cleaned_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A PostgreSQL server's part.

    settings: as they hold in the second transaction of a connection of ours, by name.
    is_pooled: whether a pooler stands before it, which shares its connections out.
    closed:   tables and sequences of ours that our user may not read and write.
    most_connections: what our user, or all on our database, may open; None: what the server gives.
    processes: how many run on the database now.
    has_row_locks: whether a second connection steps over a row that a first one has locked.
    sees_all: whether other users' sessions and standbys are shown to our user.
    xid_age:  transactions since the oldest row of the database was frozen.
    uncleaned: tables of ours that autovacuum is told to leave.
    slots:    bytes of the server's log that each replication slot keeps which nobody reads.
    unarchived_since: when the server last failed to archive its log, and has not since.
    """

    settings: Mapping[str, str]
    is_pooled: bool
    processes: int
    has_row_locks: bool
    sees_all: bool
    standbys: Sequence[Standby]
    snapshot: Snapshot
    tables: Sequence[DeadRows]
    xid_age: int
    uncleaned: Sequence[str] = ()
    slots: Mapping[str, int] = field(default_factory=dict)
    unarchived_since: datetime | None = None
    most_connections: int | None = None
    closed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """A database as `examine` found it.

    version:    of the server; of the library on SQLite.
    sizes:      bytes by table, or by file.
    free:       bytes free on its disk; None where that is not to be seen from here.
    daily:      bytes that it grew by in the last day, after the share of tasks made in it.
    damage:     what is wrong with a SQLite file as such; None where nothing was found.
    lacking:    what the schema has and the database has not: TABLE.COLUMN, or a whole TABLE.
    missing:    of each index that is missing or unfinished, the statements that make it.
    left:       jobs whose holders' leases have run out, and since when.
    behind:     how many entries each chore has yet to come by.
    failing:    endpoints all of whose latest deliveries failed, and since when; ten at most.
    conditions: those that stand.
    server:     None on SQLite.
    """

    version: str
    now: datetime
    sizes: Mapping[str, int]
    free: int | None
    daily: float
    damage: str | None
    lacking: Sequence[str]
    missing: Mapping[str, str]
    left: tuple[int, datetime | None]
    behind: Mapping[str, int]
    failing: Sequence[tuple[UUID, datetime]]
    conditions: Sequence[Condition]
    server: ServerFacts | None


def examine(url: str, clock: Clock) -> DatabaseFacts:
    """Read everything, on two connections. Raises Unavailable.

    url: of a database whose schema fits.
    """
    engine = open_engine(url, pool_size=2).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db, engine.connect() as other:
            db.execute(text("SELECT 1"))
            db.commit()
            return _read_facts(db, other, clock)
    except DBAPIError as error:
        raise Unavailable(shorten_error(error)) from error
    finally:
        engine.dispose()


def _read_facts(db: Connection, other: Connection, clock: Clock) -> DatabaseFacts:
    locks = has_row_locks(db, other) if get_dialect(db).has_server else True
    now = Tx(db, clock).lease_now
    bytes_ = server_state.measure_tables(db)
    lacking = server_state.list_missing_columns(db)
    return DatabaseFacts(
        version=server_state.find_engine_version(db)[1],
        now=now,
        sizes=bytes_,
        free=server_state.free_bytes(db),
        daily=sum(bytes_.values()) * _read_share_of_last_day(db, now),
        damage=None if get_dialect(db).has_server else find_damage(db),
        lacking=lacking,
        missing=_make_index_statements(db, without=lacking),
        left=due_jobs.count_left(db, now=now),
        behind=sizes.count_behind(db),
        failing=[(id_, since) for id_, since in db.execute(_FAILING)],
        conditions=conditions.list_told(db),
        server=_read_server(db, now, has_locks=locks),
    )


def _read_server(db: Connection, now: datetime, *, has_locks: bool) -> ServerFacts | None:
    snapshot = server_state.find_oldest_snapshot(db)
    if snapshot is None:
        return None
    found = db.execute(_SETTINGS, {"names": list(SETTINGS)})
    ours = sorted(metadata.tables)
    return ServerFacts(
        settings={name: value for name, value in found},  # noqa: C416 - rows are no pairs to mypy
        is_pooled=is_pooled(db),
        processes=len(processes.list_alive(db, since=now - HEARD, until=now + HEARD)),
        has_row_locks=has_locks,
        sees_all=bool(db.scalar(_SEES_ALL)),
        standbys=server_state.list_standbys(db),
        snapshot=snapshot,
        tables=[DeadRows(*row) for row in db.execute(_DEAD_ROWS, {"names": list(BUSY_TABLES)})],
        xid_age=int(db.execute(_XID_AGE).scalar_one()),
        uncleaned=list(db.scalars(_UNCLEANED, {"ours": ours})),
        slots={name: int(size) for name, size in db.execute(_SLOTS)},
        unarchived_since=db.scalar(_UNARCHIVED_SINCE),
        most_connections=db.scalar(_MOST_CONNECTIONS),
        closed=list_closed(db),
    )


def _make_index_statements(db: Connection, *, without: Collection[str]) -> dict[str, str]:
    """Return what makes each missing index. without: tables that are missing themselves."""
    missing = server_state.list_missing_indexes(db)
    indexes = {
        str(one.name): one
        for table in metadata.tables.values()
        if table.name not in without
        for one in table.indexes
    }
    beside = " INDEX CONCURRENTLY " if get_dialect(db).has_server else " INDEX "
    made = {}
    for name in (one for one in missing if one in indexes):
        statement = " ".join(str(CreateIndex(indexes[name]).compile(db)).split())
        made[name] = f"DROP INDEX IF EXISTS {name}; {statement.replace(' INDEX ', beside, 1)}"
    return made


def _read_share_of_last_day(db: Connection, now: datetime) -> float:
    """Return which share of the tasks was made in the last day: three looks into indexes.

    A task's id sorts by the time of its making, and its key goes up by one with each.
    """
    first, last = db.execute(select(func.min(tasks.c.key), func.max(tasks.c.key))).one()
    if first is None:
        return 0.0
    day = now - timedelta(days=1)
    since = UUID(int=int(day.timestamp() * 1000) << 80)
    recent = select(tasks.c.key).where(tasks.c.id >= since).order_by(tasks.c.id).limit(1)
    begun = db.scalar(recent)
    return 0.0 if begun is None else (last - begun + 1) / (last - first + 1)


_FAILING = (
    select(endpoints.c.id, endpoints.c.failing_since)
    .where(endpoints.c.failing_since.is_not(None))
    .order_by(endpoints.c.failing_since)
    .limit(10)
)
_SETTINGS = text(
    "SELECT name, current_setting(name) FROM unnest(CAST(:names AS text[])) AS wanted (name)"
)
_SEES_ALL = text("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')")
_DEAD_ROWS = text(
    """
    SELECT relname, n_live_tup, n_dead_tup, greatest(last_autovacuum, last_vacuum)
    FROM pg_stat_user_tables
    WHERE schemaname = current_schema() AND relname = ANY(:names) ORDER BY relname
    """
)
_XID_AGE = text("SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()")
_UNCLEANED = text(
    """
    SELECT relname FROM pg_class, pg_options_to_table(reloptions)
    WHERE relnamespace = to_regnamespace(current_schema()) AND relname = ANY(:ours)
    AND option_name = 'autovacuum_enabled' AND NOT CAST(option_value AS boolean) ORDER BY relname
    """
)
_SLOTS = text(
    """
    SELECT slot_name, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
        ELSE pg_current_wal_lsn() END, restart_lsn)
    FROM pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL ORDER BY slot_name
    """
)
_UNARCHIVED_SINCE = text(
    """
    SELECT last_failed_time FROM pg_stat_archiver
    WHERE last_failed_time > coalesce(last_archived_time, '-infinity')
    """
)
_MOST_CONNECTIONS = text(
    """
    SELECT least(nullif(rolconnlimit, -1), nullif(datconnlimit, -1)) FROM pg_roles, pg_database
    WHERE rolname = current_user AND datname = current_database()
    """
)
