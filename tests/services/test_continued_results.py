"""A task that names an earlier result by its id at the provider continues the task that made it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.services.test_owned_results import (
    answered_by,
    brought,
    fill_feed,
    recorded,
)
from tests.support.made_up import NAME
from tests.support.workbench import OPERATION, Workbench, open_workbench
from tracker.domain.errors import InvalidRequest
from tracker.domain.task import Task
from tracker.providers.registry import PROVIDERS
from tracker.services.fronts.owning import keep_made
from tracker.services.named_objects import check_named
from tracker.services.owned_results import TAIL, OwnedResults
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import schema
from tracker.store.driver.transaction import Tx
from tracker.store.made_objects import MadeObject

pytestmark = pytest.mark.anyio
CONTINUED = {name: one.objects.continued for name, one in PROVIDERS.items()}


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Workbench]:
    """Two accounts of a provider whose tasks continue those that brought the scenes they name."""
    accounts = ("first", "second")
    async with open_workbench(database_url, answered_by(), accounts=accounts) as opened:
        provider = opened.context.providers[NAME]
        objects = replace(provider.objects, continued=("scene",))
        known = {NAME: replace(provider, objects=objects)}
        yield replace(opened, context=replace(opened.context, providers=known))


async def checked(bench: Workbench, tenant: str = "mine", **named: Any) -> Task:
    asked = Submission(tenant, NAME, OPERATION, {"prompt": "rain"} | named)
    return (await SubmissionIntake(bench.context).check(asked)).task


@pytest.mark.parametrize("others", [(), ("theirs",)])
async def test_the_task_whose_result_is_named_is_the_parent(
    bench: Workbench, others: Sequence[str]
) -> None:
    for tenant in others:
        await brought(bench, tenant, "of theirs")
    first = await brought(bench, "mine", "1", "first")
    second = await brought(bench, "mine", "2", "second")
    for _ in range(2):  # once by the feed, once as it is recorded
        for made in (first, second):
            id_ = made.artifacts[0].id
            again = await checked(bench, scene=id_)
            assert (again.parent_id, again.account) == (made.id, made.account)
        assert (await checked(bench)).parent_id is None
        await OwnedResults(bench.context).record_all()
    assert set(await recorded(bench, "1", "2")) == {"1", "2"}


async def test_where_no_one_task_made_all_that_is_named_there_is_no_parent(
    bench: Workbench,
) -> None:
    one, _ = await brought(bench, "mine", "1"), await brought(bench, "mine", "2")
    assert (await checked(bench, scene=["1", "1"])).parent_id == one.id
    assert (await checked(bench, scene="1,2")).parent_id is None
    for unknown in ("made past this service", ["1", "made past this service"]):
        assert (await checked(bench, scene=unknown)).parent_id is None
    await brought(bench, "theirs", "3")
    with pytest.raises(InvalidRequest, match="no such scene"):
        await checked(bench, scene="3")


async def test_a_parent_that_is_not_kept_any_more_is_none(bench: Workbench) -> None:
    made = await brought(bench, "mine", "1", "second")
    await OwnedResults(bench.context).record_some(1)

    def drop(tx: Tx, keys: Sequence[int]) -> list[None]:
        tx.db.execute(schema.tasks.delete().where(schema.tasks.c.key.in_(keys)))
        return [None] * len(keys)

    await bench.context.store.write(drop, made.key)
    again = await checked(bench, scene="1")
    assert (again.parent_id, again.account) == (None, "second")


async def test_a_tenant_that_is_alone_does_not_wait_for_a_long_feed(bench: Workbench) -> None:
    made = await brought(bench, "mine", "1")
    await brought(bench, "mine", "2")
    await fill_feed(bench, TAIL + 1)
    assert (await checked(bench, scene="1")).parent_id is None
    assert await OwnedResults(bench.context).record_all()  # asked for once, it is followed
    assert (await checked(bench, scene="1")).parent_id == made.id


async def test_an_account_that_is_gone_holds_nobody_who_is_alone(bench: Workbench) -> None:
    made = await brought(bench, "mine", "1", "second")
    await OwnedResults(bench.context).record_some(1)
    left = {key: one for key, one in bench.context.accounts.items() if key[1] != made.account}
    moved = replace(bench, context=replace(bench.context, accounts=left))
    again = await checked(moved, scene="1")
    assert (again.parent_id, again.account) == (None, "first")


async def test_each_field_that_names_a_result_names_the_task_it_continues(
    database_url: str,
) -> None:
    tried = set()
    async with open_workbench(database_url, answered_by()) as bench:
        await bench.create_queued("of the operator")
        context = replace(bench.context, providers=PROVIDERS)
        for provider, ids in ((name, one.objects) for name, one in PROVIDERS.items()):
            named = [
                *((one.kind, f"theirs-{field}", field, "{}") for field, one in ids.fields.items()),
                *(
                    (one.named.kind, found[1], "any", one.example)
                    for one in ids.texts
                    if (found := one.pattern.fullmatch(one.example)) is not None
                ),
            ]
            for kind, id_, field, text in named:
                if kind in ids.continued:
                    await keep_made(context, MadeObject(provider, "a", kind, id_, "mine", task=7))
                    held = await check_named(context, provider, "mine", {field: text.format(id_)})
                    assert held.continued == {"a": 7}, (provider, field)
                    tried.add(provider)
    assert tried == {name for name, kinds in CONTINUED.items() if kinds}
