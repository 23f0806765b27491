"""Rows that are owed to subscribers, written with the steps that they tell of."""

from collections.abc import Collection

import pytest
from sqlalchemy import Connection, select

from tests.support.made_up import NAME
from tests.support.made_up_api import Played, build_answer
from tests.support.workbench import OPERATION, ScriptedHttp, open_workbench
from tracker.domain.custody import Asset
from tracker.domain.lifecycle import Verdict
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import assets
from tracker.store.schema import deliveries

pytestmark = pytest.mark.anyio
DONE = {"status": "succeeded", "pieces": [{"key": "1", "url": "https://media.example/v.mp4"}]}


async def test_files_of_all_that_ends_in_a_transaction_are_one_query(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = Played(make=build_answer(id="theirs-1", parts=[{"id": "theirs-2", "mark": "2"}]))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        asked = Submission(
            tenant="default",
            provider=NAME,
            operation=OPERATION,
            input={"prompt": "rain"},
            webhook_url="https://subscriber.example/hook",
        )
        first = (await SubmissionIntake(bench.context).accept(asked)).task
        await bench.send()
        looks: list[list[int]] = []
        read = assets.list_of_tasks

        def counted(db: Connection, keys: Collection[int]) -> dict[int, list[Asset]]:
            looks.append(sorted(keys))
            return read(db, keys)

        # Counted, not replaced: the query is made.
        monkeypatch.setattr(assets, "list_of_tasks", counted)
        told = [{"id": "theirs-1", **DONE}, {"id": "theirs-2", **DONE}]
        assert (await bench.call_back(first, told)).verdict is Verdict.ADVANCED
        assert [task.state.value for task in await bench.list_all()] == ["succeeded"] * 2
        assert looks == [sorted(task.key for task in await bench.list_all())]
        owed = await bench.context.store.read(
            lambda db: db.scalars(
                select(deliveries.c.task_key).where(deliveries.c.event == "task.succeeded")
            ).all()
        )
        assert sorted(owed) == [task.key for task in await bench.list_all()]
