"""Gauges that the database gives, as one worker process measures them."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text, update

from tests.services.upkeep.test_due_time_repair import put_off
from tests.store.test_listing import connected
from tests.support.custody import open_custody
from tests.support.subscribing import OK
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.clock import SystemClock
from tracker.domain.expectation import EndedTask, compute_callback_share
from tracker.domain.work import JobKind
from tracker.services.upkeep.learning import DurationLearner
from tracker.services.upkeep.presence import ProcessPresence
from tracker.services.upkeep.sampling import FROM_DATABASE, GaugeSampler
from tracker.store import processes, server_state
from tracker.store.driver.engine import normalise_url
from tracker.store.driver.transaction import Tx
from tracker.store.processes import Process
from tracker.store.schema import chore_leases, metadata
from tracker.telemetry import metrics

pytestmark = pytest.mark.anyio


async def sample_gauges(bench: Workbench) -> None:
    presence = ProcessPresence(bench.context)
    presence.is_working = lambda: True
    await presence.prove()
    await GaugeSampler(bench.context, presence).sample()


def _value(gauge: metrics.Gauge, *labels: str) -> float:
    return dict(gauge.read())[labels]


async def test_the_database_is_measured(database_url: str) -> None:
    is_server = database_url.startswith("postgresql")
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        await bench.create_queued("mine")
        await sample_gauges(bench)
    names = {labels[0] for labels, _ in metrics.DATABASE_BYTES.read()}
    assert names == (set(metadata.tables) if is_server else {"all", "wal"})
    assert _value(metrics.DATABASE_BYTES, "tasks" if is_server else "all") > 0
    assert _value(metrics.DATABASE_FREE) > 0  # the server of the tests is on this machine
    assert _value(metrics.CLOCK_SKEW) < 1
    assert len(dict(metrics.OLDEST_SNAPSHOT.read())) == (1 if is_server else 0)
    assert not dict(metrics.REPLICA_LAG.read())
    assert {kind for (kind,), _ in metrics.OLDEST_DUE.read()} == set(JobKind) - {JobKind.RUN}
    assert {kind for (kind,), _ in metrics.JOBS_DUE.read()} == {"submit", "reconcile", "fetch"}
    for gauge in FROM_DATABASE:
        gauge.replace({})


async def test_work_that_a_dead_worker_left_is_seen_and_counted_when_it_is_taken(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        await bench.create_queued("mine")
        assert not (await bench.claim_submits())[0].was_left
        metrics.LEASES_EXPIRED.add(by=0)
        before = metrics.LEASES_EXPIRED.values[()]
        await put_off(bench, -400, "jobs.lease_until")
        await sample_gauges(bench)
        assert _value(metrics.OLDEST_DUE, "submit") >= 399
        assert _value(metrics.JOBS_DUE, "submit") == 1
        (job,) = await bench.claim(JobKind.SUBMIT)
        assert job.was_left
        assert metrics.LEASES_EXPIRED.values[()] == before + 1
        await bench.leases.release([job])
        assert not (await bench.claim(JobKind.SUBMIT))[0].was_left


async def test_one_process_measures_at_a_time_and_one_that_does_not_holds_up_none(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        store, presence = bench.context.store, ProcessPresence(bench.context)
        silent = Process(UUID(int=1), True, SystemClock().now(), 0, [])  # its metrics are off
        await store.write(_record, silent)
        await presence.prove()
        first, second = (GaugeSampler(bench.context, presence) for _ in range(2))
        for sampler, measures in ((first, True), (second, False), (first, True)):
            await sampler.sample()
            assert bool(dict(metrics.SAMPLED.read())) is measures
        await store.write(_end_leases, None)
        for sampler, measures in ((second, True), (first, False)):
            await sampler.sample()
            assert bool(dict(metrics.SAMPLED.read())) is measures


def _record(tx: Tx, rows: Sequence[Process]) -> list[None]:
    for row in rows:
        processes.record(tx.db, row)
    return [None] * len(rows)


def _end_leases(tx: Tx, asked: Sequence[None]) -> list[None]:
    tx.db.execute(update(chore_leases).values(lease_until=tx.lease_now))
    return [None] * len(asked)


async def test_files_that_nobody_fetches_are_counted(database_url: str, tmp_path: Path) -> None:
    async with open_custody(database_url, tmp_path) as custody:
        urls = [f"http://127.0.0.1:9/{name}.mp4" for name in ("one", "two")]
        await custody.create_succeeded(*({"url": url} for url in urls))
        await put_off(custody.bench, -400, "assets.next_at")
        await sample_gauges(custody.bench)
        assert _value(metrics.JOBS_DUE, "fetch") == 2
        assert _value(metrics.OLDEST_DUE, "fetch") >= 399
    for gauge in FROM_DATABASE:
        gauge.replace({})


async def test_what_was_learned_of_the_latest_tasks_is_shown(sqlite_url: str) -> None:
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK)) as bench:
        for task in await bench.submit_tasks(5):
            await bench.end_task(task)
        await DurationLearner(bench.context).recall()
        name, operation = task.provider, task.operation
    assert dict(metrics.CALLBACK_SHARE.read()) == {(name, "default"): 1.0}
    assert {labels for labels, _ in metrics.TASK_SECONDS.read()} == {
        (name, operation, "0.5"),
        (name, operation, "0.9"),
    }
    metrics.CALLBACK_SHARE.replace({})
    metrics.TASK_SECONDS.replace({})


def test_the_share_of_callbacks_is_of_the_latest_hundred() -> None:
    told, polled = (
        EndedTask(timedelta(seconds=1), by_callback=by_callback) for by_callback in (True, False)
    )
    assert compute_callback_share([told] * 4) is None
    assert compute_callback_share([told] * 75 + [polled] * 500) == 0.75
    assert compute_callback_share([polled] * 5) == 0.0


def test_the_oldest_snapshot_is_named_with_what_ends_it(postgres_url: str) -> None:
    other = create_engine(normalise_url(postgres_url), isolation_level="REPEATABLE READ")
    with connected(postgres_url) as db:
        none = server_state.find_oldest_snapshot(db)
        assert none is not None
        assert none.age_s == 0
    with other.connect() as holding, connected(postgres_url) as db:
        pid = holding.execute(text("SELECT pg_backend_pid()")).scalar_one()
        held = server_state.find_oldest_snapshot(db)
        assert held is not None
        assert held.holder.startswith(f"process {pid} of postgres (idle in transaction, ")
        assert held.end == f"SELECT pg_terminate_backend({pid})"
        assert 0 <= held.age_s < 600
    other.dispose()
