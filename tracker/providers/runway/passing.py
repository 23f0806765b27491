"""Runway's calls that make no task: what is left of the credits, and the limits of the models."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tracker.domain.exchange import HttpCall
from tracker.providers.kit.calls import bearer
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import NamedObject, PassedCall
from tracker.providers.runway.front import ORGANIZATION
from tracker.providers.runway.operations import VERSION


class RunwayCalls:
    """See providers/ports/passing.py."""

    calls: Mapping[str, PassedCall] = MappingProxyType(
        {ORGANIZATION: PassedCall("GET", is_account=True)}
    )
    made_by: Mapping[str, str] = MappingProxyType({})
    named_in_tasks: Mapping[str, NamedObject] = MappingProxyType({})

    def refusal(self, account: Account, path: str) -> str | None:
        """Say that gateways know no organization."""
        del path
        if account.profile in (None, "official") and not account.base_url.endswith(
            ("/runway", "/runwayml")
        ):
            return None
        return f"the upstream of account {account.name!r} serves tasks only"

    def is_public(self, item: Mapping[str, Any]) -> bool:
        """Nothing is listed."""
        del item
        return False

    def build_call(  # noqa: PLR0913 - one thing each
        self,
        account: Account,
        path: str,
        *,
        query: str,
        headers: Mapping[str, str],
        now: datetime,
        timeout_s: float,
    ) -> HttpCall:
        """Return the call with the account's own credentials."""
        del query, headers, now
        sent = bearer(account.api_key) | {"x-runway-version": VERSION}
        return HttpCall("GET", f"{account.base_url}/{path}", sent, timeout_s=timeout_s)
