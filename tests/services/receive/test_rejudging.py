"""Kept callbacks that are read again: what moves, what does not, and what a preview says of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.support.made_up import NAME, SECRET_HEADER, MadeUp, Shared
from tests.support.made_up_api import Played, build_poll_answer
from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import SECRET, ScriptedHttp, Workbench, open_workbench
from tracker.domain import token
from tracker.domain.errors import CallbackUnproven, Conflict, InvalidRequest, NotFound
from tracker.domain.events import Source
from tracker.domain.lifecycle import Verdict
from tracker.domain.observation import Observation
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.account import Account
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.services.receive.reception import Reception
from tracker.services.receive.rejudging import ReceiptRejudger, Rejudged
from tracker.store import attention, odd_receipts
from tracker.store.odd_receipts import OddFilter
from tracker.store.schema import deliveries

pytestmark = pytest.mark.anyio
NOBODY = UUID(int=7)
WHO = "key 1 (ops)"
DONE = {"id": "theirs", "status": "succeeded", "pieces": [{"key": "1", "url": "https://m/v"}]}
FAILED = {"id": "theirs", "status": "failed", "why": "no"}


@dataclass(frozen=True)
class _Learned(MadeUp):
    """An adapter of a later release, which knows one more word."""

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        known = inbound.body.replace(b"marinating", b"running")
        return super().parse_callback(replace(inbound, body=known))


@dataclass(frozen=True)
class _Signing(MadeUp):
    """An adapter whose proof lies in a header that is kept with the receipt."""

    def get_proof_scheme(self, account: Account) -> Shared | None:
        scheme = super().get_proof_scheme(account)
        return scheme and replace(scheme, headers=frozenset({SECRET_HEADER}))


@asynccontextmanager
async def _bench(url: str, **more: Any) -> AsyncIterator[tuple[Workbench, ReceiptRejudger]]:
    async with open_workbench(
        url, ScriptedHttp(Played(poll=build_poll_answer(DONE))), **more
    ) as bench:
        yield bench, ReceiptRejudger(bench.context)


async def _odd(bench: Workbench, *verdicts: Verdict) -> list[int]:
    """Every odd receipt of these verdicts, oldest first."""
    wanted = OddFilter("default", verdicts=verdicts or attention.ASKING)
    found = await bench.context.store.read(
        lambda db: odd_receipts.list_page(db, wanted, before=None, limit=100)
    )
    return sorted(one.receipt.key for one in found)


async def _shared(bench: Workbench, body: Any) -> Verdict:
    """The provider calls the shared URL, with its token."""
    signed = token.sign(SECRET, NAME, token.SHARED)
    raw = build_raw_callback(NAME, token.SHARED, signed, json.dumps(body).encode())
    return (await Reception(bench.context).receive(raw)).verdict


def _moves(result: Rejudged) -> list[tuple[int, TaskState]]:
    return [(step.task.version, step.task.state) for step in result.steps]


async def test_an_attached_callback_moves_its_task_as_the_preview_said(database_url: str) -> None:
    async with _bench(database_url) as (bench, rejudging):
        task = await bench.accept_task(await bench.create_queued("ours"), "other")
        assert await _shared(bench, DONE) is Verdict.UNKNOWN_TASK
        (key,) = await _odd(bench)
        seen = await rejudging.attach("default", key, task.id, actor=WHO, is_dry=True)
        assert (seen.was, seen.verdict) == (Verdict.UNKNOWN_TASK, Verdict.ADVANCED)
        assert _moves(seen) == [(task.version + 1, TaskState.SUCCEEDED)]
        assert await bench.read_task(task.key) == task
        assert await _odd(bench) == [key]
        done = await rejudging.attach("default", key, task.id, actor=WHO, is_dry=False)
        assert (done.verdict, _moves(done)) == (seen.verdict, _moves(seen))
        last = (await bench.read_history(task))[-1]
        assert (last.source, last.actor, last.receipt) == (Source.OPERATOR, WHO, key)
        assert await _odd(bench) == []
        kept = await bench.context.store.read(lambda db: odd_receipts.get_whole(db, "default", key))
        assert kept is not None
        assert (kept.task_id, kept.receipt.verdict) == (task.id, Verdict.ADVANCED)
        assert kept.receipt.reason is not None
        assert WHO in kept.receipt.reason
        assert "unknown_task" in kept.receipt.reason


async def test_of_two_people_at_once_one_attaches(database_url: str) -> None:
    async with _bench(database_url) as (bench, rejudging):
        one, other = await bench.submit_tasks(2)
        await _shared(bench, DONE)
        (key,) = await _odd(bench)
        told = await asyncio.gather(
            *(
                rejudging.attach("default", key, task.id, actor=WHO, is_dry=False)
                for task in (one, other)
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(result, Conflict) for result in told) == 1
        states = [(await bench.read_task(task.key)).state for task in (one, other)]
        assert sorted(states) == [TaskState.SUBMITTED, TaskState.SUCCEEDED]


async def test_a_contradiction_changes_no_verdict_and_still_asks_for_somebody(
    database_url: str,
) -> None:
    async with _bench(database_url) as (bench, rejudging):
        task = await bench.accept_task(await bench.create_queued("ours"), "other")
        await bench.call_back(task, DONE | {"id": "other"})
        task = await bench.read_task(task.key)
        await _shared(bench, FAILED)
        (key,) = await _odd(bench)
        done = await rejudging.attach("default", key, task.id, actor=WHO, is_dry=False)
        assert (done.verdict, list(done.steps)) == (Verdict.CONFLICT, [])
        assert await bench.read_task(task.key) == task
        assert await _odd(bench, Verdict.CONFLICT) == [key]
        again = await rejudging.replay("default", key, actor=WHO, is_dry=False)
        assert (again.verdict, list(again.steps)) == (Verdict.CONFLICT, [])
        with pytest.raises(Conflict, match="replay it"):
            await rejudging.attach("default", key, task.id, actor=WHO, is_dry=True)


async def test_a_word_that_becomes_known_moves_the_task_once_and_owes_one_message(
    database_url: str,
) -> None:
    said = {"id": "theirs", "status": "marinating"}
    async with _bench(database_url) as (bench, rejudging):
        task = await bench.submit_task()
        assert (await bench.call_back(task, said)).verdict is Verdict.UNKNOWN_STATUS
        (key,) = await _odd(bench)
        same = await rejudging.replay("default", key, actor=WHO, is_dry=False)
        assert (same.verdict, list(same.steps)) == (Verdict.UNKNOWN_STATUS, [])
    async with _bench(database_url, adapter=_Learned()) as (bench, rejudging):
        for is_dry in (True, False):
            told = await rejudging.replay("default", key, actor=WHO, is_dry=is_dry)
            assert _moves(told) == [(task.version + 1, TaskState.RUNNING)]
        owed = await bench.context.store.read(lambda db: db.execute(select(deliveries)).all())
        again = await rejudging.replay("default", key, actor=WHO, is_dry=False)
        assert (again.verdict, list(again.steps)) == (Verdict.DUPLICATE, [])
        assert await _odd(bench) == []
        assert len(await bench.read_history(task)) == task.version + 1
        still = await bench.context.store.read(lambda db: db.execute(select(deliveries)).all())
        assert still == owed


async def test_an_unproven_verdict_of_the_shared_url_still_waits_for_the_provider(
    database_url: str,
) -> None:
    async with _bench(database_url) as (bench, rejudging):
        task = await bench.submit_task()
        assert await _shared(bench, DONE) is Verdict.UNCONFIRMED
        (key,) = await _odd(bench, Verdict.UNCONFIRMED)
        told = await rejudging.replay("default", key, actor=WHO, is_dry=False)
        assert (told.verdict, list(told.steps)) == (Verdict.UNCONFIRMED, [])
        assert (await bench.read_task(task.key)).state is TaskState.SUBMITTED
        assert await bench.leases.find_next_due(JobKind.RECONCILE) is not None


async def test_one_refused_for_a_wrong_secret_counts_once_the_right_one_is_set(
    database_url: str,
) -> None:
    old, new = {"webhook_secrets": ("old",)}, {"webhook_secrets": ("new",)}
    async with _bench(database_url, adapter=_Signing(), options=old) as (bench, rejudging):
        task = await bench.submit_task()
        with pytest.raises(CallbackUnproven):
            await bench.call_back(task, DONE, secret="new")
        (key,) = await _odd(bench, Verdict.FORGED)
        told = await rejudging.replay("default", key, actor=WHO, is_dry=False)
        assert (told.verdict, list(told.steps)) == (Verdict.FORGED, [])
    async with _bench(database_url, adapter=_Signing(), options=new) as (bench, rejudging):
        told = await rejudging.replay("default", key, actor=WHO, is_dry=False)
        assert _moves(told) == [(task.version + 1, TaskState.SUCCEEDED)]


async def test_a_strangers_callback_stays_one_until_a_person_answers_for_it(
    database_url: str,
) -> None:
    async with _bench(database_url) as (bench, rejudging):
        task = await bench.submit_task()
        raw = build_raw_callback(NAME, str(task.id), "guessed", json.dumps(DONE).encode())
        with pytest.raises(NotFound):
            await Reception(bench.context).receive(raw)
        (key,) = await _odd(bench, Verdict.FORGED)
        told = await rejudging.replay("default", key, actor=WHO, is_dry=False)
        assert (told.verdict, list(told.steps)) == (Verdict.FORGED, [])
        told = await rejudging.attach("default", key, task.id, actor=WHO, is_dry=True)
        assert _moves(told) == [(task.version + 1, TaskState.SUCCEEDED)]


async def test_of_several_tasks_only_the_named_one_hears(database_url: str) -> None:
    async with _bench(database_url) as (bench, rejudging):
        one, other = await bench.submit_tasks(2)
        said = [DONE | {"id": "nobody-1"}, DONE | {"id": "nobody-2"}]
        await _shared(bench, said)
        (key,) = await _odd(bench)
        with pytest.raises(Conflict, match="names none of them"):
            await rejudging.attach("default", key, one.id, actor=WHO, is_dry=False)
        await _shared(bench, [said[0] | {"n": 1}, FAILED | {"id": "theirs-1", "mark": "wrong"}])
        key = (await _odd(bench))[-1]
        await rejudging.attach("default", key, other.id, actor=WHO, is_dry=False)
        assert (await bench.read_task(other.key)).state is TaskState.FAILED
        assert (await bench.read_task(one.key)).state is TaskState.SUBMITTED


async def test_what_cannot_be_read_again_is_refused_in_words(database_url: str) -> None:
    async with _bench(database_url) as (bench, rejudging):
        task = await bench.submit_task()
        signed = token.sign(SECRET, NAME, str(task.id))
        raw = build_raw_callback(NAME, str(task.id), signed, b"{")
        await Reception(bench.context).receive(raw)
        (key,) = await _odd(bench)
        with pytest.raises(Conflict, match="the body is no JSON"):
            await rejudging.attach("default", key, task.id, actor=WHO, is_dry=False)
        told = await rejudging.replay("default", key, actor=WHO, is_dry=False)
        assert (told.verdict, told.reason) == (Verdict.MALFORMED, "the body is no JSON")
        await _shared(bench, DONE | {"id": "nobody"})
        key = (await _odd(bench, Verdict.UNKNOWN_TASK))[0]
        for tenant, target, error in (
            ("other", task.id, NotFound),
            ("default", NOBODY, InvalidRequest),
        ):
            with pytest.raises(error):
                await rejudging.attach(tenant, key, target, actor=WHO, is_dry=False)
