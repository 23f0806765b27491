"""Planted faults: doctor names each with what mends it, and its alert fires on what is measured.

An alert is judged by promtool where it is installed, and no other may fire. SQLite's log of 256 MB
is judged by figures: tests/test_alerts.py fires its alert. More faults: test_doctor_alerts.py.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import Connection, create_engine, text

from tests.services.upkeep.test_due_time_repair import put_off
from tests.store.test_listing import connected
from tests.support.alerts import fires, steady_gauges
from tests.support.command import run
from tests.support.databases import PostgresTemplate
from tests.support.postgres import PostgresServer
from tests.support.service import environment
from tests.support.subscribing import OK, an_endpoint
from tests.support.waiting import PATIENCE_S, wait_until
from tests.support.workbench import SECRET, ScriptedHttp, Workbench, open_workbench
from tracker.cli.doctor.accounts import probe_accounts
from tracker.cli.doctor.database import (
    _check_postgresql,
    _check_sqlite,
    _examine_both,
    examine_server,
)
from tracker.cli.doctor.finding import Finding
from tracker.cli.doctor.processes import examine_processes
from tracker.clock import SystemClock, new_id
from tracker.domain import presence
from tracker.domain.errors import Unavailable
from tracker.domain.presence import mark
from tracker.services.upkeep.presence import ProcessPresence
from tracker.services.upkeep.sampling import FROM_DATABASE, GaugeSampler
from tracker.settings import Settings
from tracker.store import chore_leases, conditions, processes
from tracker.store.conditions import Condition
from tracker.store.driver.engine import normalise_url
from tracker.store.driver.transaction import Tx
from tracker.store.probe import has_row_locks, start_problem
from tracker.store.processes import Process
from tracker.store.server_health import DeadRows, ServerFacts, examine
from tracker.store.server_state import LOG, Snapshot, Standby
from tracker.store.store import Store
from tracker.telemetry import metrics

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def gauges_stay() -> Iterator[None]:
    """Empty the gauges of this process, which every test fills."""
    yield
    for gauge in FROM_DATABASE:
        gauge.replace({})


def settings_of(database_url: str, folder: Path, **more: str) -> Settings:
    ring = {"TRACKER_CALLBACK_SECRETS": SECRET.decode()}
    env = environment(
        database_url, folder, provider_url="http://127.0.0.1:9", public_url=None, **ring, **more
    )
    return Settings.from_env(env)


def told(found: Sequence[Finding], about: str) -> str:
    """Return what is wrong with one thing, a line each."""
    return "\n".join(one.text for one in found if one.about == about and one.level != "ok")


async def measured(bench: Workbench) -> None:
    """Measure the database as a worker process does, with conditions raised before."""
    one = ProcessPresence(bench.context)
    one.is_working = lambda: True
    await one.look()
    await GaugeSampler(bench.context, one).sample()


def planted(database_url: str, statement: str) -> None:
    engine = create_engine(normalise_url(database_url))
    with engine.begin() as db:
        db.execute(text(statement))
    engine.dispose()


async def test_a_database_that_is_well(database_url: str, tmp_path: Path) -> None:
    found = examine_server(settings_of(database_url, tmp_path), mounts=tmp_path / "none")
    # The server of the tests does not wait for its disk, and the machine's SQLite may be old.
    unwell = [one.text for one in found if one.about != "SQLite"]
    assert all(one.startswith(("fsync is off", "full_page_writes is off")) for one in unwell)


@pytest.mark.parametrize("fault", ["secret", "clock"])
async def test_a_wrong_secret_and_a_skewed_clock(
    sqlite_url: str, tmp_path: Path, fault: str
) -> None:
    marks = [mark(b"another" if fault == "secret" else SECRET)]
    ahead_ms = 0 if fault == "secret" else 1500
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK)) as bench:
        other = Process(new_id(), False, SystemClock().now(), ahead_ms, marks)

        def batch(tx: Tx, rows: Sequence[Process]) -> list[None]:
            for row in rows:
                processes.record(tx.db, row)
            return [None] * len(rows)

        await bench.context.store.write(batch, other)
        found = examine_processes(settings_of(sqlite_url, tmp_path))
        await measured(bench)
    if fault == "secret":
        assert told(found, "TRACKER_CALLBACK_SECRETS") == presence.SECRETS_DIFFER
        fires(tmp_path, "TrackerCondition", name="secrets_differ")
    else:
        assert "1.5 s ahead of" in told(found, "clock")
        assert "follow one time server" in told(found, "clock")
        fires(tmp_path, "TrackerClockSkew")


async def test_a_dead_worker(database_url: str, tmp_path: Path) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        await bench.queued("mine")
        await bench.claim_submits()
        await put_off(bench, -400, "jobs.lease_until")
        found = examine_server(settings_of(database_url, tmp_path))
        await measured(bench)
    assert told(found, "leases").startswith("1 leases ran out and nobody")
    assert "`tracker worker`" in told(found, "leases")
    fires(tmp_path, "TrackerWorkLate", kind="submit")


async def test_a_missing_index_is_made_by_what_doctor_says(
    database_url: str, tmp_path: Path
) -> None:
    planted(database_url, "DROP INDEX ix_jobs_waiting")
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        await measured(bench)
    found = told(examine_server(settings_of(database_url, tmp_path)), "indexes")
    assert found.startswith("index ix_jobs_waiting is missing")
    engine = create_engine(normalise_url(database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        for statement in found.split("`")[1].split("; "):
            db.execute(text(statement))
    engine.dispose()
    assert not told(examine_server(settings_of(database_url, tmp_path)), "indexes")
    fires(tmp_path, "TrackerIndexMissing")


async def test_tables_that_were_changed_by_hand_are_told(database_url: str, tmp_path: Path) -> None:
    planted(database_url, "DROP TABLE holds")
    planted(database_url, "ALTER TABLE endpoints DROP COLUMN description")
    found = examine_server(settings_of(database_url, tmp_path))
    assert told(found, "tables").startswith("endpoints.description, holds is missing: ")
    assert not told(found, "indexes")


async def test_a_chore_behind_and_a_dead_endpoint(database_url: str, tmp_path: Path) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        endpoint = await an_endpoint(bench)
        await put_off(bench, -7200, "endpoints.failing_since")

        def batch(tx: Tx, names: Sequence[str]) -> list[None]:
            for name in names:
                assert chore_leases.take(tx.db, name, "mine", now=tx.now, until=tx.now)
                chore_leases.set_standing(tx.db, name, behind=200_000, caught_up_at=None)
            return [None] * len(names)

        await bench.context.store.write(batch, "retention")
        found = examine_server(settings_of(database_url, tmp_path))
        await measured(bench)
    assert told(found, "chores").startswith("the chore retention is 200000 entries behind")
    assert f"`tracker endpoints pause {endpoint.id}`" in told(found, "endpoints")
    fires(tmp_path, "TrackerChoreBehind", chore="retention")


async def test_an_old_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    if sqlite3.sqlite_version_info >= (3, 51, 3):
        pytest.skip(f"SQLite {sqlite3.sqlite_version} is new enough")
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK)) as bench:
        await measured(bench)
    found = told(examine_server(settings_of(sqlite_url, tmp_path)), "SQLite")
    assert found.startswith(f"SQLite {sqlite3.sqlite_version} is older than 3.51.3")
    fires(tmp_path, "TrackerSqliteOld", version=sqlite3.sqlite_version)


def test_the_type_of_the_file_system(sqlite_url: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    for kind, word in (("nfs4", "will be damaged"), ("tmpfs", "a restart empties"), ("ext4", "")):
        mounts.write_text(f"a / xfs rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\n")
        found = told(
            examine_server(settings_of(sqlite_url, tmp_path), mounts=mounts), "DATABASE_URL"
        )
        assert word in found
        assert bool(word) == bool(found)
    mounts.write_text(f"server:/x {tmp_path} nfs4 rw 0 0\n")
    folder = settings_of("", tmp_path)  # where the file lies
    assert "will be damaged" in told(examine_server(folder, mounts=mounts), "TRACKER_DATA_DIR")


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


async def test_a_large_log_and_the_conditions_that_stand(sqlite_url: str) -> None:
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK)):
        facts = replace(examine(sqlite_url, SystemClock()), version="3.51.3")
    size = {LOG: 256 * 1024**2}
    assert not list(_check_sqlite(replace(facts, sizes=size), "ext4", "DATABASE_URL"))
    (large,) = _check_sqlite(replace(facts, sizes={LOG: 257 * 1024**2}), "ext4", "DATABASE_URL")
    assert large.text.startswith("its log has 257 MB")
    assert "`fuser`" in large.text
    standing = [
        Condition(conditions.ACCOUNT_AILING, "kling", "default", "it fails", facts.now),
        Condition(conditions.NO_WORKER, "", "", presence.NO_WORKER, facts.now),
    ]
    # Whether a worker works is looked at anew.
    assert list(_examine_both(replace(facts, conditions=standing))) == [
        Finding("error", "kling/default", "it fails")
    ]


async def test_a_disk_that_is_full_in_days(sqlite_url: str) -> None:
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK)) as bench:
        await bench.queued("mine")
    facts = examine(sqlite_url, SystemClock())
    assert facts.daily == sum(facts.sizes.values())  # all of its tasks were made today
    (full,) = _examine_both(replace(facts, free=int(2.5 * facts.daily)))
    assert (full.level, full.about) == ("error", "disk")
    assert full.text.startswith("full in 2.5 days")
    assert not list(_examine_both(replace(facts, free=int(3.5 * facts.daily))))


def test_an_unreachable_provider(sqlite_url: str, tmp_path: Path) -> None:
    (found,) = probe_accounts(settings_of(sqlite_url, tmp_path), ())
    assert found.level == "error"
    assert found.about == "kling/default"
    assert "Its tasks wait" in found.text
    assert "`curl -I http://127.0.0.1:9/`" in found.text
    proxied = settings_of(sqlite_url, tmp_path, TRACKER_KLING_PROXY="http://me:word@127.0.0.1:10")
    (found,) = probe_accounts(proxied, ())
    assert "`curl -I --proxy http://127.0.0.1:10 http://127.0.0.1:9/`" in found.text


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
        engine = create_engine(normalise_url(server.url()), isolation_level="AUTOCOMMIT")
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
        with closing(PostgresTemplate(server.url())) as template, template.copy() as url:
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
                    series = steady_gauges()
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
    fires(tmp_path, "TrackerWritesStalled", series | looked)
