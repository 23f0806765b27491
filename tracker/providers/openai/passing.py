"""Calls that make no task: models, files, and of a gateway the limit of the key and its use."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.passing import PassedCall

MODELS, FILES = "models", "files"
BILLING, USAGE = "dashboard/billing/subscription", "dashboard/billing/usage"
FILE, CHARACTER = "file", "character"
CHARACTERS = "videos/characters"
ONE_CHARACTER = f"{CHARACTERS}/{{id}}"
"""https://github.com/openai/openai-python (3.57.0, resources/videos.py), read 2026-12-01."""


class GatewayCalls(PlainCalls):
    """See providers/ports/passing.py (github.com/QuantumNous/new-api, router/, 2026-11)."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {
            MODELS: PassedCall("GET"),
            FILES: PassedCall("POST", makes=FILE, field="id", takes_any_body=True),
            CHARACTERS: PassedCall("POST", makes=CHARACTER, field="id", takes_any_body=True),
            ONE_CHARACTER: PassedCall("GET", names=CHARACTER, field="id"),
            BILLING: PassedCall("GET", is_account=True),
            USAGE: PassedCall("GET", is_account=True),
        }
    )
