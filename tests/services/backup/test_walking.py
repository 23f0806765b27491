"""Lists are walked to their end, once, and bring back what a restored database does not know."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.made_up import NAME
from tests.support.made_up_api import Played, build_answer
from tests.support.workbench import OPERATION, ScriptedHttp, open_workbench
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.outcome import Unanswered
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import Answer
from tracker.providers.ports.listing import ListedPage, ListedTask, ListRequest
from tracker.services.backup.walking import ListWalk
from tracker.store import restoring

pytestmark = pytest.mark.anyio


class _Pages:
    """Lists of the made-up provider, of the pages that a test plays."""

    def build_list(self, request: ListRequest) -> HttpCall:
        number = 1 if request.page is None else request.page["number"]
        return HttpCall("GET", f"{request.account.base_url}/list?page={number}")

    def parse_list(self, request: ListRequest, answer: Answer) -> ListedPage | Unanswered:
        if not isinstance(answer, HttpResult) or answer.status != 200:
            return Unanswered("it is away")
        said = json.loads(answer.body)
        found = [ListedTask(OPERATION, id_) for id_ in said["ids"]]
        found += [ListedTask(OPERATION, "t", callback_url=url) for url in said.get("urls", ())]
        following = said.get("following")
        return ListedPage(found, None if following is None else {"number": following})


async def test_a_list_that_broke_off_is_walked_again_and_a_whole_one_is_not(
    database_url: str,
) -> None:
    played = Played(pages=[build_answer(ids=["a", "known"], following=2), build_answer(500)])
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        await bench.accept_task(await bench.create_queued("one"), "known")
        context = bench.context
        object.__setattr__(
            context, "providers", {NAME: replace(context.providers[NAME], lists=_Pages())}
        )
        walk = ListWalk(context)
        assert (await walk.walk(), played.asked) == ([], [])  # nothing is being recovered
        restoring.begin(database_url, since=datetime.now(UTC))
        await context.recovery.look(context.store)
        (broken,) = await walk.walk()
        assert (broken.seen, broken.adopted, broken.reason) == (2, 1, "it is away")
        played.pages = [played.pages[0], build_answer(ids=["b"])]
        (whole,) = await walk.walk()
        assert (whole.seen, whole.adopted, whole.reason) == (3, 1, None)
        assert await walk.walk() == []
        assert played.asked == ["list"] * 4
        there = {task.provider_task_id: task.state for task in await bench.list_all()}
        assert there == dict.fromkeys(["a", "known", "b"], TaskState.SUBMITTED)


async def test_tasks_that_call_somebody_else_back_are_left(database_url: str) -> None:
    theirs = ["https://other.example/hook", "https://[", "https://t.example/callbacks/other/1/x"]
    played = Played(
        pages=[build_answer(ids=[], urls=theirs, following=2), build_answer(ids=["ours"])]
    )
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        context = bench.context
        object.__setattr__(
            context, "providers", {NAME: replace(context.providers[NAME], lists=_Pages())}
        )
        restoring.begin(database_url, since=datetime.now(UTC))
        await context.recovery.look(context.store)
        (walked,) = await ListWalk(context).walk()
        assert (walked.seen, walked.adopted) == (4, 1)
        assert [task.provider_task_id for task in await bench.list_all()] == ["ours"]
        old = f"https://before.example/callbacks/{NAME}/0190b5e6-0000-7000-8000-000000000001/old"
        played.pages = [build_answer(ids=[], urls=[old])]
        (again,) = await ListWalk(context).walk()
        assert again.adopted == 1  # of ours, by a token that does not count any more
