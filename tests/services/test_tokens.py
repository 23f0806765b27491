"""Tokens of accounts: one exchange for all calls, renewed in time, kept over outages."""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.made_up import NAME, MadeUpOptions, make_made_up
from tests.support.made_up_api import build_answer, build_poll_answer
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.clock import SystemClock
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult, HttpStream
from tracker.domain.policy import Policy
from tracker.domain.task import TaskState
from tracker.providers.ports.account import Account
from tracker.providers.ports.provider import ResultHosting
from tracker.services.provider_calls import ProviderCalls
from tracker.services.tokens import Tokens
from tracker.services.upkeep.health import AccountHealthCheck
from tracker.store import conditions

pytestmark = pytest.mark.anyio

AWAY = HttpFailure(Certainty.UNKNOWN, "no whole answer within 10 s")
SECRET = "canary-of-the-token"


@dataclass
class TokenUpstream:
    """The provider, and who gives its tokens. It takes the newest of these alone.

    given: how many tokens there were. refusal: the answer to an exchange in the place of a token.
    """

    lives_s: float = 3600.0
    given: int = 0
    refusal: HttpResult | HttpFailure | None = None
    is_revoked: bool = False
    carried: list[str] = field(default_factory=list)

    def __call__(self, call: HttpCall) -> HttpResult | HttpFailure:
        if call.url.endswith("/token"):
            if self.refusal is not None:
                return self.refusal
            self.given, self.is_revoked = self.given + 1, False
            return build_answer(token=f"{SECRET}-{self.given}", lives_s=self.lives_s)
        self.carried.append(call.headers["authorization"])
        if self.is_revoked or call.headers["authorization"] != f"Bearer {SECRET}-{self.given}":
            return build_answer(401, error={"why": "key", "code": "key"})
        return (
            build_answer(id="theirs")
            if call.url.endswith("/make")
            else build_poll_answer({"state": "running"})
        )


def exchanges(bench: Workbench) -> int:
    """Count the exchanges that were asked for."""
    return sum(call.url.endswith("/token") for call in bench.outbound.calls)


@asynccontextmanager
async def exchanging(
    database_url: str, upstream: TokenUpstream, clock: HandClock | SystemClock
) -> AsyncIterator[Workbench]:
    outbound = ScriptedHttp(upstream)
    options = {"exchanges": True}
    async with open_workbench(
        database_url, outbound, options=options, clock=clock, policy=Policy()
    ) as bench:
        yield bench


async def called(bench: Workbench) -> HttpResult | HttpFailure:
    """Make one call with the account's token."""
    account = bench.context.accounts[NAME, "default"]
    call = HttpCall("GET", f"{account.base_url}/tasks")
    return await bench.context.calls.call(NAME, account, call)


async def raised(bench: Workbench) -> list[str]:
    found = await bench.context.store.read(conditions.list_open)
    return [f"{one.name} {one.account}: {one.reason}" for one in found]


async def test_calls_at_once_wait_for_one_exchange_and_all_carry_its_token(sqlite_url: str) -> None:
    upstream = TokenUpstream()
    async with exchanging(sqlite_url, upstream, HandClock()) as bench:
        answers = await asyncio.gather(*(called(bench) for _ in range(20)))
        assert {answer.status for answer in answers if isinstance(answer, HttpResult)} == {200}
    assert upstream.given == 1
    assert upstream.carried == [f"Bearer {SECRET}-1"] * 20


async def test_token_is_renewed_before_its_end_and_serves_on_while_that_fails(
    sqlite_url: str,
) -> None:
    upstream, clock = TokenUpstream(), HandClock()
    async with exchanging(sqlite_url, upstream, clock) as bench:
        await called(bench)
        clock.move(3299)
        await called(bench)
        assert upstream.given == 1
        upstream.refusal = AWAY
        clock.move(2)
        assert isinstance(await called(bench), HttpResult)
        assert isinstance(await called(bench), HttpResult)
        assert exchanges(bench) == 2
        clock.move(299)
        late = await called(bench)
        assert isinstance(late, HttpFailure)
        assert late.certainty is Certainty.NOT_SENT
        assert "no whole answer" in late.reason
        upstream.refusal = None
        clock.move(5)
        assert isinstance(await called(bench), HttpResult)
        assert await raised(bench) == []
    assert upstream.given == 2


async def test_refused_exchange_is_a_condition_that_ends_and_nothing_is_sent_meanwhile(
    database_url: str,
) -> None:
    """On both databases; on PostgreSQL the clock of jobs is the server's own."""
    upstream = TokenUpstream(refusal=build_answer(400, why="gone"))
    async with exchanging(database_url, upstream, SystemClock()) as bench:
        task = await bench.submit_task()
        assert task.state is TaskState.QUEUED
        assert await bench.list_outcomes(task) == ["not_sent"]
        assert await raised(bench) == [
            "account_token_refused default: no such key",
        ]
        assert upstream.carried == []
    upstream.refusal = None
    # A process that starts anew knows nothing of it, and ends it with its first token.
    async with exchanging(database_url, upstream, SystemClock()) as bench:
        await bench.bring_forward(task)
        await bench.send()
        assert (await bench.read_task(task.key)).provider_task_id == "theirs"
        assert await raised(bench) == []


async def test_submit_that_a_dead_token_was_refused_for_is_made_once_more(sqlite_url: str) -> None:
    upstream, clock = TokenUpstream(), HandClock()
    async with exchanging(sqlite_url, upstream, clock) as bench:
        await called(bench)
        clock.move(61)
        upstream.is_revoked = True
        task = await bench.submit_task()
        assert task.provider_task_id == "theirs"
        assert await bench.list_outcomes(task) == ["accepted"]
    assert upstream.carried[1:] == [f"Bearer {SECRET}-1", f"Bearer {SECRET}-2"]


async def test_young_token_is_not_exchanged_for_a_provider_that_refuses_them_all(
    sqlite_url: str,
) -> None:
    upstream = TokenUpstream()
    async with exchanging(sqlite_url, upstream, HandClock()) as bench:
        await called(bench)
        upstream.is_revoked = True
        answers = [await called(bench) for _ in range(5)]
        assert {answer.status for answer in answers if isinstance(answer, HttpResult)} == {401}
    assert upstream.given == 1


async def test_caller_that_goes_away_ends_the_exchange_for_nobody(sqlite_url: str) -> None:
    upstream = TokenUpstream()
    async with exchanging(sqlite_url, upstream, HandClock()) as bench:
        first = asyncio.create_task(called(bench))
        second = asyncio.create_task(called(bench))
        while not bench.outbound.calls:  # noqa: ASYNC110 - no event tells that a call has begun
            await asyncio.sleep(0)
        first.cancel()
        answer = await second
        assert isinstance(answer, HttpResult)
    assert upstream.given == 1


async def test_token_is_in_no_log_and_in_no_row(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    upstream, clock = TokenUpstream(), HandClock()
    with caplog.at_level(logging.DEBUG):
        async with exchanging(sqlite_url, upstream, clock) as bench:
            await bench.submit_task()
            upstream.refusal = build_answer(500, token_was=SECRET)
            clock.move(3500)
            await called(bench)
            rows = await bench.context.store.read(
                lambda db: [
                    str(list(db.execute(text(f"SELECT * FROM {table}"))))
                    for table in ("tasks", "attempts", "transitions", "jobs", "conditions")
                ]
            )
    shown = caplog.text + "".join(rows) + repr(bench.context.calls) + repr(bench.outbound.calls[-1])
    assert SECRET not in shown


@dataclass
class GuardedHttp(ScriptedHttp):
    """Tells which calls were guarded, and streams."""

    guarded: list[HttpCall] = field(default_factory=list)
    opened: list[HttpCall] = field(default_factory=list)

    async def call_guarded(self, call: HttpCall) -> HttpResult | HttpFailure:
        self.guarded.append(call)
        return await self.call_provider(call)

    async def open_provider(
        self, call: HttpCall, *, body: AsyncIterable[bytes] | None = None, cap: int
    ) -> HttpStream | HttpFailure:
        del body, cap
        self.opened.append(call)
        return HttpFailure(Certainty.UNKNOWN, "it streams nothing")


async def _silently(_provider: str, _account: str, _reason: str | None) -> None:
    """Report nothing."""


def calls_of(outbound: GuardedHttp, hosting: ResultHosting | None = None) -> ProviderCalls:
    provider = replace(make_made_up(), results=hosting or ResultHosting())
    return ProviderCalls(outbound, {NAME: provider}, HandClock(), _silently)


def exchanging_account(**more: Any) -> Account:
    options = {"api_key": "k", "exchanges": True} | more
    return Account("default", "http://provider.example", MadeUpOptions.model_validate(options))


async def test_files_are_asked_for_with_the_token_at_the_hosts_of_tokens_alone() -> None:
    hosting = ResultHosting(
        credentials=lambda _: {"files.example": {"x-key": "k"}},
        token_hosts=lambda _: {"bucket.example"},
    )
    calls = calls_of(GuardedHttp(TokenUpstream()), hosting)
    assert await calls.build_file_headers(NAME, exchanging_account()) == {
        "files.example": {"x-key": "k"},
        "bucket.example": {"authorization": f"Bearer {SECRET}-1"},
    }
    by_key = await calls.build_file_headers(NAME, exchanging_account(exchanges=False))
    assert by_key == {"files.example": {"x-key": "k"}}
    away = calls_of(GuardedHttp(TokenUpstream(refusal=AWAY)), hosting)
    assert isinstance(await away.build_file_headers(NAME, exchanging_account()), HttpFailure)


@pytest.mark.parametrize(
    ("where", "proxy", "guarded"),
    [
        (None, None, 0),
        ("http://tokens.example", None, 1),
        ("http://tokens.example", "http://proxy.example:3128", 0),
    ],
)
async def test_exchange_is_guarded_at_hosts_that_no_operator_set(
    where: str | None, proxy: str | None, guarded: int
) -> None:
    outbound, account = (
        GuardedHttp(TokenUpstream()),
        exchanging_account(proxy=proxy, tokens_at=where),
    )
    await calls_of(outbound).call(NAME, account, HttpCall("GET", "http://provider.example/tasks"))
    assert [call.proxy for call in outbound.calls] == [proxy, proxy]
    assert len(outbound.guarded) == guarded


async def test_call_that_is_passed_on_carries_the_token_or_is_not_sent() -> None:
    outbound, call = GuardedHttp(TokenUpstream()), HttpCall("GET", "http://provider.example/voices")
    await calls_of(outbound).open(outbound, NAME, exchanging_account(), call, cap=10)
    assert [one.headers for one in outbound.opened] == [{"authorization": f"Bearer {SECRET}-1"}]
    outbound = GuardedHttp(TokenUpstream(refusal=AWAY))
    found = await calls_of(outbound).open(outbound, NAME, exchanging_account(), call, cap=10)
    assert isinstance(found, HttpFailure)
    assert found.certainty is Certainty.NOT_SENT
    assert outbound.opened == []


async def test_exchange_that_raises_is_a_delay(caplog: pytest.LogCaptureFixture) -> None:
    async def send(_account: Account, _call: HttpCall) -> HttpResult:
        raise RuntimeError("of a library")

    async def report(*_about: str | None) -> None:
        raise AssertionError("nothing is to be reported")

    provider = make_made_up()
    account = Account("default", "http://provider.example", MadeUpOptions(exchanges=True))
    found = await Tokens(send, HandClock(), report).get(provider, account)
    assert isinstance(found, HttpFailure)
    assert found.certainty is Certainty.NOT_SENT
    assert "the exchange for a token raised" in caplog.text


async def test_condition_of_an_account_that_needs_no_token_any_more_ends(sqlite_url: str) -> None:
    upstream = TokenUpstream(refusal=build_answer(400, why="gone"))
    async with exchanging(sqlite_url, upstream, HandClock()) as bench:
        await called(bench)
        await AccountHealthCheck(bench.context).look()
        assert len(await raised(bench)) == 1
    async with open_workbench(sqlite_url, ScriptedHttp(upstream)) as bench:
        await AccountHealthCheck(bench.context).look()
        assert await raised(bench) == []
