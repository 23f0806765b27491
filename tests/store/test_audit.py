"""An action and its entry are one: no failure and no retry parts or doubles them."""

import asyncio
from collections.abc import Sequence
from itertools import count
from operator import itemgetter
from typing import Any

import pytest

from tracker.clock import SystemClock
from tracker.domain.errors import Conflict
from tracker.domain.signals import CrashPoint
from tracker.store import audit
from tracker.store.audit import AuditFilter, RecordedAction
from tracker.store.driver import acting
from tracker.store.driver.acting import ActorAction
from tracker.store.driver.transaction import Tx
from tracker.store.store import Store

pytestmark = pytest.mark.anyio
MINE = AuditFilter("t")


def _do(_tx: Tx, items: Sequence[Any]) -> list[Any]:
    return list(items)


async def _kept(store: Store, wanted: AuditFilter = MINE) -> list[RecordedAction]:
    return await store.read(lambda db: audit.list_page(db, wanted, before=None, limit=10))


async def _act(store: Store, *items: Any, **more: Any) -> ActorAction:
    act = ActorAction("t", "somebody", "things.do", **more)
    acting.begin(act)
    for item in items:
        await store.write(_do, item)
    return act


async def test_a_transaction_that_is_tried_again_leaves_one_entry(database_url: str) -> None:
    attempts = count()

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.COMMIT_READY and next(attempts) == 0:
            raise RuntimeError("the process dies here")

    async with Store(database_url, SystemClock(), at) as store:
        with pytest.raises(RuntimeError):
            await _act(store, "x")
        assert await _kept(store) == []
        act = await _act(store, "x", target="o-1", request_id="r")
        (entry,) = await _kept(store)
        assert (entry.key, entry.target, entry.number) == (act.key, "o-1", 1)
        assert (entry.actor, entry.action, entry.request_id) == ("somebody", "things.do", "r")


async def test_pieces_of_one_action_add_up_in_one_entry(database_url: str) -> None:
    async with Store(database_url, SystemClock()) as store:
        await _act(store, (2, "a"), (3, "b"), (0, "c"), count=itemgetter(0))
        assert [entry.number for entry in await _kept(store)] == [5]
        await _act(store, "one", "two")
        assert [entry.number for entry in await _kept(store)] == [1, 5]


async def test_neighbours_of_one_batch_keep_their_own_entries(database_url: str) -> None:
    async with Store(database_url, SystemClock()) as store:

        async def one(name: str, item: Any) -> None:
            acting.begin(ActorAction(name, name, "things.do"))
            await store.write(_do, item)

        told = await asyncio.gather(
            one("t", "fine"), one("u", Conflict("no")), one("v", False), return_exceptions=True
        )
        assert isinstance(told[1], Conflict)
        assert [entry.actor for entry in await _kept(store)] == ["t"]
        for tenant in ("u", "v"):  # refused, and nothing to do
            assert await _kept(store, AuditFilter(tenant)) == []


async def test_what_is_dropped_or_begun_by_nobody_leaves_none(database_url: str) -> None:
    async with Store(database_url, SystemClock()) as store:
        await store.write(_do, "x")
        acting.begin(ActorAction("t", "somebody", "things.do"))
        acting.drop()
        await store.write(_do, "x")
        assert await _kept(store) == []
