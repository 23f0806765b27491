"""Tokens that stand for an account's credentials for a while, and are exchanged for these.

An adapter builds and reads the exchange; `services.tokens` makes it, and keeps what it brings in
memory alone.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tracker.domain.exchange import HttpCall
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token. lifetime_s: how long it is good for, counted from the exchange."""

    value: str = field(repr=False)
    lifetime_s: float


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """The account gets no token until somebody mends its credentials. reason: for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class TokenDelayed:
    """No token came, which says nothing of the credentials. retry_after_s: None for not told."""

    reason: str
    retry_after_s: float | None = None


class ExchangesTokens(Protocol):
    """Exchanges an account's credentials for a token that its calls carry."""

    def is_token_needed(self, account: Account) -> bool:
        """Tell whether the account's calls carry a token, and not its credentials themselves."""
        ...

    def build_exchange(self, account: Account, *, now: datetime) -> HttpCall:
        """Build the call that brings a token. What it proves itself by stands in its `secrets`.

        Asked only of accounts that need one.
        """
        ...

    def parse_exchange(
        self, account: Account, answer: Answer
    ) -> AccessToken | TokenRefused | TokenDelayed:
        """Say what the exchange brought."""
        ...

    def authorize(self, account: Account, call: HttpCall, token: AccessToken) -> HttpCall:
        """Return a call of the account's with the token in it."""
        ...
