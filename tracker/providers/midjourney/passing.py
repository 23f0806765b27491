"""Calls of a Midjourney proxy that make no task: uploads of pictures, and the seed of a picture."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tracker.domain.exchange import HttpCall
from tracker.providers.midjourney.options import Kind, key_headers, kind_of
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import NamedObject, PassedCall

UPLOAD = "submit/upload-discord-images"
"""Answers a list of URLs, which anybody may use."""
SEED = "task/{id}/image-seed"


class MidjourneyCalls:
    """See providers/ports/passing.py."""

    calls: Mapping[str, PassedCall] = MappingProxyType(
        {UPLOAD: PassedCall("POST"), SEED: PassedCall("GET")}
    )
    made_by: Mapping[str, str] = MappingProxyType({})
    named_in_tasks: Mapping[str, NamedObject] = MappingProxyType({})

    def refusal(self, account: Account, path: str) -> str | None:
        """Say that the older of the open proxies takes no pictures."""
        if path == UPLOAD and kind_of(account) is Kind.NOVICEZK:
            return f"the proxy of account {account.name!r} takes no pictures"
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
        """Return the call with the account's own key."""
        del query, headers, now
        is_upload = path == UPLOAD
        more = {"content-type": "application/json"} if is_upload else {}
        return HttpCall(
            "POST" if is_upload else "GET",
            f"{account.base_url}/{path}",
            key_headers(account) | more,
            timeout_s=timeout_s,
        )
