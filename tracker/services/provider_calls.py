"""Calls to providers, each with its account's proxy and, where the account needs one, its token."""

from collections.abc import AsyncIterable, Mapping
from typing import Protocol

from tracker.clock import Clock
from tracker.domain.exchange import (
    HttpCall,
    HttpFailure,
    HttpResult,
    HttpStream,
    MaySend,
    OpenPieces,
    OpenSink,
    allow_always,
)
from tracker.providers.kit.calls import find_own_url
from tracker.providers.ports.account import Account
from tracker.providers.ports.provider import Provider
from tracker.services.call_turns import CallPurpose, CallTurns
from tracker.services.tokens import Report, Tokens
from tracker.telemetry.tracing import add_traceparent, begin_call_span, describe_answer

UNAUTHORIZED = 401


class OutboundHttp(Protocol):
    """The way out. `egress.client.EgressClient` is it; services see only this much."""

    async def call_provider(
        self,
        call: HttpCall,
        *,
        may_send: MaySend = allow_always,
        files: OpenSink | None = None,
        pieces: OpenPieces | None = None,
    ) -> HttpResult | HttpFailure:
        """Send a call to an address that an operator configured.

        may_send: asked when the first byte is about to leave; if not, none does.
        files:    where files within the answer go, which hold a name in their place; None: they
                  are left in the answer.
        pieces:   takes the body of a success while it comes, which the result then lacks.
        """
        ...

    async def call_guarded(self, call: HttpCall) -> HttpResult | HttpFailure:
        """Send a call to a user's address: the address dialled is refused in forbidden networks."""
        ...

    def explain_refusal(self, url: str) -> str | None:
        """Return why a user's URL will never be called; None when it may be. Looks nothing up."""
        ...


class StreamingHttp(Protocol):
    """The way out, piece by piece. `egress.client.EgressClient` is it."""

    async def open_provider(
        self, call: HttpCall, *, body: AsyncIterable[bytes] | None = None, cap: int
    ) -> HttpStream | HttpFailure:
        """Send a call to an operator's address; the answer comes piece by piece."""
        ...


class ProviderCalls:
    """Makes the calls of a process."""

    def __init__(
        self, http: OutboundHttp, providers: Mapping[str, Provider], clock: Clock, report: Report
    ) -> None:
        """report: told when an account is refused a token, and when it gets one again."""
        self._http, self._providers = http, providers
        self._tokens = Tokens(self._exchange, clock, report)
        self._clock = clock
        self._turns: dict[tuple[str, str], CallTurns] = {}

    def get_turns(self, provider: str, account: Account) -> CallTurns:
        """Return the turns that the calls of an account take."""
        found = self._turns.get((provider, account.name))
        if found is None:
            limits = self._providers[provider].get_limits(account)
            found = self._turns[provider, account.name] = CallTurns(limits, self._clock)
        return found

    async def call(  # noqa: PLR0913 - see egress
        self,
        provider: str,
        account: Account,
        call: HttpCall,
        *,
        may_send: MaySend = allow_always,
        files: OpenSink | None = None,
        pieces: OpenPieces | None = None,
        purpose: CallPurpose = CallPurpose.OTHER,
        has_turn: bool = False,
    ) -> HttpResult | HttpFailure:
        """Make a call when its turn comes; see egress.client for the rest.

        Where a token is refused (401: nothing was done), the call is made once more with another.
        has_turn: whether the caller has taken it.
        """
        known, turns = self._providers[provider], self.get_turns(provider, account)

        async def send(one: HttpCall, *, has_turn: bool = False) -> HttpResult | HttpFailure:
            if not has_turn:
                await turns.take(purpose)
            routed = account.set_route(one)
            about = {"tracker.provider": provider, "tracker.account": account.name}
            with begin_call_span(f"{routed.method} {provider}", routed, about) as span:
                answer = await self._http.call_provider(
                    add_traceparent(routed, span), may_send=may_send, files=files, pieces=pieces
                )
                describe_answer(span, answer)
            return answer

        if known.tokens is None or not known.tokens.is_token_needed(account):
            return await send(call, has_turn=has_turn)
        token = await self._tokens.get(known, account)
        if isinstance(token, HttpFailure):
            return token
        authorized = known.tokens.authorize(account, call, token)
        answer = await send(authorized, has_turn=has_turn)
        if isinstance(answer, HttpFailure) or answer.status != UNAUTHORIZED:
            return answer
        other = await self._tokens.get_after_refusal(known, account, token)
        if other is None:
            return answer
        return await send(known.tokens.authorize(account, call, other))

    async def open(  # noqa: PLR0913 - see egress
        self,
        http: StreamingHttp,
        provider: str,
        account: Account,
        call: HttpCall,
        *,
        body: AsyncIterable[bytes] | None = None,
        cap: int,
    ) -> HttpStream | HttpFailure:
        """Make a call whose answer comes piece by piece, when its turn comes."""
        known = self._providers[provider]
        if known.tokens is not None and known.tokens.is_token_needed(account):
            token = await self._tokens.get(known, account)
            if isinstance(token, HttpFailure):
                return token
            call = known.tokens.authorize(account, call, token)
        await self.get_turns(provider, account).take(CallPurpose.OTHER)
        return await http.open_provider(account.set_route(call), body=body, cap=cap)

    async def build_file_headers(
        self, provider: str, account: Account
    ) -> dict[str, Mapping[str, str]] | HttpFailure:
        """Return the headers that hosts need to hand files of an account's out, by host."""
        known = self._providers[provider]
        results = known.results
        found = dict(results.credentials(account)) if results.credentials is not None else {}
        if results.token_hosts is None or known.tokens is None:
            return found
        if not known.tokens.is_token_needed(account):
            return found
        token = await self._tokens.get(known, account)
        if isinstance(token, HttpFailure):
            return token
        carried = known.tokens.authorize(account, HttpCall("GET", ""), token).headers
        return found | dict.fromkeys(results.token_hosts(account), carried)

    async def _exchange(self, account: Account, call: HttpCall) -> HttpResult | HttpFailure:
        """Ask for a token.

        The address may stand in a file of the provider's making: it is guarded unless it leads to
        the host that the operator set, or the account's proxy dials.
        """
        is_own = find_own_url(account, call.url) is not None
        if is_own or account.options.proxy is not None:
            return await self._http.call_provider(account.set_route(call))
        return await self._http.call_guarded(call)
