"""Pass a call on to Kling that makes no task: with our credentials, bounded, kept nowhere."""

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpFailure, HttpStream
from tracker.providers.kling import helpers
from tracker.providers.ports.account import Account
from tracker.services.context import Context

ANSWER_BYTES = 64 * 1024 * 1024
"""More than that of one answer is not passed on."""


class StreamingHttp(Protocol):
    """The way out, piece by piece. `egress.client.EgressClient` is it."""

    async def open_provider(
        self, call: HttpCall, *, body: AsyncIterable[bytes] | None = None, cap: int
    ) -> HttpStream | HttpFailure:
        """To an address that an operator configured."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """A client's call.

    path:    a key of `helpers.HELPERS` or `helpers.ACCOUNT`.
    query:   the raw query string.
    headers: lower-case names.
    body:    as it comes in; None for a GET.
    """

    path: str
    query: str
    headers: Mapping[str, str]
    body: AsyncIterable[bytes] | None = None


class Passing:
    """Carries calls over."""

    def __init__(self, context: Context, http: StreamingHttp) -> None:
        """Holds no state of its own."""
        self._context = context
        self._http = http

    async def open(self, passage: Passage) -> HttpStream | HttpFailure:
        """The provider's answer, its body still to come. What the body raises is raised here.

        Raises InvalidRequest for `operation` where no account's upstream serves such calls.
        """
        context = self._context
        call = helpers.build_call(
            self._account(),
            passage.path,
            query=passage.query,
            headers=passage.headers,
            now=context.clock.now(),
            timeout_s=context.policy.submit_timeout_s,
        )
        return await self._http.open_provider(call, body=passage.body, cap=ANSWER_BYTES)

    def _account(self) -> Account:
        """The main account, or the first that can be asked."""
        context = self._context
        main = context.main_account("kling")
        names = sorted(context.accounts_of("kling"), key=lambda name: (name != main, name))
        accounts = [context.accounts["kling", name] for name in names]
        refusals = [helpers.refusal(account) for account in accounts]
        for account, refusal in zip(accounts, refusals, strict=True):
            if refusal is None:
                return account
        raise InvalidRequest(FieldError("operation", refusals[0] or ""))
