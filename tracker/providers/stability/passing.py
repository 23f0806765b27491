"""Stability's calls that make no task: the account and its credits."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.passing import PassedCall

BALANCE, ACCOUNT = "v1/user/balance", "v1/user/account"


class StabilityCalls(PlainCalls):
    """See providers/ports/passing.py."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {path: PassedCall("GET", is_account=True) for path in (BALANCE, ACCOUNT)}
    )
