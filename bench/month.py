"""Row 40: thirty days at a steady rate, in steps of 15 minutes of a clock that is moved by hand.

Tasks end by callback and owe deliveries; the chores of a worker run, retention with an archive;
each hour is backed up and the feed read on. In between the archive takes nothing for a while, the
database moves to another place (on PostgreSQL: its primary is killed, its synchronous standby
promoted), and is migrated from the schema before.
"""

import asyncio
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import psycopg
from alembic import command
from sqlalchemy import create_engine, select, text

from bench.bed import Bed
from bench.table import Figure
from tests.support.made_up import NAME
from tests.support.made_up_api import Played
from tests.support.memory import find_memory_folder
from tests.support.postgres import PROGRAMS, PostgresServer
from tests.support.waiting import wait_until
from tests.support.workbench import (
    OPERATION,
    SECRET,
    HandClock,
    ScriptedHttp,
    Workbench,
    open_workbench,
)
from tracker.domain.archive import ArchivedRow
from tracker.domain.errors import CursorTooOld
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.retention import KeptClass, RetentionPolicy
from tracker.objects.folder import Folder
from tracker.services.backup.making import BackupOrder, make
from tracker.services.deliver.sending import DeliverySender
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep import archive_reading
from tracker.services.upkeep.database_identity import note_identity
from tracker.services.upkeep.retention_lease import NAME as RETENTION
from tracker.store import conditions, feed
from tracker.store.archives import ArchiveFilter
from tracker.store.driver.engine import find_sqlite_file
from tracker.store.filters import TaskFilter
from tracker.store.migrate import build_alembic_config, upgrade
from tracker.store.schema import tasks, transitions
from tracker.workers.roles import list_chores
from tracker.workers.supervisor import Chore

STEPS = 4
"""Of an hour: retention is late when it has not run for more than fifteen minutes."""
SERVER_TIME = """
    CREATE TABLE simulated (at timestamptz NOT NULL);
    INSERT INTO simulated VALUES (now());
    CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
        AS 'SELECT at FROM public.simulated';
    ALTER DATABASE postgres SET search_path = public, pg_catalog
"""
"""PostgreSQL's clock, by which leases are judged, moves with ours: a function that is found before
the server's own."""
POLICY = RetentionPolicy(
    {
        KeptClass.INPUTS: timedelta(days=2),
        KeptClass.EVIDENCE: timedelta(days=3),
        KeptClass.DELIVERIES: timedelta(days=2),
        KeptClass.TASKS: timedelta(days=7),
    },
    tombstones=timedelta(days=8),
)
FIRST_WINDOW = 15
"""Days until whatever comes goes at the same rate: tasks are kept for 7, tombstones for 8 more."""
DAYS, MOVE, UPGRADE = 30, 15, 20
"""Days on whose beginning something happens, counted from 1; the last is a whole one."""
OUTAGE = range(10 * 24, 10 * 24 + 3)
"""Hours in which the archive takes nothing."""
EXPECTED = {conditions.ARCHIVE_FAILING, conditions.RETENTION_BEHIND, conditions.DATABASE_CHANGED}


@dataclass
class Month:
    """Observations so far.

    sizes: bytes of the database at the end of each day. fired: days on which a condition stood.
    """

    clock: HandClock = field(default_factory=HandClock)
    acknowledged: dict[UUID, str] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    position: int = 0
    too_old: int = 0
    sizes: list[int] = field(default_factory=list)
    fired: dict[str, set[int]] = field(default_factory=dict)
    backups: int = 0


class Place:
    """Where the database is, and how it gets elsewhere."""

    def __init__(self, folder: Path, stack: ExitStack, kind: str) -> None:
        self._folder = folder
        if kind == "sqlite":
            self.url = f"sqlite:///{folder / 'month.db'}"
            upgrade(self.url)
            self._servers = None
            return
        primary = PostgresServer()
        stack.callback(primary.close)
        upgrade(primary.start().build_url())
        standby = PostgresServer(follows=primary)
        stack.callback(standby.close)
        self._servers, self.url = (primary, standby), primary.build_url()
        _do(self.url, SERVER_TIME)

    def move_clock(self, at: datetime) -> None:
        """Have the server tell this time."""
        if self._servers is not None:
            with psycopg.connect(self.url) as db:
                db.execute("UPDATE simulated SET at = %s", (at,))

    def move(self) -> None:
        """Go on elsewhere, with all that was committed. Nothing is open meanwhile."""
        if self._servers is None:
            file = find_sqlite_file(self.url)
            assert file is not None
            shutil.copyfile(file, elsewhere := file.with_name("elsewhere.db"))
            self.url = f"sqlite:///{elsewhere}"
            return
        primary, standby = self._servers
        standby.start()
        primary.configure("synchronous_standby_names", "*")
        wait_until(
            lambda: (
                _row(primary.build_url(), "SELECT sync_state FROM pg_stat_replication") == "sync"
            )
        )
        _do(primary.build_url(), "SELECT pg_switch_wal()")
        primary.kill()
        standby.promote()
        self.url = standby.build_url()

    def dump(self) -> Path | None:
        """Return a dump of PostgreSQL; None on SQLite."""
        if self._servers is None:
            return None
        dump = self._folder / "month.dump"
        program = [PROGRAMS / "pg_dump", "--format=custom", f"--file={dump}", self.url]
        subprocess.run(program, check=True, capture_output=True)
        return dump

    def get_size(self) -> int:
        """Return the bytes of the database, after what its server does by itself within a day."""
        file = find_sqlite_file(self.url)
        if file is None:
            _do(self.url, "VACUUM")
            return int(_row(self.url, "SELECT pg_database_size(current_database())"))
        _row(self.url, "PRAGMA wal_checkpoint(TRUNCATE)")
        return file.stat().st_size


def thirty_days(bed: Bed) -> list[Figure]:
    """Each database."""
    figures = []
    for kind in bed.kinds:
        # In memory, where commits need not wait for a disk: time is not what is measured.
        with TemporaryDirectory(dir=find_memory_folder()) as folder, ExitStack() as stack:
            place = Place(Path(folder), stack, kind)
            figures += asyncio.run(_measure(bed, place, Path(folder), kind))
    return figures


async def _measure(bed: Bed, place: Place, folder: Path, kind: str) -> list[Figure]:
    hourly, every, rest = (1, 24, 6) if bed.quick else (STEPS, 1, 1)
    month, archive = Month(), folder / "archive"
    for first, last in ((1, MOVE - 1), (MOVE, UPGRADE - 1), (UPGRADE, DAYS)):
        if first == MOVE:
            place.move()
        if first == UPGRADE:
            command.downgrade(build_alembic_config(place.url), "-1")
            upgrade(place.url)
        async with _opened(place.url, month, archive) as bench:
            work = list_chores(bench.context)
            for hour in range((first - 1) * 24, last * 24):
                with _unusable(archive) if hour in OUTAGE else ExitStack():
                    now = [one for one in work if hour % rest == 0 or one.name == RETENTION]
                    await _hour(bench, now, month, place, hourly)
                if hour % every == 0:
                    _back_up(folder, place, month)
                if hour % 24 == 23:
                    month.sizes.append(place.get_size())
            lost, missed = await _lost(bench, month), await _missed(bench, month)
    return _figures(month, kind, lost, missed)


def _figures(month: Month, kind: str, lost: int, missed: int) -> list[Figure]:
    level = month.sizes[FIRST_WINDOW - 1]
    late = month.sizes[FIRST_WINDOW:]
    unexpected = sorted(set(month.fired) - EXPECTED)
    silent = sorted(EXPECTED - set(month.fired))
    raw = (
        f"{level / 1e6:.2f} MB on day {FIRST_WINDOW}, {min(late) / 1e6:.2f} to "
        f"{max(late) / 1e6:.2f} after it"
    )
    told = ", ".join(f"{name} on day {_days(on)}" for name, on in sorted(month.fired.items()))
    wrong = (
        f"{lost} of {len(month.acknowledged):,} lost, {missed} of {len(month.seen):,} missed, "
        f"alerts without cause {unexpected}, silent {silent}; {told}; {month.backups} backups"
    )
    return [
        Figure("40", max(late) / level, raw, kind),
        Figure("40x", lost + missed + len(unexpected) + len(silent), wrong, kind),
    ]


def _days(on: set[int]) -> str:
    return f"{min(on)}" if len(on) == 1 else f"{min(on)} to {max(on)}"


@asynccontextmanager
async def _opened(url: str, month: Month, archive: Path) -> AsyncIterator[Workbench]:
    played = Played()

    def answer(call: HttpCall) -> HttpResult:
        return HttpResult(200, {}, b"") if "subscriber" in call.url else played(call)

    with closing(Folder(archive, is_new=True)) as folder:
        async with open_workbench(
            url, ScriptedHttp(answer), clock=month.clock, retention=POLICY, archive=folder
        ) as bench:
            yield bench


async def _hour(
    bench: Workbench, work: Sequence[Chore], month: Month, place: Place, hourly: int
) -> None:
    delivering = DeliverySender(bench.context)
    for step in range(STEPS):
        if step < hourly:
            await _one_task(bench, month)
        lanes = await delivering.list_lanes()
        for held in await delivering.claim({lane.name: 100 for lane in lanes}):
            await delivering.deliver(held)
        await note_identity(bench.context)
        for chore in work:
            while (step == 0 or chore.name == RETENTION) and await chore.run() == 0.0:
                pass
        for one in await bench.context.store.read(conditions.list_open):
            month.fired.setdefault(one.name, set()).add(len(month.sizes) + 1)
        month.clock.move(3600 / STEPS)
        place.move_clock(month.clock.now())
    await _read_feed(bench, month)


async def _one_task(bench: Workbench, month: Month) -> None:
    name = f"month-{len(month.acknowledged)}"
    asked = Submission(
        tenant="default",
        provider=NAME,
        operation=OPERATION,
        input={"prompt": "rain"},
        external_task_id=name,
        webhook_url="https://subscriber.example/hook",
    )
    task = (await SubmissionIntake(bench.context).accept(asked)).task
    month.acknowledged[task.id] = name
    task = await bench.accept_task(task, f"theirs-{name}")
    pieces = [{"key": "1", "url": "https://media.example/v.mp4"}]
    said = {"id": f"theirs-{name}", "status": "succeeded", "pieces": pieces}
    await bench.call_back(task, said)


async def _read_feed(bench: Workbench, month: Month) -> None:
    """Read on behind what was read; a place that is not kept any more counts as missed."""
    while True:
        after = month.position
        try:
            page = await bench.context.store.read(
                lambda db, after=after: feed.list_page(
                    db, TaskFilter("default"), after=after, limit=500
                )
            )
        except CursorTooOld:
            month.too_old += 1
            return
        month.seen |= {change.seq for change in page.changes}
        month.position = page.position
        if not page.more:
            return


def _back_up(folder: Path, place: Place, month: Month) -> None:
    destination = folder / "backup"
    shutil.rmtree(destination, ignore_errors=True)
    make(BackupOrder(place.url, [SECRET], dump=place.dump()), destination, month.clock)
    month.backups += 1


async def _lost(bench: Workbench, month: Month) -> int:
    """Count tasks that are neither in the database nor in the archive."""
    there = set(await bench.context.store.read(lambda db: [*db.scalars(select(tasks.c.id))]))
    there |= {row["id"] for row in await _archived(bench)}
    return len(set(month.acknowledged) - there)


async def _missed(bench: Workbench, month: Month) -> int:
    """Count steps that the reader of the feed was not told of."""
    kept = await bench.context.store.read(lambda db: [*db.scalars(select(transitions.c.seq))])
    archived = [step["seq"] for row in await _archived(bench) for step in row["transitions"]]
    twice = [seq for seq, times in Counter([*kept, *archived]).items() if times > 1]
    return len({*kept, *archived} - month.seen) + month.too_old + len(twice)


async def _archived(bench: Workbench) -> list[ArchivedRow]:
    assert bench.context.archive is not None
    found = archive_reading.iterate_rows(
        bench.context.store, bench.context.archive, ArchiveFilter(KeptClass.TASKS)
    )
    return [row async for _, row in found]


def _unusable(archive: Path) -> ExitStack:
    """Have a file stand where the archive's folder is, as where a disk is not mounted."""
    stack = ExitStack()
    aside = archive.with_name(f"{archive.name}-aside")
    archive.rename(aside)
    archive.touch()
    stack.callback(aside.rename, archive)
    stack.callback(archive.unlink)
    return stack


def _do(url: str, statement: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text(statement))
    engine.dispose()


def _row(url: str, statement: str) -> str:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as db:
        found = db.execute(text(statement)).scalar()
    engine.dispose()
    return str(found)
