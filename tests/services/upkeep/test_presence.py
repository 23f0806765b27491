"""Processes see each other in the database, and what is missing or does not fit is a condition."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.services.upkeep.test_clocks import WrongClock
from tests.support.subscribing import OK
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.services.upkeep.presence import ProcessPresence
from tracker.store import conditions
from tracker.store.schema import processes, secret_marks

pytestmark = pytest.mark.anyio


async def standing(bench: Workbench) -> dict[str, str]:
    found = await bench.context.store.read(conditions.list_open)
    return {one.name: one.reason for one in found}


def a_worker(bench: Workbench) -> ProcessPresence:
    made = ProcessPresence(bench.context)
    made.is_working = lambda: True
    return made


def with_secrets(bench: Workbench, *secrets: bytes) -> Workbench:
    return replace(bench, context=replace(bench.context, secrets=secrets))


async def marks(bench: Workbench) -> list[str]:
    return list(await bench.context.store.read(lambda db: db.scalars(select(secret_marks.c.mark))))


async def test_that_nobody_works_is_said_until_somebody_does(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK), clock=clock) as bench:
        web = ProcessPresence(bench.context)
        await web.look()
        assert (await standing(bench), web.has_worker) == ({}, False)  # it may just be starting
        web._started_s -= 60
        await web.look()
        assert "tracker worker" in (await standing(bench))["no_worker"]
        async with a_worker(bench) as worker:
            await worker.look()
            await web.look()
            assert (await standing(bench), web.has_worker) == ({}, True)
        await web.look()  # one that ends says so
        assert list(await standing(bench)) == ["no_worker"]
    assert "condition no_worker is over" in caplog.messages


async def test_a_clock_that_is_set_makes_nobody_gone_and_no_dead_worker_alive(
    sqlite_url: str,
) -> None:
    clock = WrongClock()
    async with open_workbench(sqlite_url, ScriptedHttp(lambda _: OK), clock=clock) as bench:
        web, worker = ProcessPresence(bench.context), a_worker(bench)
        await worker.look()
        for hours in (2, -2):
            clock.off += timedelta(hours=hours)
            web._started_s -= 60  # it has run for long
            await web.look()
            assert await standing(bench) == {}
            await worker.look()
            await web.look()
            assert web.has_worker
        clock.off -= timedelta(hours=2)  # and the worker is dead
        await web.look()
        assert (await standing(bench), web.has_worker) == ({}, False)
        web._started_s -= 60
        await web.look()
        assert list(await standing(bench)) == ["no_worker"]


async def test_different_secrets_on_one_database_are_said(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        worker = a_worker(bench)
        await worker.look()
        async with ProcessPresence(replace(bench.context, secrets=[b"another secret"])) as other:
            await other.look()
            assert "TRACKER_CALLBACK_SECRETS" in (await standing(bench))["secrets_differ"]
        await worker.look()
        assert await standing(bench) == {}
        rotated = ProcessPresence(replace(bench.context, secrets=[b"new", *bench.context.secrets]))
        await rotated.look()  # signs with what the others do not know
        assert list(await standing(bench)) == ["secrets_differ"]


async def test_a_secret_that_open_tasks_need_is_missed_until_they_have_ended(
    database_url: str,
) -> None:
    clock = HandClock()
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK), clock=clock) as bench:
        async with a_worker(bench) as before:
            await before.look()
        (task,) = await bench.submit_tasks(1)
        rotated = a_worker(with_secrets(bench, b"new", *bench.context.secrets))
        lacking = a_worker(with_secrets(bench, b"new"))
        await rotated.look()
        assert await standing(bench) == {}
        await lacking.look()
        assert "Put it back" in (await standing(bench))["secrets_differ"]
        await rotated.look()  # with it as a further one all is well
        assert await standing(bench) == {}
        await lacking.look()
        await bench.end_task(task)
        await lacking.look()
        assert await standing(bench) == {}
        assert len(await marks(bench)) == 2
        if "sqlite" in database_url:  # a server's clock cannot be moved
            clock.move(2 * 3600)
            await lacking.look()
            assert await marks(bench) == list(lacking.marks)


async def test_a_clock_that_is_off_the_servers_is_said(postgres_url: str) -> None:
    clock = HandClock()
    async with open_workbench(postgres_url, ScriptedHttp(lambda _: OK), clock=clock) as bench:
        worker = a_worker(bench)
        clock.move(20)
        await worker.look()
        assert "ahead of the database server's" in (await standing(bench))["clock_skew"]
        clock.move(-20)
        await worker.look()
        assert await standing(bench) == {}


async def test_proofs_that_are_asked_for_together_are_one_write_to_one_row(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        worker = a_worker(bench)
        for _ in range(20):
            await worker.prove()
        count = select(func.count()).select_from(processes)
        assert await bench.context.store.read(lambda db: db.scalar(count)) == 1


async def test_a_chore_that_ends_well_in_no_worker_is_said_with_its_reason(
    database_url: str,
) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        web, first, second = ProcessPresence(bench.context), a_worker(bench), a_worker(bench)
        first.failing = lambda: {"counting": ("2026-11-30 09:00", "OSError"), "runs": ("x", "y")}
        second.failing = lambda: {"counting": ("2026-11-30 10:00", "it is away")}
        async with second:
            for one in (second, first, web):
                await one.look()
            assert (await standing(bench))["chore_failing"] == (
                "the chore counting has not ended well since 2026-11-30 10:00 UTC: it is away. "
                "The workers' logs say more"
            )
            second.failing = dict
            await second.look()
            assert await standing(bench) == {}
        await web.look()  # the first alone is left
        assert "OSError" in (await standing(bench))["chore_failing"]
