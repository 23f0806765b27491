"""Scenario words for what DashScope alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["WAN_WORDS", "WanWord"]


class WanWord(StrEnum):
    """The scenario words of DashScope."""

    UNKNOWN_FIRST = "unknown_first"
    NO_URL = "no_url"
    PARTIAL = "partial"
    SUSPENDED = "suspended"
    LOWER_CASE = "lower_case"
    ARREARS = "arrears"
    ALLOCATION_QUOTA = "allocation_quota"
    NO_MODEL = "no_model"


WAN_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        WanWord.UNKNOWN_FIRST: WordSpec(
            "queries say UNKNOWN in the first N seconds", ParameterKind.SECONDS, "1"
        ),
        WanWord.NO_URL: WordSpec(
            "the first N answers after the success have no result", ParameterKind.TRIES, "2"
        ),
        WanWord.PARTIAL: WordSpec("one picture fails, the others succeed"),
        WanWord.SUSPENDED: WordSpec("is SUSPENDED between RUNNING and its end"),
        WanWord.LOWER_CASE: WordSpec("task_status is in lower case"),
        WanWord.ARREARS: WordSpec("the create is refused with HTTP 400 and Arrearage"),
        WanWord.ALLOCATION_QUOTA: WordSpec(
            "HTTP 429, Throttling.AllocationQuota, for the first N creates",
            ParameterKind.TRIES,
            "2",
        ),
        WanWord.NO_MODEL: WordSpec("the create is refused with HTTP 404 and ModelNotFound"),
    }
)
