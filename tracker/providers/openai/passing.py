"""Calls that make no task: models, files, and of a gateway the limit of the key and its use."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.openai.responses import RESPONSES
from tracker.providers.ports.passing import NamedObject, PassedCall

MODELS, FILES = "models", "files"
BILLING, USAGE = "dashboard/billing/subscription", "dashboard/billing/usage"
_FILE, _ITEM = "file", "item"


class GatewayCalls(PlainCalls):
    """See providers/ports/passing.py (github.com/QuantumNous/new-api, router/, 2026-11)."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {
            MODELS: PassedCall("GET"),
            FILES: PassedCall("POST", makes=_FILE, field="id", takes_any_body=True),
            BILLING: PassedCall("GET", is_account=True),
            USAGE: PassedCall("GET", is_account=True),
        }
    )
    made_by: ClassVar[Mapping[str, str]] = MappingProxyType({RESPONSES: _ITEM})
    named_in_tasks: ClassVar[Mapping[str, NamedObject]] = MappingProxyType(
        {
            # A file may have been uploaded to the account past this service.
            **dict.fromkeys(("file_id", "file_ids"), NamedObject(_FILE, may_be_public=True)),
            # Items of a response's input: a picture that an earlier one made, and calls of tools.
            "id": NamedObject(_ITEM, may_be_public=True),
            # None is made here, and what it holds is shown to whoever names it.
            "conversation": NamedObject("conversation"),
        }
    )
