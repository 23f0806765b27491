"""Objects that an input names at its provider bind its task to the account that has them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.made_up import NAME
from tests.support.workbench import OPERATION, ScriptedHttp, Workbench, open_workbench
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpResult
from tracker.services.fronts.owning import keep_made
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake
from tracker.store.made_objects import MadeObject

pytestmark = pytest.mark.anyio
MADE = (
    ("first", "upload", "one", "mine"),
    ("second", "upload", "two", "mine"),
    ("second", "style", "ink", "mine"),
    ("first", "upload", "both", "mine"),
    ("second", "upload", "both", "mine"),
    ("gone", "upload", "lost", "mine"),
    ("first", "upload", "theirs", "other"),
)


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Workbench]:
    outbound = ScriptedHttp(lambda _call: HttpResult(500, {}, b""))
    async with open_workbench(database_url, outbound, accounts=("first", "second")) as opened:
        for account, kind, id_, tenant in MADE:
            await keep_made(opened.context, MadeObject(NAME, account, kind, id_, tenant))
        yield opened


async def account_of(bench: Workbench, account: str | None = None, **more: Any) -> str:
    asked = Submission("mine", NAME, OPERATION, {"prompt": "rain"} | more, account=account)
    return (await SubmissionIntake(bench.context).check(asked)).task.account


async def test_a_task_goes_to_the_account_that_has_what_it_names(bench: Workbench) -> None:
    one, two, both = ({"image": f"made-up://{name}"} for name in ("one", "two", "both"))
    for _ in range(4):  # of two accounts of equal weight a name would choose either
        assert await account_of(bench, **one) == "first"
        assert await account_of(bench, images=[two, both]) == "second"
        assert await account_of(bench, style="ink") == "second"
        assert await account_of(bench, style={"id": "ink"}) == "second"
    assert await account_of(bench, "second", **both) == "second"
    assert await account_of(bench, style="of the provider's own") in ("first", "second")


async def test_what_no_account_has_at_once_is_refused(bench: Workbench) -> None:
    for account, more, path, why in (
        (None, {"a": "made-up://one", "b": ["made-up://two"]}, "input.b[0]", "what a names at"),
        ("second", {"a": "made-up://one"}, "account", "what input.a names is at account 'first'"),
        (None, {"a": "made-up://lost"}, "input.a", "is at account 'gone' alone: no such account"),
        (None, {"a": "made-up://theirs"}, "input.a", "there is no such upload"),
        (None, {"a": "made-up://unknown"}, "input.a", "there is no such upload"),
    ):
        with pytest.raises(InvalidRequest, match=why) as refused:
            await account_of(bench, account, **more)
        assert [one.path for one in refused.value.fields] == [path]


async def test_a_task_goes_to_an_account_whose_limits_its_input_keeps(bench: Workbench) -> None:
    for _ in range(4):
        assert await account_of(bench, size="first") == "first"
        assert await account_of(bench, size="second") == "second"
    for account, size in ((None, "huge"), ("first", "second")):
        with pytest.raises(InvalidRequest, match="is none of account first") as refused:
            await account_of(bench, account, size=size)
        assert [one.path for one in refused.value.fields] == ["input.size"]


async def test_a_task_that_continues_another_names_only_what_its_account_has(
    bench: Workbench,
) -> None:
    asked = Submission("mine", NAME, OPERATION, {"prompt": "rain"}, account="second")
    parent = (await SubmissionIntake(bench.context).accept(asked)).task
    await bench.accept_task(parent, "theirs")
    named = {"parent": str(parent.id)}
    assert await account_of(bench, **named, a="made-up://two") == "second"
    with pytest.raises(InvalidRequest, match="at account 'first', and the task that it continues"):
        await account_of(bench, **named, a="made-up://one")
