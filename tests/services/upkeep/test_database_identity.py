"""That the database changed is said for a day; a note beside the file is kept up to date."""

import pytest

from tests.support import history
from tests.support.subscribing import OK
from tests.support.workbench import HandClock, ScriptedHttp, open_workbench
from tracker.services.conditions import ConditionReport, report
from tracker.services.upkeep.database_identity import SAID, note_identity
from tracker.store import conditions
from tracker.store.conditions import CLOCK_SKEW, DATABASE_CHANGED
from tracker.store.driver.engine import find_sqlite_file
from tracker.store.driver.file_note import note_path

pytestmark = pytest.mark.anyio


async def test_it_stands_for_a_day_and_ends_by_itself(database_url: str) -> None:
    clock = HandClock()
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK), clock=clock) as bench:
        store = bench.context.store
        for name in (DATABASE_CHANGED, CLOCK_SKEW):
            await store.write(report, ConditionReport(name, "", "", "for a reason"))
        await note_identity(bench.context)
        assert len(await store.read(conditions.list_open)) == 2
        clock.move(SAID.total_seconds() + 1)
        await note_identity(bench.context)
        assert [one.name for one in await store.read(conditions.list_open)] == [CLOCK_SKEW]


async def test_the_newest_number_stands_beside_the_file(sqlite_url: str) -> None:
    file = find_sqlite_file(sqlite_url)
    assert file is not None
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK)) as bench:
        for newest in (1, 2):
            await history.insert(bench.context.store, history.make_task())
            await note_identity(bench.context)
            assert f'"seq": {newest}' in note_path(file).read_text()
