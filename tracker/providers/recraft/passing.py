"""Recraft's calls that make no task: a style of the caller's pictures, and the account."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.objects import NamedObject, ObjectIds
from tracker.providers.ports.passing import PassedCall

ME, STYLES = "users/me", "styles"


class RecraftCalls(PlainCalls):
    """See providers/ports/passing.py (https://www.recraft.ai/docs, read 2026-11)."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {
            ME: PassedCall("GET", is_account=True),
            STYLES: PassedCall("POST", makes="style", field="id", takes_any_body=True),
        }
    )


OBJECTS = ObjectIds(fields={"style_id": NamedObject("style", may_be_public=True)})
