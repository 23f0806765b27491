"""Receipts that are read again: what is found, what is corrected, and what stays as it is."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.support.made_up import NAME, REVISION, MadeUp
from tests.support.made_up_api import Played, build_poll_answer
from tests.support.subscribing import create_endpoint
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.errors import Conflict, InvalidRequest, NotFound
from tracker.domain.events import EventKind, Source
from tracker.domain.exchange import HttpFailure, HttpResult
from tracker.domain.lifecycle import Verdict
from tracker.domain.observation import Observation
from tracker.domain.outcome import PollOutcome
from tracker.domain.refolding import RereadKind
from tracker.domain.rereads import Reread
from tracker.domain.runs import RunState
from tracker.domain.tally import EVER
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.adapter import Asking
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.services.receive.rejudging import ReceiptRejudger
from tracker.services.receive.rereads import SHARED_S, RereadOrder, Rereads
from tracker.services.upkeep import counting
from tracker.services.upkeep.counting import EndCounter
from tracker.store.schema import (
    cost_entries,
    deliveries,
    jobs,
    metadata,
    receipts,
)

pytestmark = pytest.mark.anyio
WHO = "key 1 (ops)"
FILM = {"key": "1", "url": "https://m/v"}
COVER = {"key": "2", "url": "https://m/c", "kind": "image"}
READ_WRONG = {
    b'"marinating"': b'"running"',  # a word that becomes known
    b'"done"': b'"succeeded"',
    b'"cover"': b'"pieces"',  # a field of the result
    b'"charged"': b'"bill"',
    b'"told"': b'"why"',
    b'"turned": "down"': b'"status": "failed"',  # a contradiction
}
"""Bytes that a later adapter reads otherwise."""


@dataclass(frozen=True)
class _LaterRelease(MadeUp):
    """An adapter of a later release: it knows more words and fields, of callbacks and answers."""

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        return super().parse_callback(replace(inbound, body=_learned(inbound.body)))

    def parse_poll(self, asking: Asking, answer: HttpResult | HttpFailure) -> Sequence[PollOutcome]:
        if isinstance(answer, HttpResult):
            answer = replace(answer, body=_learned(answer.body))
        return super().parse_poll(asking, answer)


def _learned(body: bytes) -> bytes:
    for before, after in READ_WRONG.items():
        body = body.replace(before, after)
    return body


@asynccontextmanager
async def _bench(url: str, **more: Any) -> AsyncIterator[Workbench]:
    async with open_workbench(
        url, ScriptedHttp(Played(poll=build_poll_answer({"status": "running"}))), **more
    ) as bench:
        yield bench


@asynccontextmanager
async def _later(url: str, **more: Any) -> AsyncIterator[tuple[Workbench, Rereads]]:
    """The service after the adapter has changed."""
    async with _bench(url, adapter=_LaterRelease(), **more) as bench:
        yield bench, Rereads(bench.context, at_once=3)


async def _run(runs: Rereads, **more: Any) -> Reread:
    """A run that is over."""
    run = await runs.start(RereadOrder("default", NAME, WHO, **more))
    await runs.run_pages()
    return await runs.get("default", run.id)


def _sorts(run: Reread) -> dict[str, int]:
    return {name: n for name, n in run.counts.items() if name != "receipts"}


async def _planted(bench: Workbench) -> dict[RereadKind, Task]:
    """One task of each sort, as an adapter of today leaves them."""
    same, richer, freed, contradicts, stays, gone = await bench.submit_tasks(6)
    done = {"status": "succeeded", "pieces": [FILM], "why": "fine"}
    await bench.call_back(same, {"status": "running"})
    await bench.call_back(same, done)
    await bench.call_back(same, done)
    await bench.call_back(richer, {"status": "running", "progress": 20})
    found = {"status": "succeeded", "cover": [FILM, COVER], "charged": [{"amount": "0.35"}]}
    await bench.call_back(richer, found)
    await bench.call_back(freed, {"status": "marinating"})
    await bench.call_back(freed, {"status": "done", "pieces": [FILM]})
    await bench.call_back(contradicts, done | {"turned": "down"})
    await bench.call_back(stays, done | {"cover": [FILM]})
    await bench.call_back(gone, done | {"cover": [COVER]})
    await _forget_bodies(bench, gone)
    return {
        RereadKind.SAME: same,
        RereadKind.RICHER: richer,
        RereadKind.FREED: freed,
        RereadKind.CONTRADICTS: contradicts,
        RereadKind.GONE: gone,
    }


async def _forget_bodies(bench: Workbench, task: Task) -> None:
    def batch(tx: Any, keys: Sequence[int]) -> list[None]:
        mine = update(receipts).where(receipts.c.task_key.in_(keys))
        tx.db.execute(mine.values(body=None))
        return [None] * len(keys)

    await bench.context.store.write(batch, task.key)


async def _dump(bench: Workbench) -> dict[str, Any]:
    """Every row of the database but those of the runs themselves."""

    def rows(db: Any) -> dict[str, Any]:
        named = [table for table in metadata.sorted_tables if table.name != "rereads"]
        return {table.name: sorted(map(str, db.execute(select(table)))) for table in named}

    return await bench.context.store.read(rows)


async def _count(bench: Workbench, table: Any) -> int:
    wanted = select(func.count()).select_from(table)
    return await bench.context.store.read(lambda db: db.scalar(wanted)) or 0


async def test_a_dry_run_finds_a_planted_change_exactly_and_writes_nothing(
    database_url: str,
) -> None:
    async with _bench(database_url) as bench:
        planted = await _planted(bench)
        before = await _run(Rereads(bench.context))
        assert _sorts(before) == {"same": 5, "gone": 1}  # nothing has changed yet
    async with _later(database_url) as (bench, runs):
        there = await _dump(bench)
        run = await _run(runs)
        assert await _dump(bench) == there
    assert (run.state, run.progress, run.is_dry) == (RunState.DONE, 1.0, True)
    assert _sorts(run) == {"same": 2, "richer": 1, "freed": 1, "contradicts": 1, "gone": 1}
    assert run.counts["receipts"] == 10
    listed = {one.sort: one for one in run.differences}
    assert {RereadKind(sort): one.task_id for sort, one in listed.items()} == {
        sort: str(task.id) for sort, task in planted.items() if sort is not RereadKind.SAME
    }
    assert listed["richer"].fields == ("artifacts", "costs")
    assert (listed["freed"].before, listed["freed"].after) == ("submitted", "succeeded")
    assert (listed["contradicts"].before, listed["contradicts"].after) == ("succeeded", "failed")


async def test_a_run_rests_behind_each_page_while_callbacks_come(sqlite_url: str) -> None:
    async with _bench(sqlite_url) as bench:
        await _planted(bench)
    clock = HandClock()
    async with _later(sqlite_url, clock=clock) as (bench, runs):
        run = await runs.start(RereadOrder("default", NAME, WHO))
        for pages in range(1, 3):
            bench.context.precedence.begin()
            bench.context.precedence.end()
            assert await runs.run_pages() is not None
            assert (await runs.get("default", run.id)).counts["receipts"] == 3 * pages
        clock.move(SHARED_S)
        assert await runs.run_pages() is None
        assert (await runs.get("default", run.id)).state is RunState.DONE


async def test_what_is_applied_is_as_it_was_shown_and_a_second_run_does_nothing(
    database_url: str,
) -> None:
    async with _bench(database_url) as bench:
        planted = await _planted(bench)
        await EndCounter(bench.context).fold_all()
    async with _later(database_url) as (bench, runs):
        before = {sort: await bench.read_task(task.key) for sort, task in planted.items()}
        shown = await _run(runs)
        done = await _run(runs, is_dry=False)
        assert (done.counts, done.differences) == (shown.counts, shown.differences)
        for sort in (RereadKind.SAME, RereadKind.CONTRADICTS, RereadKind.GONE):
            assert await bench.read_task(planted[sort].key) == before[sort]
        richer = await bench.read_task(planted[RereadKind.RICHER].key)
        assert [piece.url for piece in richer.artifacts] == ["https://m/v", "https://m/c"]
        assert [cost.amount for cost in richer.costs] == ["0.35"]
        assert richer.version == before[RereadKind.RICHER].version + 1
        assert richer.finished_at == before[RereadKind.RICHER].finished_at
        last = (await bench.read_history(richer))[-1]
        assert (last.kind, last.source, last.actor) == (EventKind.REREAD, Source.OPERATOR, WHO)
        assert last.from_state is last.to_state is TaskState.SUCCEEDED
        cited = select(receipts.c.task_key, receipts.c.reader).where(receipts.c.key == last.receipt)
        row = await bench.context.store.read(lambda db: db.execute(cited).one())
        assert tuple(row) == (richer.key, REVISION)
        freed = await bench.read_task(planted[RereadKind.FREED].key)
        assert freed.state is TaskState.SUCCEEDED
        await bench.read_history(freed)
        again = await _dump(bench)
        second = await _run(runs, is_dry=False)
        assert _sorts(second) == {"same": 4, "contradicts": 1, "gone": 1}
        assert await _dump(bench) == again
        await EndCounter(bench.context).fold_all()
        counted = await bench.context.store.read(
            lambda db: counting.look(db, "default", since=EVER)
        )
        (ever,) = counted.ever.values()
        assert [f"{amount}" for amount in ever.costs.values()] == ["0.35"]
        charged = select(cost_entries.c.task_key)
        assert await bench.context.store.read(lambda db: db.scalars(charged).all()) == [richer.key]


async def test_an_answer_to_a_query_is_read_again_too(database_url: str) -> None:
    said = {"status": "succeeded", "cover": [FILM]}
    outbound = ScriptedHttp(Played(poll=build_poll_answer(said)))
    async with open_workbench(database_url, outbound) as bench:
        (task,) = await bench.submit_tasks(1)
        assert (await bench.look(task)).artifacts == ()
    async with _later(database_url) as (bench, runs):
        run = await _run(runs, is_dry=False)
        assert _sorts(run) == {"richer": 1}
        after = await bench.read_task(task.key)
        assert [piece.url for piece in after.artifacts] == ["https://m/v"]
        assert after.follow_up is None
        assert await _count(bench, jobs) == 0


async def test_filters_choose_tasks_and_what_is_not_there_is_refused(database_url: str) -> None:
    async with _bench(database_url) as bench:
        planted = await _planted(bench)
    async with _later(database_url) as (_, runs):
        one = planted[RereadKind.RICHER].id
        assert _sorts(await _run(runs, task_id=one)) == {"richer": 1}
        unknown = await _run(runs, verdicts=[Verdict.UNKNOWN_STATUS])
        assert _sorts(unknown) == {"freed": 1}
        late = planted[RereadKind.SAME].created_at.replace(year=2999)
        assert _sorts(await _run(runs, since=late)) == {}
        assert (
            sum(_sorts(await _run(runs, since=planted[RereadKind.SAME].created_at)).values()) == 6
        )
        with pytest.raises(InvalidRequest, match="no such provider"):
            await runs.start(RereadOrder("default", "nobody", WHO))
        with pytest.raises(InvalidRequest, match="no such task"):
            await runs.start(RereadOrder("other", NAME, WHO, task_id=one))
        stopped = await runs.start(RereadOrder("default", NAME, WHO))
        assert (await runs.stop("default", stopped.id, actor=WHO)).state is RunState.STOPPED
        with pytest.raises(Conflict, match="nothing to stop"):
            await runs.stop("default", stopped.id, actor=WHO)
        with pytest.raises(NotFound):
            await runs.get("other", stopped.id)


async def test_a_replay_judges_as_a_run_does(database_url: str) -> None:
    async with _bench(database_url) as bench:
        (task,) = await bench.submit_tasks(1)
        await bench.call_back(task, {"status": "succeeded", "pieces": [FILM], "told": "sunny"})
    async with _later(database_url) as (bench, runs):
        rejudging = ReceiptRejudger(bench.context)
        (found,) = (await _run(runs)).differences
        assert (found.sort, found.fields) == ("richer", ("message",))
        key = found.receipt or 0
        for is_dry in (True, False):
            made = await rejudging.replay("default", key, actor=WHO, is_dry=is_dry)
            assert [step.transition.kind for step in made.steps if step.transition] == ["reread"]
        last = (await bench.read_history(task))[-1]
        assert (last.kind, last.receipt, last.message) == (EventKind.REREAD, key, "sunny")
        again = await rejudging.replay("default", key, actor=WHO, is_dry=False)
        assert list(again.steps) == []
        assert _sorts(await _run(runs)) == {"same": 1}


async def test_subscribers_hear_of_a_correction_only_where_that_is_wished(
    database_url: str,
) -> None:
    async with _bench(database_url) as bench:
        tasks = await bench.submit_tasks(2)
        for task in tasks:
            await bench.call_back(task, {"status": "succeeded", "cover": [FILM]})
        await create_endpoint(bench)
    async with _later(database_url) as (bench, runs):
        told = select(deliveries.c.event)
        for task, events in zip(tasks, ([], ["task.corrected"]), strict=True):
            done = await _run(runs, task_id=task.id, is_dry=False, notify=bool(events))
            assert _sorts(done) == {"richer": 1}
            assert await bench.context.store.read(lambda db: db.scalars(told).all()) == events
