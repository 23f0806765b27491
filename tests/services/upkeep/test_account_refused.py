"""One submit that is refused for its account is a condition, until the account is taken again."""

from dataclasses import replace

import pytest

from tests.services.upkeep.test_sampling import sample_gauges
from tests.support.made_up import NAME
from tests.support.made_up_api import build_answer
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.exchange import HttpResult
from tracker.services.conditions import ConditionReport, report
from tracker.services.upkeep.health import AccountHealthCheck
from tracker.services.upkeep.probing import AccountProber
from tracker.store import conditions
from tracker.telemetry.metrics import CONDITIONS

pytestmark = pytest.mark.anyio
REFUSED = build_answer(401, error={"code": "key", "why": "no such key"})
OTHERS_FAULT = build_answer(400, error={"code": "words", "why": "not these words"})


class _Provider:
    """Answers as it is told, and looks at the accounts after each submit."""

    def __init__(self) -> None:
        self.answer: HttpResult = REFUSED
        self.http = ScriptedHttp(lambda _call: self.answer)

    async def after_submit(self, bench: Workbench, answer: HttpResult) -> list[str]:
        """Return the conditions once a further task was answered so."""
        self.answer = answer
        await bench.create_queued(f"task-{len(self.http.calls)}")
        await bench.send()
        return await standing(bench)


async def standing(bench: Workbench) -> list[str]:
    await AccountHealthCheck(bench.context).look()
    found = await bench.context.store.read(conditions.list_told)
    return [one.name for one in found]


async def test_it_stands_from_the_first_refusal_to_the_next_success(database_url: str) -> None:
    provider = _Provider()
    async with open_workbench(database_url, provider.http) as bench:
        assert await provider.after_submit(bench, OTHERS_FAULT) == []
        assert await provider.after_submit(bench, REFUSED) == ["account_refused"]
        (one,) = await bench.context.store.read(conditions.list_told)
        assert (one.provider, one.account) == (NAME, "default")
        assert "no such key" in one.reason
        # What is wrong with one request does not prove the key.
        assert await provider.after_submit(bench, OTHERS_FAULT) == ["account_refused"]
        assert await provider.after_submit(bench, build_answer(id="theirs")) == []
        assert await provider.after_submit(bench, REFUSED) == ["account_refused"]


async def test_a_query_that_is_answered_ends_what_is_said_of_the_key(sqlite_url: str) -> None:
    provider = _Provider()
    async with open_workbench(sqlite_url, provider.http) as bench:
        assert await provider.after_submit(bench, REFUSED) == ["account_refused"]
        probing = AccountProber(bench.context)
        provider.answer = build_answer(503)
        assert (await probing.probe(NAME, "default")).level == "note"
        assert await standing(bench) == ["account_refused"]
        provider.answer = build_answer(balance="7")
        assert (await probing.probe(NAME, "default")).level == "ok"
        assert await standing(bench) == []  # the refusal is still the latest submit


async def test_a_query_proves_no_money(sqlite_url: str) -> None:
    provider = _Provider()
    async with open_workbench(sqlite_url, provider.http) as bench:
        no_money = build_answer(402, error={"code": "money", "why": "nothing left"})
        assert await provider.after_submit(bench, no_money) == ["account_refused"]
        provider.answer = build_answer(balance="0")
        assert (await AccountProber(bench.context).probe(NAME, "default")).level == "ok"
        assert await standing(bench) == ["account_refused"]
        assert await provider.after_submit(bench, build_answer(id="theirs")) == []


async def test_it_gives_way_to_an_ailment_and_goes_with_its_account(sqlite_url: str) -> None:
    provider = _Provider()
    async with open_workbench(sqlite_url, provider.http) as bench:
        assert await provider.after_submit(bench, REFUSED) == ["account_refused"]
        still = ConditionReport(conditions.ACCOUNT_STANDSTILL, NAME, "default", "nothing moves")
        await bench.context.store.write(report, still)  # it is told of once all the same
        for _ in range(3):
            assert await provider.after_submit(bench, REFUSED) == ["account_refused"]
        assert await provider.after_submit(bench, REFUSED) == ["account_ailing"]
        await sample_gauges(bench)  # one alert fires for an account, not two
        assert {name for (name,), _ in CONDITIONS.read()} == {"account_ailing"}
        bench.context = replace(bench.context, accounts={})
        assert "account_refused" not in await standing(bench)
        found = await bench.context.store.read(conditions.list_open)
        assert {one.name for one in found} == {"account_standstill", "account_ailing"}
