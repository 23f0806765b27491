"""A restore takes an empty place, opens what is sealed, and sends nothing twice."""

import asyncio
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Table, select, text, update

from tests.support import history
from tests.support.custody import open_custody
from tests.support.killed_restore import prepare_database
from tests.support.service import Process
from tests.support.subscribing import OK, create_endpoint
from tests.support.workbench import SECRET, ScriptedHttp, Workbench, open_workbench
from tracker.clock import SystemClock, make_id, make_token
from tracker.config.kept_secrets import load_kept_secrets
from tracker.domain.errors import Conflict, Recovering
from tracker.domain.lifecycle import Verdict
from tracker.domain.runs import RunState
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.services.backup.folder import BackupRefused, check_backup
from tracker.services.backup.making import BackupOrder, make
from tracker.services.backup.readying import RestoreReadiness
from tracker.services.backup.recovering import end
from tracker.services.backup.restoring import RestoreOrder, restore
from tracker.services.upkeep.presence import ProcessPresence
from tracker.store import attempts, bulk_runs, conditions, restoring, sizes, tasks
from tracker.store.bulk_runs import KeptRun
from tracker.store.driver.engine import find_sqlite_file, open_engine
from tracker.store.driver.file_note import note_path
from tracker.store.driver.transaction import Tx
from tracker.store.feed_head import LEAP
from tracker.store.schema import assets, deliveries
from tracker.store.store import Reading

pytestmark = pytest.mark.anyio
NOBODY = ScriptedHttp(lambda _: OK)


IN_USE = r"rows in|is in use|was restored already"


class DiesWhileRestoring(Exception):
    """The process dies here."""


async def dies(_url: str, _taken_at: datetime) -> RestoreReadiness:
    raise DiesWhileRestoring


@contextmanager
def emptied(url: str) -> Iterator[str]:
    """Give a database that holds what this one holds, and that no process has used."""
    file = find_sqlite_file(url)
    if file is not None:
        yield f"sqlite:///{file.with_name(f'restored-{file.name}')}"
        return
    name = f"restored_{make_token()}"
    source = urlsplit(url)
    server = urlunsplit(source._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as admin:
        named = [sql.Identifier(one) for one in (name, source.path[1:])]
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*named))
        try:
            yield urlunsplit(source._replace(path=f"/{name}"))
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(named[0]))


def back_up(url: str, folder: Path, *secrets: bytes) -> RestoreOrder:
    make(BackupOrder(url, secrets or [SECRET]), folder, SystemClock())
    return RestoreOrder(folder, url, [SECRET])


async def with_a_task(url: str, folder: Path) -> RestoreOrder:
    """Back up a database that holds one task, which waits to be submitted."""
    async with open_workbench(url, NOBODY) as bench:
        await bench.create_queued("task")
    return back_up(url, folder)


async def restored(order: RestoreOrder, url: str) -> RestoreReadiness:
    return await restore(replace(order, url=url), check_backup(order.source), prepare_database)


def claim_for_a_day(tx: Tx, asked: Sequence[None]) -> list[None]:
    """Claim every delivery and every file, as a process does whose leases are long."""
    for queue in (deliveries, assets):
        claimed = update(queue).values(token="somebody", next_at=tx.now + timedelta(days=1))
        assert tx.db.execute(claimed).rowcount
    return [None] * len(asked)


def claims_on(queue: Table, db: Reading) -> Sequence[Any]:
    return db.execute(select(queue.c.token, queue.c.next_at)).all()


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def make_run(at: datetime) -> KeptRun:
    """Make a run that submits one task again."""
    return KeptRun(
        *(0, make_id(), "default", "resubmit", {}, at, 1, "key 1", RunState.RUNNING, 0, 0, 0),
        *(at, at),
    )


def newest(db: Reading) -> int:
    return int(db.scalar(text("SELECT seq FROM feed_head")))


async def raised(bench: Workbench) -> set[str]:
    return {one.name for one in await bench.context.store.read(conditions.list_open)}


async def test_what_may_have_been_sent_is_looked_for(database_url: str, tmp_path: Path) -> None:
    async with open_workbench(database_url, NOBODY) as bench:
        going = await bench.create_queued("going")
        await bench.create_queued("queued")
        (running,) = await bench.submit_tasks(1)
        await bench.claim(JobKind.SUBMIT)

        run = make_run(going.updated_at)

        def begin(tx: Tx, begun: object) -> list[None]:
            attempts.open_many(tx.db, [going], now=tx.now)
            bulk_runs.insert_run(tx.db, run, [going.key])
            return [None]

        await bench.context.store.write(begin, None)
        before = await bench.context.store.read(newest)
    order = back_up(database_url, tmp_path / "backup")
    with emptied(database_url) as url:
        assert await restored(order, url) == RestoreReadiness(2)
        async with open_workbench(url, NOBODY) as bench:
            await bench.context.recovery.look(bench.context.store)
            found = {task.external_task_id: task for task in await bench.list_all()}
            assert found["going"].state is found["queued"].state is TaskState.UNCERTAIN
            assert await bench.list_outcomes(going) == ["lost"]
            assert await bench.context.store.read(newest) > before + LEAP
            # Its callback may have come after the backup: it is asked about at once.
            due = {job.task_key for job in await bench.claim(JobKind.RECONCILE)}
            assert running.key in due
            assert {"recovering", "database_changed"} <= await raised(bench)
            assert "restoring" not in await raised(bench)
            stopped = await bench.context.store.read(
                lambda db: bulk_runs.find(db, run.tenant, run.id)
            )
            assert stopped is not None
            assert (stopped.state, stopped.stopped_by) == (RunState.STOPPED, "tracker restore")


async def test_claims_on_deliveries_and_files_are_free_at_once(
    database_url: str, tmp_path: Path
) -> None:
    async with open_custody(database_url, tmp_path) as custody:
        await create_endpoint(custody.bench)
        await custody.create_succeeded({"url": "http://127.0.0.1:9/film.mp4"})
        await custody.bench.context.store.write(claim_for_a_day, None)
    order = back_up(database_url, tmp_path / "backup")
    with emptied(database_url) as url:
        await restored(order, url)
        async with open_workbench(url, NOBODY) as bench:
            now = bench.context.clock.now()
            for queue in (deliveries, assets):
                rows = await bench.context.store.read(partial(claims_on, queue))
                assert rows
                assert all(row.token is None and row.next_at <= now for row in rows), queue.name


async def test_submits_wait_until_it_is_over(database_url: str, tmp_path: Path) -> None:
    async with open_workbench(database_url, NOBODY) as bench:
        await bench.submit_tasks(1)
    order = back_up(database_url, tmp_path / "backup")
    with emptied(database_url) as url:
        await restored(order, url)
        async with open_workbench(url, NOBODY) as bench:
            context = bench.context
            await context.recovery.look(context.store)
            assert (
                context.recovery.since == check_backup(order.source).taken_at or "postgres" in url
            )
            assert (await context.store.read(sizes.count_behind))["counting"] < LEAP  # no backlog
            with pytest.raises(Recovering, match="tracker recover --done"):
                await bench.create_queued("new")
            await end(context)
            await bench.create_queued("new")
            assert len(await bench.claim(JobKind.SUBMIT)) == 1
            assert "recovering" not in await raised(bench)


async def test_callbacks_bring_back_tasks_that_nobody_knows(database_url: str) -> None:
    lost = history.make_task(provider="made-up", id=make_id())
    told = {"status": "running", "id": "theirs-9", "mark": "named"}
    async with open_workbench(database_url, NOBODY) as bench:
        assert (await bench.call_back(lost, told)).verdict is Verdict.UNKNOWN_TASK
    restoring.begin(database_url, since=datetime.now(UTC))
    async with open_workbench(database_url, NOBODY) as bench:
        await bench.context.recovery.look(bench.context.store)
        calls = [told | {"stage": stage} for stage in ("one", "two")]
        heard = await asyncio.gather(*(bench.call_back(lost, body) for body in calls))
        assert Verdict.ADVANCED in {one.verdict for one in heard}
        (task,) = await bench.list_all()
        assert (task.id, task.state) == (lost.id, TaskState.RUNNING)
        # Brought back before by a list, under another id: it is the same task.
        other = history.make_task(provider="made-up", id=make_id())
        await bench.call_back(other, told | {"status": "succeeded"})
        (task,) = await bench.list_all()
        assert task.state is TaskState.SUCCEEDED
        with pytest.raises(Conflict, match="has not ended"):
            await end(bench.context)


async def test_a_database_in_use_is_left_alone(database_url: str, tmp_path: Path) -> None:
    order = await with_a_task(database_url, tmp_path / "backup")
    with pytest.raises(BackupRefused, match=IN_USE):
        await restored(order, database_url)
    async with open_workbench(database_url, NOBODY) as bench:
        assert [task.state for task in await bench.list_all()] == [TaskState.QUEUED]
        assert not {"recovering", "restoring"} & await raised(bench)
    with emptied(database_url) as url:
        await restored(order, url)
        with pytest.raises(BackupRefused, match=IN_USE):
            await restored(order, url)
        async with open_workbench(url, NOBODY) as bench:
            assert "recovering" in await raised(bench)
            # Queued once more: it may be sent between this backup and its restore.
            await bench.create_queued("another")
        order = back_up(url, tmp_path / "while recovering")
        with emptied(url) as next_url:
            assert await restored(order, next_url) == RestoreReadiness(1)
            async with open_workbench(next_url, NOBODY) as bench:
                states = [task.state for task in await bench.list_all()]
                assert states == [TaskState.UNCERTAIN, TaskState.UNCERTAIN]
                assert {"recovering"} <= await raised(bench)


async def test_a_dump_that_was_not_read_to_its_end_is_refused(
    postgres_url: str, tmp_path: Path
) -> None:
    order = back_up(postgres_url, tmp_path / "backup")
    with emptied(postgres_url) as url:
        with psycopg.connect(url) as db:  # the foreign keys come last
            db.execute("ALTER TABLE receipts DROP CONSTRAINT fk_receipts_task_key_tasks")
        with pytest.raises(BackupRefused, match="not read to its end: keys of receipts"):
            await restored(order, url)


async def test_one_that_broke_off_can_be_run_again(database_url: str, tmp_path: Path) -> None:
    order = await with_a_task(database_url, tmp_path / "backup")
    with emptied(database_url) as url:
        manifest = check_backup(order.source)
        with pytest.raises(DiesWhileRestoring):
            await restore(replace(order, url=url), manifest, dies)
        file = find_sqlite_file(url)
        assert file is None or not file.exists()
        assert not any(".restoring" in name for name in names_in(tmp_path))
        assert await restored(order, url) == RestoreReadiness(1)


async def test_one_that_is_killed_anywhere_can_be_run_again(
    database_url: str, tmp_path: Path
) -> None:
    order = await with_a_task(database_url, tmp_path / "backup")
    points = ["restore:secrets_kept", "restore:begun"]
    if find_sqlite_file(database_url) is not None:  # a server's database is in its place once ready
        points += ["restore:ready", "restore:noted"]
    data = tmp_path / "data"
    with emptied(database_url) as url:
        for point in points:
            arguments = (str(order.source), url, str(data), point)
            process = Process(arguments, {}, tmp_path / "log", "tests.support.killed_restore")
            assert process.start().join() == -signal.SIGKILL, (point, process.log.read_text())
        assert load_kept_secrets(data) == (SECRET,)
        file = find_sqlite_file(url)
        assert file is None or not file.exists()
        assert await restored(order, url) == RestoreReadiness(1)
        assert not any(".restoring" in name for name in names_in(tmp_path))
        async with open_workbench(url, NOBODY) as bench:
            assert [task.state for task in await bench.list_all()] == [TaskState.UNCERTAIN]
            assert "recovering" in await raised(bench)


async def test_the_secrets_are_given_only_once_nothing_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    given = list[str]()
    order = await with_a_task(database_url, tmp_path / "backup")
    order = replace(order, keep_secrets=lambda: given.append("kept"))
    with pytest.raises(BackupRefused, match=IN_USE):
        await restored(order, database_url)
    assert given == []
    with emptied(database_url) as url:
        await restored(order, url)
    assert given == ["kept"]


async def test_the_backup_and_the_secrets_must_fit(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    order = back_up(sqlite_url, tmp_path / "backup", SECRET, b"an older secret")
    place = f"sqlite:///{tmp_path}/new/tracker.db"
    with pytest.raises(BackupRefused, match="a secret is missing"):
        await restored(order, place)
    with pytest.raises(BackupRefused, match="the backup is one of sqlite"):
        await restored(order, postgres_url)
    await restored(replace(order, is_without_secrets=True), place)
    assert (tmp_path / "new" / "tracker.db").stat().st_mode & 0o077 == 0


async def test_a_restore_without_the_old_secrets_is_told_until_their_tasks_have_ended(
    database_url: str, tmp_path: Path
) -> None:
    async with open_workbench(database_url, NOBODY) as bench:
        async with ProcessPresence(bench.context) as before:
            await before.look()
        await bench.submit_tasks(1)
    order = back_up(database_url, tmp_path / "backup")
    with emptied(database_url) as url:
        await restored(replace(order, secrets=[b"new"], is_without_secrets=True), url)
        async with open_workbench(url, NOBODY) as bench:
            context = replace(bench.context, secrets=[b"new"])
            await ProcessPresence(context).look()
            assert "secrets_differ" in await raised(bench)


async def test_numbers_of_an_earlier_restore_are_not_given_out_again(
    sqlite_url: str, tmp_path: Path
) -> None:
    order = await with_a_task(sqlite_url, tmp_path / "backup")
    file = find_sqlite_file(sqlite_url)
    assert file is not None
    heads = []
    for _ in range(2):
        shutil.move(file, tmp_path / make_token())
        await restored(order, sqlite_url)
        async with open_workbench(sqlite_url, NOBODY) as bench:
            heads.append(await bench.context.store.read(newest))
            assert [one.state for one in await bench.list_all()] == [TaskState.UNCERTAIN]
        assert note_path(file).exists()
    assert heads[1] > heads[0] + LEAP


async def test_a_log_that_a_process_left_keeps_a_file_from_being_put_there(
    sqlite_url: str, tmp_path: Path
) -> None:
    order = back_up(sqlite_url, tmp_path / "backup")
    (tmp_path / "new.db-wal").write_bytes(b"x")
    with pytest.raises(BackupRefused, match="a process uses the file, or died"):
        await restored(order, f"sqlite:///{tmp_path}/new.db")
    engine = open_engine(sqlite_url)
    with engine.begin() as db:
        assert not tasks.get_by_keys(db, [1])
    engine.dispose()
