"""Vidu's calls that make no task: what is left of the credits, and subjects that videos show."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar

from tracker.domain.exchange import HttpCall
from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.account import Account
from tracker.providers.ports.passing import ForwardedCall, PassedCall
from tracker.providers.vidu.front import BALANCE, CHANGED_SUBJECT, LISTED_SUBJECTS, SUBJECTS
from tracker.providers.vidu.inputs import SUBJECT


def build_token_header(account: Account) -> dict[str, str]:
    """Build the header of an account's key; none where it has no key."""
    return {"authorization": f"Token {account.api_key}"} if account.api_key else {}


class ViduCalls(PlainCalls):
    """The calls for the credits and for subjects.

    Sources: https://platform.vidu.com/docs, 2026-11, and for subjects the provider's page as public
    code has it (https://api.vidu.cn/ent/v2/subjects, read 2026-11-30).
    """

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {
            BALANCE: PassedCall("GET", is_account=True),
            SUBJECTS: PassedCall("POST", makes=SUBJECT, field="id", more_names=("voice_id",)),
            CHANGED_SUBJECT: PassedCall("PUT", names=SUBJECT, field="id", more_names=("voice_id",)),
            LISTED_SUBJECTS: PassedCall("GET", lists=SUBJECT, field="id"),
        }
    )

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the header of the key."""
        return build_token_header(account)

    def build_call(self, forwarded: ForwardedCall) -> HttpCall:
        """Return the call; a list has the path of a create, and its page in the query."""
        call = super().build_call(forwarded)
        if forwarded.path != LISTED_SUBJECTS:
            return call
        query = f"?{forwarded.query}" if forwarded.query else ""
        return replace(call, url=f"{forwarded.account.base_url}/{SUBJECTS}{query}")
