"""Domo's call that makes no task: an upload, whose `domoai_uri` inputs name."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tracker.domain.exchange import HttpCall
from tracker.providers.domo.front import UPLOAD
from tracker.providers.kit.calls import bearer
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import NamedObject, PassedCall

_FILE, _URI = "upload", "domoai_uri"


class DomoCalls:
    """See providers/ports/passing.py."""

    calls: Mapping[str, PassedCall] = MappingProxyType(
        {UPLOAD: PassedCall("POST", makes=_FILE, field=_URI)}
    )
    made_by: Mapping[str, str] = MappingProxyType({})
    named_in_tasks: Mapping[str, NamedObject] = MappingProxyType({_URI: NamedObject(_FILE)})

    def refusal(self, account: Account, path: str) -> str | None:
        """Every account can be asked."""
        del account, path
        return None

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
        sent = bearer(account.api_key) | {"content-type": "application/json"}
        return HttpCall("POST", f"{account.base_url}/{path}", sent, timeout_s=timeout_s)
