"""Planted faults: doctor names each with what mends it, and its alert fires on what is measured.

An alert is judged by promtool where it is installed, and no other may fire. SQLite's log of 256 MB
is judged by figures: tests/test_alerts.py fires its alert. More faults:
test_doctor_server_faults.py, test_doctor_alerts.py.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.services.upkeep.test_due_time_repair import put_off
from tests.support.alerts import check_firing
from tests.support.service import build_environment
from tests.support.subscribing import OK, create_endpoint
from tests.support.workbench import SECRET, ScriptedHttp, Workbench, open_workbench
from tracker.cli.doctor.accounts import probe_accounts
from tracker.cli.doctor.database import (
    _check_sqlite,
    _examine_both,
    examine_server,
)
from tracker.cli.doctor.finding import Finding
from tracker.cli.doctor.processes import examine_processes
from tracker.clock import SystemClock, make_id
from tracker.domain import presence
from tracker.domain.presence import mark
from tracker.services.upkeep.presence import ProcessPresence
from tracker.services.upkeep.sampling import FROM_DATABASE, GaugeSampler
from tracker.settings import Settings
from tracker.store import chore_leases, conditions, processes
from tracker.store.conditions import Condition
from tracker.store.driver.engine import normalise_url
from tracker.store.driver.transaction import Tx
from tracker.store.processes import Process
from tracker.store.server_health import examine
from tracker.store.server_state import LOG

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def gauges_stay() -> Iterator[None]:
    """Empty the gauges of this process, which every test fills."""
    yield
    for gauge in FROM_DATABASE:
        gauge.replace({})


def settings_of(database_url: str, folder: Path, **more: str) -> Settings:
    ring = {"TRACKER_CALLBACK_SECRETS": SECRET.decode()}
    env = build_environment(
        database_url, folder, provider_url="http://127.0.0.1:9", public_url=None, **ring, **more
    )
    return Settings.read_environment(env)


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
        other = Process(make_id(), False, SystemClock().now(), ahead_ms, marks)

        def batch(tx: Tx, rows: Sequence[Process]) -> list[None]:
            for row in rows:
                processes.record(tx.db, row)
            return [None] * len(rows)

        await bench.context.store.write(batch, other)
        found = examine_processes(settings_of(sqlite_url, tmp_path))
        await measured(bench)
    if fault == "secret":
        assert told(found, "TRACKER_CALLBACK_SECRETS") == presence.SECRETS_DIFFER
        check_firing(tmp_path, "TrackerCondition", name="secrets_differ")
    else:
        assert "1.5 s ahead of" in told(found, "clock")
        assert "follow one time server" in told(found, "clock")
        check_firing(tmp_path, "TrackerClockSkew")


async def test_a_dead_worker(database_url: str, tmp_path: Path) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        await bench.create_queued("mine")
        await bench.claim_submits()
        await put_off(bench, -400, "jobs.lease_until")
        found = examine_server(settings_of(database_url, tmp_path))
        await measured(bench)
    assert told(found, "leases").startswith("1 leases ran out and nobody")
    assert "`tracker worker`" in told(found, "leases")
    check_firing(tmp_path, "TrackerWorkLate", kind="submit")


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
    check_firing(tmp_path, "TrackerIndexMissing")


async def test_tables_that_were_changed_by_hand_are_told(database_url: str, tmp_path: Path) -> None:
    planted(database_url, "DROP TABLE holds")
    planted(database_url, "ALTER TABLE endpoints DROP COLUMN description")
    found = examine_server(settings_of(database_url, tmp_path))
    assert told(found, "tables").startswith("endpoints.description, holds is missing: ")
    assert not told(found, "indexes")


async def test_a_chore_behind_and_a_dead_endpoint(database_url: str, tmp_path: Path) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        endpoint = await create_endpoint(bench)
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
    check_firing(tmp_path, "TrackerChoreBehind", chore="retention")


async def test_an_old_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    if sqlite3.sqlite_version_info >= (3, 51, 3):
        pytest.skip(f"SQLite {sqlite3.sqlite_version} is new enough")
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK)) as bench:
        await measured(bench)
    found = told(examine_server(settings_of(sqlite_url, tmp_path)), "SQLite")
    assert found.startswith(f"SQLite {sqlite3.sqlite_version} is older than 3.51.3")
    check_firing(tmp_path, "TrackerSqliteOld", version=sqlite3.sqlite_version)


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
        await bench.create_queued("mine")
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
