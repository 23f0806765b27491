"""Replicate's calls that make no task: the upload of files that inputs name."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.objects import NamedObject, NamingText, ObjectIds
from tracker.providers.ports.passing import PassedCall
from tracker.providers.replicate.front_files import FILES

_FILE = "file"


class ReplicateCalls(PlainCalls):
    """The upload (replicate.com/docs/reference/http#files.create, 2026-11)."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {FILES: PassedCall("POST", makes=_FILE, field="id", takes_any_body=True)}
    )


OBJECTS = ObjectIds(
    texts=(
        NamingText(
            # `urls.get` of a file, which may have been uploaded past this service.
            re.compile(r"https?://[^/?#]+/v1/files/([^/?#]+)[/?#]?.*"),
            NamedObject(_FILE, may_be_public=True),
            "https://api.replicate.com/v1/files/a1",
        ),
    )
)
