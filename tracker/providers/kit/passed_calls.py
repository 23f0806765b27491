"""Pass calls on as they come, with the account's own key: nothing of theirs is whose it is."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tracker.domain.exchange import HttpCall
from tracker.providers.kit.calls import build_bearer_header
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import ForwardedCall, PassedCall


class PlainCalls:
    """Calls whose answers name no object of anybody's. The Protocol: ports/passing.py.

    calls: by path below the account's base URL. A class gives the credentials, and may refuse.
    """

    calls: ClassVar[Mapping[str, PassedCall]]

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the headers that carry the credentials: the key as Bearer."""
        return build_bearer_header(account.api_key)

    def explain_refusal(self, account: Account, path: str) -> str | None:
        """Return None: every account serves every call."""
        del account, path
        return None

    def is_public(self, item: Mapping[str, Any]) -> bool:
        """Nothing is listed."""
        del item
        return False

    def build_call(self, forwarded: ForwardedCall) -> HttpCall:
        """Return the call."""
        account, path, headers = forwarded.account, forwarded.path, forwarded.headers
        known, method = self.calls.get(path), forwarded.method
        more = {"content-type": "application/json"} if method in ("POST", "PUT") else {}
        if known is not None and known.takes_any_body and "content-type" in headers:
            more = {"content-type": headers["content-type"]}
        url = f"{account.base_url}/{path}"
        return HttpCall(
            method, url, self.build_headers(account) | more, timeout_s=forwarded.timeout_s
        )
