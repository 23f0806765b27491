"""Access tokens of accounts: exchanged once for all callers, kept in memory, renewed in time.

A token is never written down: each process exchanges its own.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.providers.ports.account import Account
from tracker.providers.ports.provider import Provider
from tracker.providers.ports.tokens import (
    AccessToken,
    ExchangesTokens,
    TokenDelayed,
    TokenRefused,
)
from tracker.services.shared_task import wait_for_shared

log = logging.getLogger(__name__)

EXCHANGE_S = 10.0
"""How long one exchange may take."""
EARLY_S = 300.0
"""A token is renewed so long before its end, or in the last quarter of a short life."""
YOUNG_S = 60.0
"""A token of less than this age is not exchanged because a call with it was refused."""
RETRY_S = 5.0
"""Pause after an exchange that brought nothing, where the answer names none."""
RETRY_REFUSED_S = 60.0
"""Pause after an exchange that was refused."""
_MOST_RETRY_S = 300.0

Send = Callable[[Account, HttpCall], Awaitable[HttpResult | HttpFailure]]
"""Makes the call of an exchange."""
Report = Callable[[str, str, str | None], Awaitable[None]]
"""Told of a provider's account why it gets no token; None once it gets one."""


NO_EXCHANGE = "the provider exchanges no tokens"
"""Of an account whose provider gives out none."""


async def report_to_nobody(_provider: str, _account: str, _reason: str | None) -> None:
    """Do nothing: for a process that asks once and prints what it hears."""


@dataclass(frozen=True, slots=True)
class _LatestExchange:
    """Result of the latest exchange of an account. Times are the clock's monotonic seconds."""

    token: AccessToken | None = None
    got_at_s: float = 0.0
    failure: HttpFailure | None = None
    silent_until_s: float = 0.0

    def compute_end_s(self) -> float:
        return self.got_at_s + (0.0 if self.token is None else self.token.lifetime_s)

    def renew_at_s(self) -> float:
        life_s = 0.0 if self.token is None else self.token.lifetime_s
        return self.compute_end_s() - min(EARLY_S, life_s / 4)


class Tokens:
    """The tokens of a process."""

    def __init__(self, send: Send, clock: Clock, report: Report) -> None:
        """Nothing has been exchanged yet."""
        self._send, self._clock, self._report = send, clock, report
        self._kept: dict[tuple[str, str], _LatestExchange] = {}
        self._flights: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._told: dict[tuple[str, str], bool] = {}

    async def get(self, provider: Provider, account: Account) -> AccessToken | HttpFailure:
        """Return a token that is good now; else why there is none: then nothing was sent.

        While an exchange brings nothing, the token before stays in use until its own end.
        """
        kept = self._kept.get(_make_key(provider, account), _LatestExchange())
        now_s = self._clock.monotonic()
        if now_s >= kept.renew_at_s() and now_s >= kept.silent_until_s:
            await self._renew(provider, account)
        return self._get_good(provider, account)

    async def get_after_refusal(
        self, provider: Provider, account: Account, refused: AccessToken
    ) -> AccessToken | None:
        """Return another token than one that a call was refused with; None where it must do.

        One exchange serves all calls that were refused at once, and a young token is not exchanged.
        """
        kept = self._kept.get(_make_key(provider, account), _LatestExchange())
        now_s = self._clock.monotonic()
        is_old = now_s - kept.got_at_s >= YOUNG_S and now_s >= kept.silent_until_s
        if kept.token is refused and is_old:
            await self._renew(provider, account)
        found = self._get_good(provider, account)
        return found if isinstance(found, AccessToken) and found is not refused else None

    def _get_good(self, provider: Provider, account: Account) -> AccessToken | HttpFailure:
        kept = self._kept.get(_make_key(provider, account), _LatestExchange())
        if kept.token is not None and self._clock.monotonic() < kept.compute_end_s():
            return kept.token
        return kept.failure or HttpFailure(Certainty.NOT_SENT, "the account's token has ended")

    async def _renew(self, provider: Provider, account: Account) -> None:
        """Exchange once for all that wait; a caller that goes away ends it for nobody."""
        name = _make_key(provider, account)
        flight = self._flights.get(name)
        if flight is None:
            flight = asyncio.create_task(self._exchange(provider, account))
            self._flights[name] = flight
            flight.add_done_callback(lambda _: self._flights.pop(name, None))
        await wait_for_shared(flight)

    async def _exchange(self, provider: Provider, account: Account) -> None:
        name, exchange = _make_key(provider, account), provider.tokens
        before = self._kept.get(name, _LatestExchange())
        asked_s = self._clock.monotonic()
        found = await self._request_token(exchange, account)
        now_s = self._clock.monotonic()
        match found:
            case AccessToken():
                self._kept[name] = _LatestExchange(found, asked_s)
                await self._tell(name, None)
            case TokenRefused(reason=reason):
                self._kept[name] = _note_failure(before, reason, now_s + RETRY_REFUSED_S)
                await self._tell(name, reason)
            case TokenDelayed(reason=delay, retry_after_s=pause_s):
                pause_s = min(RETRY_S if pause_s is None else pause_s, _MOST_RETRY_S)
                self._kept[name] = _note_failure(before, delay, now_s + pause_s)
                log.warning(
                    "a token is not to be had for account %(account)s of %(provider)s: %(reason)s",
                    {"account": account.name, "provider": name[0], "reason": delay},
                )

    async def _tell(self, name: tuple[str, str], reason: str | None) -> None:
        """Report how an account stands, once; again at the next exchange where that fails."""
        if reason is None and self._told.get(name):
            return
        try:
            await self._report(*name, reason)
            self._told[name] = reason is None
        except Unavailable as error:
            self._told.pop(name, None)
            log.warning(
                "the state of account %(account)s is not recorded: %(reason)s",
                {"account": name[1], "reason": error},
            )

    async def _request_token(
        self, exchange: ExchangesTokens | None, account: Account
    ) -> AccessToken | TokenRefused | TokenDelayed:
        if exchange is None:
            return TokenRefused(NO_EXCHANGE)
        try:
            call = exchange.build_exchange(account, now=self._clock.now())
            answer = await self._send(account, replace(call, timeout_s=EXCHANGE_S))
            return exchange.parse_exchange(account, answer)
        except Exception:
            # Raised on, it would end the exchange for all that wait, and each would try again.
            log.exception("the exchange for a token raised")
            return TokenDelayed("the exchange for a token failed; see the log")


def _make_key(provider: Provider, account: Account) -> tuple[str, str]:
    return provider.name, account.name


def _note_failure(before: _LatestExchange, reason: str, silent_until_s: float) -> _LatestExchange:
    failure = HttpFailure(Certainty.NOT_SENT, f"the account gets no token: {reason}")
    return replace(before, failure=failure, silent_until_s=silent_until_s)
