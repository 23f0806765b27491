"""Replicate's calls that make no task: the upload of files that inputs name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.passing import PassedCall
from tracker.providers.replicate.front_files import FILES


class ReplicateCalls(PlainCalls):
    """The upload (replicate.com/docs/reference/http#files.create, 2026-11)."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {FILES: PassedCall("POST", makes="file", field="id", takes_any_body=True)}
    )
