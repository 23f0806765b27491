"""A gateway's calls that make no task: its models, the limit of the key, and what is used of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.passing import PassedCall

MODELS = "models"
BILLING, USAGE = "dashboard/billing/subscription", "dashboard/billing/usage"


class GatewayCalls(PlainCalls):
    """See providers/ports/passing.py (github.com/QuantumNous/new-api, router/, 2026-11)."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {
            MODELS: PassedCall("GET"),
            BILLING: PassedCall("GET", is_account=True),
            USAGE: PassedCall("GET", is_account=True),
        }
    )
