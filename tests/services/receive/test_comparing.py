"""A callback beside its task: what it says, what is known, and what can be read at all."""

import json

import pytest

from tests.support.made_up import NAME
from tests.support.made_up_api import Played, build_poll_answer
from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import SECRET, ScriptedHttp, Workbench, open_workbench
from tracker.domain import token
from tracker.services.receive.comparing import Comparison, RereadComparer
from tracker.services.receive.reception import Reception
from tracker.store import attention, odd_receipts
from tracker.store.odd_receipts import OddFilter

pytestmark = pytest.mark.anyio
DONE = {"id": "theirs", "status": "succeeded", "pieces": [{"key": "1", "url": "https://m/v"}]}
FAILED = {"id": "theirs", "status": "failed", "why": "no"}


async def _send(bench: Workbench, body: bytes) -> None:
    signed = token.sign(SECRET, NAME, token.SHARED)
    raw = build_raw_callback(NAME, token.SHARED, signed, body)
    await Reception(bench.context).receive(raw)


async def _compare_newest(bench: Workbench) -> Comparison | None:
    wanted = OddFilter("default", verdicts=attention.ASKING)
    read = bench.context.store.read
    found = await read(lambda db: odd_receipts.list_page(db, wanted, before=None, limit=1))
    whole = await read(lambda db: odd_receipts.get_whole(db, "default", found[0].receipt.key))
    assert whole is not None
    return await RereadComparer(bench.context).compare(whole)


async def test_a_contradiction_shows_both_sides(database_url: str) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(Played(poll=build_poll_answer(DONE)))
    ) as bench:
        task = await bench.accept_task(await bench.create_queued("ours"), "theirs")
        await bench.call_back(task, DONE)
        await _send(bench, json.dumps(FAILED).encode())
        compared = await _compare_newest(bench)
        assert compared is not None
        (fields,) = compared.statements
        told = {one.name: (one.said, one.known, one.differs) for one in fields}
        assert told["provider_task_id"] == ("theirs", "theirs", False)
        assert told["external_task_id"] == (None, "ours", False)
        assert told["word"] == ("failed", "succeeded", True)
        assert told["state"] == ("failed", "succeeded", True)
        assert compared.unread is None


async def test_without_a_task_only_one_side_is_there(database_url: str) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(Played(poll=build_poll_answer(DONE)))
    ) as bench:
        await _send(bench, json.dumps(DONE | {"id": "nobody's"}).encode())
        compared = await _compare_newest(bench)
        assert compared is not None
        (fields,) = compared.statements
        assert all(one.known is None and not one.differs for one in fields)
        assert {one.name: one.said for one in fields}["provider_task_id"] == "nobody's"


async def test_what_cannot_be_read_says_why(database_url: str) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(Played(poll=build_poll_answer(DONE)))
    ) as bench:
        await _send(bench, b"{")
        compared = await _compare_newest(bench)
        assert compared is not None
        assert compared.statements == []
        assert compared.unread
