"""Luma's calls that make no task: what is left of the credits, and the names of the concepts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.luma.front import CONCEPTS, CREDITS
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import PassedCall


class LumaCalls(PlainCalls):
    """The calls of the official API (docs.lumalabs.ai/reference, 2026-11)."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {CREDITS: PassedCall("GET", is_account=True), CONCEPTS: PassedCall("GET")}
    )

    def explain_refusal(self, account: Account, path: str) -> str | None:
        """Refuse gateways and the newer API, which serve neither."""
        del path
        ends = account.base_url.endswith(("/luma", "/luma/v1", "agents.lumalabs.ai/v1"))
        if account.profile == "official" or (account.profile is None and not ends):
            return None
        return f"the upstream of account {account.name!r} serves tasks only"
