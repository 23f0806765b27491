"""Pass a call on to Kling that makes no task: with our credentials, bounded, kept nowhere."""

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tracker.domain.exchange import HttpCall, HttpFailure, HttpStream
from tracker.providers.kling import helpers
from tracker.services.context import Context

ANSWER_BYTES = 64 * 1024 * 1024
"""More than that of one answer is not passed on."""


class Way(Protocol):
    """The way out, piece by piece. `egress.client.Egress` is it."""

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
    account: None: the provider's main one.
    """

    path: str
    query: str
    headers: Mapping[str, str]
    body: AsyncIterable[bytes] | None = None
    account: str | None = None


class Passing:
    """Carries calls over."""

    def __init__(self, context: Context, way: Way) -> None:
        """Holds no state of its own."""
        self._context = context
        self._way = way

    async def open(self, passage: Passage) -> HttpStream | HttpFailure:
        """The provider's answer, its body still to come. What the body raises is raised here."""
        context = self._context
        call = helpers.build_call(
            context.accounts["kling", passage.account or context.main_account("kling")],
            passage.path,
            query=passage.query,
            headers=passage.headers,
            now=context.clock.now(),
            timeout_s=context.policy.submit_timeout_s,
        )
        return await self._way.open_provider(call, body=passage.body, cap=ANSWER_BYTES)
