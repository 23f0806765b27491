"""Suno's calls that make no task: the balance of an account."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar

from tracker.domain.exchange import HttpCall
from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import ForwardedCall, PassedCall
from tracker.providers.suno.options import GCUI, KIE, SUNOAPI, build_headers, find_profile

BALANCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "api/v1/generate/credit": (SUNOAPI, KIE),
        "api/v1/chat/credit": (SUNOAPI, KIE),
        "api/get_limit": (GCUI,),
    }
)
"""Paths of the front, and the profiles that have such a balance."""
_PATHS = MappingProxyType({SUNOAPI: "generate/credit", KIE: "chat/credit", GCUI: "get_limit"})


class SunoCalls(PlainCalls):
    """See providers/ports/passing.py."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {path: PassedCall("GET", is_account=True) for path in BALANCES}
    )

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the headers that carry the credentials."""
        return build_headers(account)

    def explain_refusal(self, account: Account, path: str) -> str | None:
        """Say that the upstream of an account has no such balance."""
        if find_profile(account) in BALANCES[path]:
            return None
        return f"the upstream of account {account.name!r} tells no such balance"

    def build_call(self, forwarded: ForwardedCall) -> HttpCall:
        """Return the call of the account's profile: the balance stands elsewhere in each."""
        path = _PATHS[find_profile(forwarded.account)]
        return super().build_call(replace(forwarded, path=path))
