"""Objects that tenants made at a provider are theirs for a stated time, then nobody's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from tests.support.made_up import NAME
from tests.support.made_up_api import Played
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.services.upkeep.sweeping import MADE_KEPT, Sweeper
from tracker.store import made_objects
from tracker.store.driver.transaction import Tx
from tracker.store.made_objects import MadeObject

pytestmark = pytest.mark.anyio


async def test_old_objects_are_forgotten(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        now, day = bench.context.clock.now(), timedelta(days=1)
        times = {"old": now - MADE_KEPT - day, "kept": now - MADE_KEPT + day, "new": now}

        def keep(tx: Tx, asked: Sequence[dict[str, datetime]]) -> list[None]:
            for at in asked:
                for id_, made_at in at.items():
                    made = MadeObject(NAME, "default", "voice", id_, "t")
                    made_objects.insert_many(tx.db, [made], now=made_at)
            return [None] * len(asked)

        await bench.context.store.write(keep, times)
        await Sweeper(bench.context).forget()
        found = await bench.context.store.read(
            lambda db: made_objects.find_named(db, NAME, "voice", list(times))
        )
        assert {one.id for one in found} == {"kept", "new"}
