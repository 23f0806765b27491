"""Faults that a service meets while it works: doctor names each, and its alert alone fires."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.cli.test_doctor_faults import gauges_stay, measured, settings_of, told  # noqa: F401
from tests.services.deliver.test_sending import BROKEN, deliver_all
from tests.support.alerts import build_steady_gauges, check_firing
from tests.support.databases import SqliteTemplate
from tests.support.made_up import NAME
from tests.support.pgbouncer import run_pgbouncer
from tests.support.small_disk import mount_small_disk
from tests.support.subscribing import OK, create_endpoint
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.cli.doctor.command import examine_reading
from tracker.cli.doctor.database import examine_server
from tracker.cli.doctor.reading import read
from tracker.services.upkeep.health import AccountHealthCheck
from tracker.store.driver.engine import normalise_url
from tracker.telemetry.metrics import DELIVERIES, OLDEST_SNAPSHOT

pytestmark = pytest.mark.anyio


async def test_an_open_snapshot(postgres_url: str, tmp_path: Path) -> None:
    other = create_engine(normalise_url(postgres_url), isolation_level="REPEATABLE READ")
    with other.connect() as holding:
        pid = holding.execute(text("SELECT pg_backend_pid()")).scalar_one()
        async with open_workbench(postgres_url, ScriptedHttp(lambda _: OK)) as bench:
            await measured(bench)
        found = told(examine_server(settings_of(postgres_url, tmp_path), old_s=0.0), "snapshot")
    other.dispose()
    assert f"process {pid} of postgres" in found
    assert f"`SELECT pg_terminate_backend({pid})`" in found
    (age_s,) = dict(OLDEST_SNAPSHOT.read()).values()
    assert age_s > 0
    ageing = {OLDEST_SNAPSHOT.metric.name: f"{age_s}+60x40"}
    check_firing(tmp_path, "TrackerSnapshotOld", build_steady_gauges() | ageing)


async def test_a_disk_that_is_nearly_full(sqlite_template: SqliteTemplate, tmp_path: Path) -> None:
    with mount_small_disk(tmp_path / "disk", size=64 * 1024**2) as disk:
        url = sqlite_template.copy(disk.path)
        async with open_workbench(url, ScriptedHttp(lambda _: OK)) as bench:
            await bench.create_queued("mine")
            disk.fill(but=1024**2)
            await measured(bench)
        found = told(examine_server(settings_of(url, tmp_path)), "disk")
    assert found.startswith("full in ")
    assert "`tracker retention plan`" in found
    check_firing(tmp_path, "TrackerDiskFull")


async def test_a_pooler_that_loses_statements(postgres_url: str, tmp_path: Path) -> None:
    """No process starts behind it, so that nobody measures."""
    with run_pgbouncer(postgres_url, mode="transaction", prepared=0) as losing_url:
        given = {"TRACKER_DATA_DIR": str(tmp_path), "DATABASE_URL": losing_url}
        found = told([*examine_reading(read(given))], "database")
    assert "set max_prepared_statements = 200" in found
    check_firing(tmp_path, "TrackerNobodyMeasures", {})


async def test_a_dead_endpoint(database_url: str, tmp_path: Path) -> None:
    before = DELIVERIES.values.get(("failed",), 0)
    async with open_workbench(database_url, ScriptedHttp(lambda _: BROKEN)) as bench:
        endpoint = await create_endpoint(bench)
        await bench.submit_tasks(2)
        assert await deliver_all(bench) == 2
        await measured(bench)
    found = told(examine_server(settings_of(database_url, tmp_path)), "endpoints")
    assert f"`tracker endpoints pause {endpoint.id}`" in found
    failed = DELIVERIES.values["failed",] - before
    assert failed == 2
    counted = {f'{DELIVERIES.metric.name}_total{{outcome="failed"}}': f"0+{failed}x40"}
    check_firing(tmp_path, "TrackerDeliveriesFail", build_steady_gauges() | counted)


async def test_a_provider_that_cannot_be_reached(database_url: str, tmp_path: Path) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: BROKEN)) as bench:
        for number in range(5):
            await bench.submit_task(f"task-{number}")
        await AccountHealthCheck(bench.context).look()
        await measured(bench)
    found = told(examine_server(settings_of(database_url, tmp_path)), f"{NAME}/default")
    assert found.startswith("the latest 5 submits failed, the last with: no whole answer")
    check_firing(tmp_path, "TrackerCondition", name="account_ailing")
