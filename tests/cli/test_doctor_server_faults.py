"""Planted faults of a PostgreSQL server: doctor names each with what mends it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import Connection, create_engine, text

from tests.cli.test_doctor_faults import gauges_stay, planted, settings_of, told  # noqa: F401
from tests.store.test_listing import connected
from tests.support.alerts import build_steady_gauges, check_firing
from tests.support.command import run
from tests.support.databases import PostgresTemplate
from tests.support.postgres import PostgresServer
from tests.support.waiting import PATIENCE_S, wait_until
from tracker.cli.doctor.database import _check_postgresql, examine_server
from tracker.clock import SystemClock
from tracker.domain.errors import Unavailable
from tracker.store import chore_leases
from tracker.store.driver.engine import normalise_url
from tracker.store.driver.transaction import Tx
from tracker.store.probe import has_row_locks, start_problem
from tracker.store.server_health import DeadRows, ServerFacts
from tracker.store.server_state import Snapshot, Standby
from tracker.store.store import Store
from tracker.telemetry import metrics

pytestmark = pytest.mark.anyio

WELL = ServerFacts(
    settings={
        **dict.fromkeys(("fsync", "full_page_writes", "autovacuum", "synchronous_commit"), "on"),
        "track_counts": "on",
        "log_statement": "ddl",
        "log_parameter_max_length": "-1",
        "transaction_isolation": "read committed",
        "transaction_read_only": "off",
        "synchronous_standby_names": "",
        "max_connections": "100",
        "superuser_reserved_connections": "3",
    },
    is_pooled=False,
    processes=19,
    has_row_locks=True,
    sees_all=True,
    standbys=[Standby("near", 60.0, False)],
    snapshot=Snapshot(600.0, "", ""),
    tables=[DeadRows("jobs", 3, 10_000, None), DeadRows("tasks", 50_000, 50_000, None)],
    xid_age=1_000_000_000,
    slots={"restarting": 256 * 1024**2},
)
"""A server with which all is well, as far as the bounds allow."""
SETTINGS_THAT_HARM = [
    ("fsync", "off", "ALTER SYSTEM SET fsync = on"),
    ("full_page_writes", "off", "ALTER SYSTEM SET full_page_writes = on"),
    ("autovacuum", "off", "ALTER SYSTEM SET autovacuum = on"),
    ("track_counts", "off", "`ALTER ROLE … RESET track_counts`"),
    ("log_statement", "all", "ALTER SYSTEM SET log_parameter_max_length = 0"),
    ("synchronous_commit", "off", "ALTER SYSTEM SET synchronous_commit = on"),
    ("transaction_isolation", "serializable", "ALTER ROLE CURRENT_USER SET default_transaction"),
    ("transaction_read_only", "on", "DATABASE_URL"),
    ("max_connections", "5", "ALTER SYSTEM SET max_connections = "),
    ("synchronous_standby_names", "gone", "ALTER SYSTEM SET synchronous_standby_names = ''"),
]
"""A server's settings, with values that harm and what mends each."""


def test_what_harms_on_a_server_is_told_with_what_mends_it() -> None:
    assert list(_check_postgresql(WELL, 1, 600.0)) == []
    unlike = [
        (replace(WELL, settings={**WELL.settings, name: value}), mend)
        for name, value, mend in SETTINGS_THAT_HARM
    ]
    near = {"synchronous_standby_names": "near", "synchronous_commit": "local"}
    local = replace(WELL, settings={**WELL.settings, **near}, standbys=[Standby("near", 0, True)])
    unlike += [
        (local, "`ALTER ROLE CURRENT_USER SET synchronous_commit = on`"),
        (replace(WELL, processes=20), "20 processes need 100 connections and the server gives 97"),
        (replace(WELL, most_connections=94), "`ALTER DATABASE … CONNECTION LIMIT -1`"),
        (replace(WELL, has_row_locks=False), "Use PostgreSQL itself"),
        (replace(WELL, sees_all=False), "`GRANT pg_read_all_stats TO`"),
        (replace(WELL, standbys=[Standby("far", 61.0, True)]), "pg_stat_replication"),
        (replace(WELL, tables=[DeadRows("jobs", 3, 10_001, None)]), "`VACUUM jobs`"),
        (replace(WELL, xid_age=1_000_000_001), "`vacuumdb --freeze`"),
        (replace(WELL, slots={"gone": 257 * 1024**2}), "`SELECT pg_drop_replication_slot('gone')`"),
        (replace(WELL, unarchived_since=SystemClock().now()), "archive_command"),
    ]
    for facts, mend in unlike:
        (found,) = _check_postgresql(facts, 1, 600.0)
        assert mend in found.text
    assert list(_check_postgresql(replace(WELL, processes=20, is_pooled=True), 1, 600.0)) == []


def test_what_keeps_autovacuum_and_connections_away_is_told(
    postgres_url: str, tmp_path: Path
) -> None:
    planted(postgres_url, "ALTER TABLE jobs SET (autovacuum_enabled = off)")
    planted(postgres_url, "ALTER TABLE tasks SET (autovacuum_enabled = on)")
    planted(postgres_url, f"ALTER DATABASE {urlsplit(postgres_url).path[1:]} CONNECTION LIMIT 1")
    session = f"{postgres_url}{'&' if '?' in postgres_url else '?'}options=-ctrack_counts%3Doff"
    found = examine_server(settings_of(session, tmp_path))
    assert "`ALTER TABLE jobs RESET (autovacuum_enabled)`" in told(found, "vacuum")
    assert "tasks" not in told(found, "vacuum")
    assert "track_counts is off" in told(found, "database")
    assert "our user may open 1:" in told(found, "connections")


def test_an_engine_without_locks_on_rows_is_refused(postgres_url: str, tmp_path: Path) -> None:
    """Let a second connection see another table of that name, as if the first locked nothing."""

    def proved(second: Connection) -> bool:
        with connected(postgres_url) as first:
            return has_row_locks(first, second)

    engine = create_engine(normalise_url(postgres_url))
    with engine.connect() as second:
        assert proved(second)
        second.execute(text("CREATE TEMPORARY TABLE schema_fit AS SELECT 1 AS one"))
        second.commit()
        assert not proved(second)
        second.rollback()
        assert start_problem(postgres_url) is None
        # A row that every transaction makes for itself, so that no two lock the same one.
        second.execute(text("ALTER TABLE public.schema_fit RENAME TO fit_kept"))
        second.execute(text("CREATE VIEW public.schema_fit AS SELECT '' AS oldest_code"))
        second.commit()
    engine.dispose()
    problem = start_problem(postgres_url)
    assert problem is not None
    assert problem.endswith("Use PostgreSQL itself")
    for name in ("serve", "worker"):
        done = run(name, DATABASE_URL=postgres_url, TRACKER_DATA_DIR=str(tmp_path))
        assert (done.returncode, problem in done.stderr) == (1, True), done


def test_a_command_on_the_database_repeats_no_password(postgres_url: str, tmp_path: Path) -> None:
    """A server's refusal names the database, which here is called as the password is."""
    name = "s3cretword"
    url = urlunsplit(urlsplit(postgres_url)._replace(netloc=f"postgres:{name}@", path=f"/{name}"))
    done = run("holds", "list", DATABASE_URL=url, TRACKER_DATA_DIR=str(tmp_path))
    assert done.returncode == 1, done
    assert "does not exist" in done.stderr
    assert name not in done.stderr


@contextmanager
def _stalled(server: PostgresServer) -> Iterator[None]:
    """Let every commit wait for a standby that is not there."""

    def configure(statement: str) -> None:
        engine = create_engine(normalise_url(server.build_url()), isolation_level="AUTOCOMMIT")
        with engine.connect() as db:
            db.execute(text(statement))
            db.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()

    configure("ALTER SYSTEM SET synchronous_standby_names = 'gone'")
    try:
        yield
    finally:
        configure("ALTER SYSTEM RESET synchronous_standby_names")


async def _written(store: Store, batch: Callable[[Tx, Sequence[str]], list[None]]) -> None:
    """Write once the store can: a busy machine may take longer than the store waits for it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(Unavailable):
                await store.write(batch, "made up")
                return


async def test_a_standby_that_is_gone(tmp_path: Path) -> None:
    """On a server of its own: its setting stops every commit there is."""
    server = PostgresServer().start()
    try:
        with closing(PostgresTemplate(server.build_url())) as template, template.copy() as url:
            async with Store(url, SystemClock(), wait_s=0.2) as store:
                store.show_metrics()
                with _stalled(server):

                    def batch(tx: Tx, names: Sequence[str]) -> list[None]:
                        for name in names:
                            chore_leases.take(tx.db, name, "mine", now=tx.now, until=tx.now)
                        return [None] * len(names)

                    with pytest.raises(Unavailable):
                        await store.write(batch, "made up")
                    await asyncio.to_thread(
                        wait_until, lambda: dict(metrics.WRITER_STALLED.read())[()] > 0
                    )
                    series = build_steady_gauges()
                    found = examine_server(settings_of(url, tmp_path))
                await asyncio.to_thread(wait_until, lambda: store.stalled_since is None)
                await _written(store, batch)
            assert "ALTER SYSTEM SET synchronous_standby_names = ''" in told(found, "standbys")
            assert "ALTER SYSTEM SET fsync = on" in told(found, "database")
            assert not told(examine_server(settings_of(url, tmp_path)), "standbys")
    finally:
        server.close()
        metrics.WRITER_STALLED.ask = metrics.WRITER_WAITING.ask = lambda: None
    looked = {metrics.SAMPLED.metric.name: "0+60x40"}  # by a worker, which reads meanwhile
    check_firing(tmp_path, "TrackerWritesStalled", series | looked)
