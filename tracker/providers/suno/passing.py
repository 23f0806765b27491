"""Suno's calls that make no task: the balance of an account. Songs belong to who made them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tracker.domain.exchange import HttpCall
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import NamedObject, PassedCall
from tracker.providers.suno.naming import CLIP_FIELDS
from tracker.providers.suno.options import GCUI, KIE, SUNOAPI, headers_of, profile_of

_CLIP = "clip"
BALANCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "api/v1/generate/credit": (SUNOAPI, KIE),
        "api/v1/chat/credit": (SUNOAPI, KIE),
        "api/get_limit": (GCUI,),
    }
)
"""Paths of the front, and the profiles that have such a balance."""
_PATHS = MappingProxyType({SUNOAPI: "generate/credit", KIE: "chat/credit", GCUI: "get_limit"})


class SunoCalls:
    """See providers/ports/passing.py."""

    calls: Mapping[str, PassedCall] = MappingProxyType(
        {path: PassedCall("GET", is_account=True) for path in BALANCES}
    )
    made_by: Mapping[str, str] = MappingProxyType(
        dict.fromkeys(("submit/music", "raw/generate", "generate", "gcui/generate"), _CLIP)
    )
    named_in_tasks: Mapping[str, NamedObject] = MappingProxyType(
        dict.fromkeys(CLIP_FIELDS, NamedObject(_CLIP, may_be_public=True))
    )

    def refusal(self, account: Account, path: str) -> str | None:
        """Say that the upstream of an account has no such balance."""
        if profile_of(account) in BALANCES[path]:
            return None
        return f"the upstream of account {account.name!r} tells no such balance"

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
        del path, query, headers, now
        url = f"{account.base_url}/{_PATHS[profile_of(account)]}"
        return HttpCall("GET", url, headers_of(account), timeout_s=timeout_s)
