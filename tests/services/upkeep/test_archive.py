"""The archive has whatever is dropped before it goes, whole, once, and without secrets."""

import asyncio
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, update

from tests.services.upkeep.test_retention import (
    DAY_S,
    HOOK,
    _free_lease,
    _rows,
    _set_deliveries,
    _succeed,
    _task,
    opened,
)
from tests.support.archives import assert_hides, list_files, needs_pyarrow
from tests.support.dropping import run_all
from tests.support.made_up import NAME
from tests.support.raw_callbacks import build_raw_callback
from tests.support.service import ROOT
from tests.support.workbench import SECRET, HandClock, Workbench
from tracker.domain import token
from tracker.domain.archive import ArchivedRow, ArchiveState
from tracker.domain.delivery import DeliveryState
from tracker.domain.errors import NotFound, StorageError
from tracker.domain.lifecycle import Verdict
from tracker.domain.retention import WALKED, KeptClass, RetentionPolicy
from tracker.domain.signals import CrashPoint
from tracker.objects.folder import Folder
from tracker.services.receive.reception import Reception
from tracker.services.upkeep import holding
from tracker.services.upkeep.archiving import read_file
from tracker.services.upkeep.counting import EndCounter
from tracker.services.upkeep.holding import NewHold
from tracker.services.upkeep.retention import RetentionChore
from tracker.store import archives, conditions
from tracker.store.archives import ArchiveFilter
from tracker.store.driver.transaction import Tx
from tracker.store.schema import archives as archives_table
from tracker.store.schema import (
    attempts,
    deliveries,
    delivery_bodies,
    receipts,
    task_inputs,
    tasks,
    transitions,
)

pytestmark = pytest.mark.anyio
EVERYTHING = RetentionPolicy(dict.fromkeys(KeptClass, timedelta(days=10)))
INPUTS = RetentionPolicy({**dict.fromkeys(KeptClass), KeptClass.INPUTS: timedelta(days=10)})
TASKS = RetentionPolicy({**dict.fromkeys(KeptClass), KeptClass.TASKS: timedelta(days=10)})


class MeddlingFolder(Folder):
    """Does something else when a file of the archive has been written."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, is_new=True)
        self.then: list[Callable[[], Awaitable[Any]]] = []

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, once: bool = False) -> None:
        await super().put(key, chunks, once=once)
        now, self.then = self.then, []
        for do in now:
            await do()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[MeddlingFolder]:
    folder = MeddlingFolder(tmp_path / "archive")
    yield folder
    folder.close()


async def _read(bench: Workbench, kept_class: KeptClass) -> list[ArchivedRow]:
    """Every row of a class that the archive has."""
    assert bench.context.archive is not None
    files = await bench.context.store.read(
        lambda db: archives.list_kept(db, ArchiveFilter(kept_class))
    )
    return [row for file in files for row in await read_file(bench.context.archive, file)]


async def _states(bench: Workbench) -> Counter[str]:
    return Counter(row.state for row in await _rows(bench, archives_table))


async def _ended(bench: Workbench, *names: str, tenant: str = "default") -> list[Any]:
    made = [await _task(bench, name, tenant=tenant) for name in names]
    for task in made:
        await _succeed(bench, task)
    await _set_deliveries(bench, DeliveryState.DELIVERED)
    await EndCounter(bench.context).fold_all()
    return made


def _equal(found: ArchivedRow, row: Any, *but: str) -> None:
    """The archive has each of its columns as the table had it."""
    there = {name: value for name, value in found.items() if name in row._fields}
    assert len(there) > 3
    wrong = {name for name, value in there.items() if getattr(row, name) != value}
    assert wrong <= set(but)


@pytest.mark.parametrize("end", [".jsonl.gz", pytest.param(".parquet", marks=needs_pyarrow)])
async def test_what_is_dropped_reads_back_equal_to_the_rows(
    database_url: str, archive: MeddlingFolder, tmp_path: Path, end: str
) -> None:
    clock, archives_parquet = HandClock(), end == ".parquet"
    async with opened(
        database_url, clock, EVERYTHING, archive, archives_parquet=archives_parquet
    ) as bench:
        await _ended(bench, "one", "two")
        await _ended(bench, "theirs", tenant="a/../b.c")
        signed = token.sign(SECRET, NAME, token.SHARED)
        stranger = build_raw_callback(
            NAME, token.SHARED, signed, b'{"id": "no one\'s"}', {"x-a": "b"}
        )
        await Reception(bench.context).receive(stranger)
        with pytest.raises(NotFound):
            await Reception(bench.context).receive(replace(stranger, token="forged"))

        async def by_key(table: Table, key: str = "key") -> dict[int, Any]:
            return {getattr(row, key): row for row in await _rows(bench, table)}

        before = {table: await by_key(table) for table in (tasks, receipts, deliveries, attempts)}
        (forged,) = [
            one.key for one in before[receipts].values() if one.verdict == Verdict.FORGED.value
        ]
        inputs = await by_key(task_inputs, "task_key")
        steps = await by_key(transitions, "seq")
        bodies = {row.id: row.body for row in await _rows(bench, delivery_bodies)}
        clock.move(11 * DAY_S)
        await run_all(RetentionChore(bench.context))
        assert [len(await _rows(bench, table)) for table in (tasks, deliveries)] == [0, 0]

        found = {one: {row["key"]: row for row in await _read(bench, one)} for one in WALKED}
        day = before[tasks][1].finished_at.date()
        for key, row in found[KeptClass.INPUTS].items():
            assert (row["body"], row["task"]) == (inputs[key].body, before[tasks][key].id)
        for key, row in found[KeptClass.EVIDENCE].items():
            _equal(row, before[receipts][key])
        for key, row in found[KeptClass.DELIVERIES].items():
            _equal(row, before[deliveries][key])
            assert row["body"] == bodies[before[deliveries][key].body_id]
        for key, row in found[KeptClass.TASKS].items():
            _equal(row, before[tasks][key])
            mine = [step for step in steps.values() if step.task_key == key]
            assert [step["seq"] for step in row["transitions"]] == [step.seq for step in mine]
            for had, step in zip(row["transitions"], mine, strict=True):
                _equal(had, step)
            # What another class had dropped before is not there a second time.
            assert {one["body"] for one in row["receipts"]} == {None}
            assert (row["inputs"], row["deliveries"]) == ([], [])
            assert [one["size_bytes"] for one in row["dropped_inputs"]] == [len(inputs[key].body)]
        assert {one: set(rows) for one, rows in found.items()} == {
            KeptClass.INPUTS: set(inputs),
            KeptClass.EVIDENCE: {key for key in before[receipts] if key != forged},
            KeptClass.DELIVERIES: set(before[deliveries]),
            KeptClass.TASKS: set(before[tasks]),
        }
        paths = list_files(tmp_path / "archive")
        for name in (f"default/day={day}/1-2", f"a%2F%2E%2E%2Fb%2Ec/day={day}/3-3"):
            marked = re.compile(f"v1/tasks/tenant={name}-[0-9a-f]{{8}}{re.escape(end)}")
            assert len([path for path in paths if marked.fullmatch(path)]) == 1
        assert paths == sorted(row.path for row in await _rows(bench, archives_table))
        signed_all = [token.sign(SECRET, NAME, str(row.id)) for row in before[tasks].values()]
        assert_hides(tmp_path / "archive", [SECRET.decode(), HOOK, *signed_all])


@pytest.mark.parametrize("policy", [INPUTS, TASKS], ids=["inputs", "tasks"])
async def test_what_changes_after_it_was_written_is_written_again_and_stands_once(
    database_url: str, archive: MeddlingFolder, tmp_path: Path, policy: RetentionPolicy
) -> None:
    clock = HandClock()
    async with opened(database_url, clock, policy, archive) as bench:
        first, second = await _ended(bench, "one", "two")
        kept_class = policy.list_walks()[0].kept_class

        async def hold() -> None:
            await bench.context.store.write(holding.add, NewHold("default", first.id, "a claim"))

        async def late() -> None:
            await bench.call_back(second, {"id": "theirs-two", "status": "failed", "why": "late"})

        archive.then = [late, hold] if policy is TASKS else [hold]
        clock.move(11 * DAY_S)
        chore = RetentionChore(bench.context)
        await run_all(chore)
        (row,) = await _read(bench, kept_class)
        assert row["key"] == second.key
        if policy is TASKS:
            assert [len(row["receipts"]), row["receipts"][-1]["body"][:4]] == [2, b'{"id']
        assert await _states(bench) == {ArchiveState.KEPT: 1, ArchiveState.CLEARED: 1}
        (kept,) = list_files(tmp_path / "archive")
        await bench.context.store.write(holding.remove, ("default", 1))
        clock.move(DAY_S)
        await run_all(chore)
        assert {row["key"] for row in await _read(bench, kept_class)} == {first.key, second.key}
        assert len(list_files(tmp_path / "archive")) == 2
        assert kept in list_files(tmp_path / "archive")


async def test_of_what_is_dropped_together_nothing_is_kept_where_some_has_changed(
    database_url: str, archive: MeddlingFolder
) -> None:
    clock = HandClock()
    async with opened(database_url, clock, EVERYTHING, archive) as bench:
        open_task = await _task(bench, "one")
        signed = token.sign(SECRET, NAME, token.SHARED)
        stranger = build_raw_callback(NAME, token.SHARED, signed, b'{"id": "no one\'s"}')
        await Reception(bench.context).receive(stranger)
        await bench.context.store.write(_part_deliveries, None)
        await _set_deliveries(bench, DeliveryState.DELIVERED)

        async def claimed() -> None:
            await bench.context.store.write(_give_receipts, open_task.key)

        async def next_time() -> None:
            archive.then = [claimed]

        archive.then = [next_time]  # deliveries are written first, and then receipts
        clock.move(11 * DAY_S)
        chore = RetentionChore(bench.context)
        await run_all(chore)
        assert await _states(bench) == {ArchiveState.BEGUN: 2}
        await run_all(chore)
        assert await _states(bench) == {ArchiveState.KEPT: 1, ArchiveState.CLEARED: 2}
        assert len(await _read(bench, KeptClass.DELIVERIES)) == 1
        assert await _rows(bench, deliveries) == []


def _part_deliveries(tx: Tx, asked: Sequence[None]) -> list[None]:
    """Set-based: have every delivery be about no task."""
    tx.db.execute(update(deliveries).values(task_key=None))
    return [None] * len(asked)


def _give_receipts(tx: Tx, asked: Sequence[int]) -> list[None]:
    """Set-based: have every receipt be about a task."""
    for key in asked:
        tx.db.execute(update(receipts).values(task_key=key))
    return [None] * len(asked)


async def test_one_frozen_after_it_wrote_drops_nothing_and_its_file_goes(
    database_url: str, archive: MeddlingFolder, tmp_path: Path
) -> None:
    clock = HandClock()
    async with opened(database_url, clock, INPUTS, archive) as bench:
        await _ended(bench, "one")

        async def another() -> None:
            await bench.context.store.write(_free_lease, None)
            clock.move(3600)
            await run_all(RetentionChore(bench.context))
            assert len(await _read(bench, KeptClass.INPUTS)) == 1

        archive.then = [another]
        clock.move(11 * DAY_S)
        await RetentionChore(bench.context).drop_for_while()
        assert len(await _read(bench, KeptClass.INPUTS)) == 1
        assert await _states(bench) == {ArchiveState.KEPT: 1, ArchiveState.CLEARED: 1}
        assert len(list_files(tmp_path / "archive")) == 1


async def test_nothing_is_dropped_while_the_archive_takes_nothing(
    database_url: str, archive: MeddlingFolder, tmp_path: Path
) -> None:
    clock = HandClock()
    async with opened(database_url, clock, INPUTS, archive) as bench:
        await _ended(bench, "one")
        chore = RetentionChore(bench.context)
        clock.move(11 * DAY_S)
        (tmp_path / "archive").write_text("no folder")

        async def is_failing() -> bool:
            await run_all(chore)
            found = await bench.context.store.read(conditions.list_open)
            return conditions.ARCHIVE_FAILING in {one.name for one in found}

        assert await is_failing()
        assert len(await _rows(bench, task_inputs)) == 1
        (tmp_path / "archive").unlink()
        assert not await is_failing()
        assert await _rows(bench, task_inputs) == []
        assert len(await _read(bench, KeptClass.INPUTS)) == 1


async def test_a_file_of_a_lost_timeline_stays_and_a_damaged_one_is_told(
    sqlite_url: str, archive: MeddlingFolder, tmp_path: Path
) -> None:
    clock = HandClock()
    async with opened(sqlite_url, clock, INPUTS, archive) as bench:
        (task,) = await _ended(bench, "one")
        ended = (await bench.read_task(task.key)).finished_at
        assert ended is not None
        folder = tmp_path / "archive" / f"v1/inputs/tenant=default/day={ended:%Y-%m-%d}"
        folder.mkdir(parents=True)
        (folder / "1-1.jsonl.gz").write_bytes(b"of before a restore")
        clock.move(11 * DAY_S)
        await run_all(RetentionChore(bench.context))
        assert (folder / "1-1.jsonl.gz").read_bytes() == b"of before a restore"
        (file,) = await bench.context.store.read(lambda db: archives.list_kept(db, ArchiveFilter()))
        path = tmp_path / "archive" / file.path
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + b"?")
        with pytest.raises(StorageError, match="is not what was written"):
            await read_file(archive, file)
        path.write_bytes(whole[:-1])
        with pytest.raises(StorageError, match=f"has {file.size - 1} bytes and not {file.size}"):
            await read_file(archive, file)
        path.write_bytes(whole)
        with pytest.raises(StorageError, match="has 1 rows and not 2"):
            await read_file(archive, replace(file, rows=2))


def test_a_process_killed_between_writing_and_dropping_loses_and_doubles_nothing(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"

    async def prepare() -> None:
        async with opened(database_url, HandClock()) as bench:
            await _ended(bench, "one", "two")

    async def archived() -> dict[str, list[tuple[KeptClass, int]]]:
        objects = Folder(folder)
        async with opened(database_url, HandClock(), archive=objects) as bench:
            files = await bench.context.store.read(
                lambda db: archives.list_kept(db, ArchiveFilter())
            )
            found = {
                one.path: [(one.kept_class, row["key"]) for row in await read_file(objects, one)]
                for one in files
            }
            assert [*await _rows(bench, tasks), *await _rows(bench, deliveries)] == []
        objects.close()
        return found

    asyncio.run(prepare())
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_retention", database_url, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 20
    assert {CrashPoint.ARCHIVE_BEGUN, CrashPoint.ARCHIVE_WRITTEN} <= set(done.stderr.split())
    found = asyncio.run(archived())
    assert sorted(found) == list_files(folder)
    rows = Counter(row for of_file in found.values() for row in of_file)
    assert set(rows.values()) == {1}
    assert {kept_class for kept_class, _ in rows} == {KeptClass.INPUTS, KeptClass.TASKS}


async def test_less_than_a_batch_waits_six_hours_for_more(
    database_url: str, archive: MeddlingFolder, tmp_path: Path
) -> None:
    clock = HandClock()
    async with opened(database_url, clock, INPUTS, archive) as bench:
        await _ended(bench, "one")
        clock.move(10 * DAY_S + 2 * 3600)  # it stays an hour behind, and so one task is due
        chore = RetentionChore(bench.context, batch=2)
        await run_all(chore)
        assert list_files(tmp_path / "archive") == []
        clock.move(5 * 3600 + 60)
        await run_all(chore)
        assert len(list_files(tmp_path / "archive")) == 1
        await _ended(bench, "two", "three")
        clock.move(10 * DAY_S + 2 * 3600)
        await run_all(chore)  # a batch is full
        assert len(await _read(bench, KeptClass.INPUTS)) == 3
