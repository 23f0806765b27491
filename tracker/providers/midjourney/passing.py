"""Calls of a Midjourney proxy that make no task: uploads of pictures, and the seed of a picture."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.midjourney.options import Kind, build_key_headers, find_kind
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import PassedCall

UPLOAD = "submit/upload-discord-images"
"""Answers a list of URLs, which anybody may use."""
SEED = "task/{id}/image-seed"


class MidjourneyCalls(PlainCalls):
    """See providers/ports/passing.py."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {UPLOAD: PassedCall("POST"), SEED: PassedCall("GET")}
    )

    def build_headers(self, account: Account) -> dict[str, str]:
        """Carry the key where the account's kind of proxy expects it."""
        return build_key_headers(account)

    def explain_refusal(self, account: Account, path: str) -> str | None:
        """Say that the older of the open proxies takes no pictures."""
        if path == UPLOAD and find_kind(account) is Kind.NOVICEZK:
            return f"the proxy of account {account.name!r} takes no pictures"
        return None
