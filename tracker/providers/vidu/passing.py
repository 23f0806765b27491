"""Vidu's call that makes no task: what is left of the credits."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import PassedCall
from tracker.providers.vidu.front import BALANCE


def token_header(account: Account) -> dict[str, str]:
    """Build the header of an account's key; none where it has no key."""
    return {"authorization": f"Token {account.api_key}"} if account.api_key else {}


class ViduCalls(PlainCalls):
    """The call for the credits (https://platform.vidu.com/docs, 2026-11)."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {BALANCE: PassedCall("GET", is_account=True)}
    )

    def headers(self, account: Account) -> dict[str, str]:
        """Build the header of the key."""
        return token_header(account)
