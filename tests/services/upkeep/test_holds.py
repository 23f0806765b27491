"""Retention steps over what is held, and asks before it drops much at once."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.services.upkeep.test_retention import DAY_S, _rows, _succeed, _task, opened
from tests.support.dropping import run_all
from tests.support.workbench import HandClock, Workbench
from tracker.accounts import AccountsError, parse
from tracker.domain.errors import NotFound
from tracker.domain.retention import KeptClass, RetentionPolicy
from tracker.domain.task import Task, TaskState
from tracker.objects.folder import Folder
from tracker.services.upkeep import holding, retention_plan
from tracker.services.upkeep.holding import NewHold
from tracker.services.upkeep.retention import RetentionChore
from tracker.store import conditions
from tracker.store.schema import dropped_inputs

pytestmark = pytest.mark.anyio
POLICY = RetentionPolicy({**dict.fromkeys(KeptClass), KeptClass.INPUTS: timedelta(days=10)})


async def _ended(bench: Workbench, *names: str, tenant: str = "default") -> list[Task]:
    made = [await _task(bench, name, tenant=tenant) for name in names]
    for task in made:
        await _succeed(bench, task)
    return made


async def _dropped(bench: Workbench) -> set[int]:
    return {row.task_key for row in await _rows(bench, dropped_inputs)}


async def test_held_tasks_stay_until_the_hold_is_removed(database_url: str) -> None:
    clock = HandClock()
    async with opened(database_url, clock, POLICY) as bench:
        first, second = await _ended(bench, "first", "second")
        await _ended(bench, "theirs", tenant="other")
        write = bench.context.store.write
        with pytest.raises(NotFound):
            await write(holding.add, NewHold("other", first.id, "not theirs"))
        held = [
            await write(holding.add, NewHold("default", first.id, "a claim")),
            await write(holding.add, NewHold("other", None, "an audit")),
        ]
        chore = RetentionChore(bench.context)
        clock.move(11 * DAY_S)
        await run_all(chore)
        assert await _dropped(bench) == {second.key}
        claim, audit = held
        assert not await write(holding.remove, ("other", claim.key))
        assert await write(holding.remove, ("default", claim.key))
        assert await write(holding.remove, ("other", audit.key))
        assert not await write(holding.remove, ("default", claim.key))
        clock.move(DAY_S)
        await run_all(chore)
        assert len(await _dropped(bench)) == 3


async def test_more_than_a_fifth_waits_until_it_is_approved(database_url: str) -> None:
    clock = HandClock()
    async with opened(database_url, clock, POLICY) as bench:
        old = await _ended(bench, *(f"old-{n}" for n in range(3)))
        clock.move(5 * DAY_S)
        await _ended(bench, *(f"new-{n}" for n in range(6)))
        chore = RetentionChore(bench.context, free=2)

        async def waits() -> bool:
            await run_all(chore)
            found = await bench.context.store.read(conditions.list_open)
            return conditions.RETENTION_WAITS in {one.name for one in found}

        clock.move(6 * DAY_S)
        assert (await waits(), await _dropped(bench)) == (True, set())
        now = clock.now()
        (planned,) = await bench.context.store.read(
            lambda db: retention_plan.plan(db, POLICY, now=now)
        )
        assert (planned.rows, planned.bytes) == (3, 3 * 17)
        assert await bench.context.store.write(retention_plan.approve, POLICY) == 1
        clock.move(5 * DAY_S)  # what is due by now is no part of what was approved
        assert not await waits()
        assert await waits()
        assert await _dropped(bench) == {task.key for task in old}


async def test_the_rest_of_what_was_approved_waits_for_no_batch_of_the_archive(
    database_url: str, tmp_path: Path
) -> None:
    clock = HandClock()
    with closing(Folder(tmp_path / "archive", is_new=True)) as archive:
        async with opened(database_url, clock, POLICY, archive) as bench:
            (old,) = await _ended(bench, "old")
            clock.move(5 * DAY_S)
            await _ended(bench, *(f"new-{n}" for n in range(3)))
            clock.move(5 * DAY_S + 2 * 3600)
            await bench.context.store.write(retention_plan.approve, POLICY)
            clock.move(5 * DAY_S)  # more than a fifth is due, and no part of what was approved
            chore = RetentionChore(bench.context, batch=2, free=1)
            for _ in range(2):
                await run_all(chore)
            assert await _dropped(bench) == {old.key}
            found = await bench.context.store.read(conditions.list_open)
            assert conditions.RETENTION_WAITS in {one.name for one in found}


def test_rules_of_the_file_are_read_and_wrong_ones_named() -> None:
    text = """
        [[retention]]
        tenant = "acme"
        state = "failed"
        inputs = "7d"
        tasks = "never"
    """
    (rule,) = parse(text, {}, {}).retention
    assert (rule.tenant, rule.provider, rule.state) == ("acme", None, TaskState.FAILED)
    assert rule.keep == {KeptClass.INPUTS: timedelta(days=7), KeptClass.TASKS: None}
    for wrong, named in (
        ('tasks = "6d"', r"retention\[0\].tasks: must be at least 7d"),
        ('inputs = "soon"', r"retention\[0\].inputs: must be days"),
        ('provider = "nobody"', r"retention\[0\].provider: no such provider"),
    ):
        with pytest.raises(AccountsError, match=named):
            parse(f"[[retention]]\n{wrong}", {}, {})
