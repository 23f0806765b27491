"""Flux's call that makes no task: the credits that are left."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.flux.front import CREDITS
from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import PassedCall


def build_key_header(account: Account) -> dict[str, str]:
    """Build the header of the key; none where there is no key."""
    return {"x-key": account.api_key} if account.api_key else {}


class FluxCalls(PlainCalls):
    """See providers/ports/passing.py."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {CREDITS: PassedCall("GET", is_account=True)}
    )

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the header of the key: of the official API, whose call it is."""
        return build_key_header(account)
