"""Domo's call that makes no task: an upload, whose `domoai_uri` inputs name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.domo.front import UPLOAD
from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.account import Account
from tracker.providers.ports.objects import NamedObject, ObjectIds
from tracker.providers.ports.passing import PassedCall

_FILE, _URI = "upload", "domoai_uri"


class DomoCalls(PlainCalls):
    """See providers/ports/passing.py."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {UPLOAD: PassedCall("POST", makes=_FILE, field=_URI)}
    )

    def explain_refusal(self, account: Account, path: str) -> str | None:
        """Refuse the wrapper of the bot, which takes files in its forms."""
        del path
        if account.profile in (None, "official"):
            return None
        return f"the upstream of account {account.name!r} takes files in its forms"


OBJECTS = ObjectIds(
    fields={_URI: NamedObject(_FILE)},
    tasks=("task_id",),
    others=("video_key",),  # a colour
)
