"""A provider that defers everything for minutes is a condition, logged when it rises and clears."""

import pytest

from tests.support.made_up_api import build_answer
from tests.support.workbench import HandClock, ScriptedHttp, open_workbench
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.policy import Policy
from tracker.domain.work import JobKind
from tracker.services.submit.attempting import SubmitAttempts
from tracker.services.upkeep.health import AccountHealthCheck
from tracker.store import conditions

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("spends", [False, True])
async def test_it_is_raised_told_and_cleared(
    sqlite_url: str, caplog: pytest.LogCaptureFixture, *, spends: bool
) -> None:
    """On SQLite: PostgreSQL hands out jobs by its own clock."""
    is_busy = True

    def answer(_call: HttpCall) -> HttpResult:
        if is_busy:
            return build_answer(429, error={"why": "later", "wait": "task", "spends": spends})
        return build_answer(id="theirs")

    clock = HandClock()
    async with open_workbench(
        sqlite_url, ScriptedHttp(answer), policy=Policy(), clock=clock
    ) as bench:
        health = AccountHealthCheck(bench.context)

        async def try_and_look() -> list[str]:
            due = await bench.leases.find_next_due(JobKind.SUBMIT)
            assert due is not None
            clock.at = max(clock.at, due)
            for job in await bench.claim(JobKind.SUBMIT):
                await SubmitAttempts(bench.context).run(job)
            await health.look()
            found = await bench.context.store.read(conditions.list_open)
            return [one.name for one in found]

        await bench.create_queued("mine")
        begun, seen = clock.now(), await try_and_look()
        while not seen:
            assert (clock.now() - begun).total_seconds() < 600
            seen = await try_and_look()
        assert seen == ["account_standstill"]
        assert (clock.now() - begun).total_seconds() >= 180
        is_busy = False
        assert await try_and_look() == []
    told = [record for record in caplog.records if "account_standstill" in record.getMessage()]
    fields = [record.args for record in told if isinstance(record.args, dict)]
    assert [named["became"] for named in fields] == ["raised", "cleared"]
    assert "later" in told[0].getMessage()
