"""Scenario words for what Vidu alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["VIDU_WORDS", "ViduWord"]


class ViduWord(StrEnum):
    """The scenario words of Vidu."""

    LATE_PROCESSING = "late_processing"
    BODY_ALTERED = "body_altered"
    PREFIX_STRIPPED = "prefix_stripped"
    EMPTY_CREATIONS = "empty_creations"
    CODE_IN_SUCCESS = "code_in_success"
    NO_CREDITS = "no_credits"
    THROTTLED = "throttled"
    PAYLOAD_HIDDEN = "payload_hidden"
    SMALL_PAGES = "small_pages"
    OFF_PEAK = "off_peak"
    SOUND_QUEUED = "sound_queued"


VIDU_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        ViduWord.LATE_PROCESSING: WordSpec("processing is called back after success too"),
        ViduWord.BODY_ALTERED: WordSpec(
            "callbacks of the end say failed, although the task succeeded; the signature is good"
        ),
        ViduWord.PREFIX_STRIPPED: WordSpec("callbacks arrive at a path without its first part"),
        ViduWord.EMPTY_CREATIONS: WordSpec(
            "the first N answers after the success, and its callback, have no creations",
            ParameterKind.TRIES,
            "2",
        ),
        ViduWord.CODE_IN_SUCCESS: WordSpec("err_code is set in a success"),
        ViduWord.NO_CREDITS: WordSpec("the create is refused with HTTP 402, CreditInsufficient"),
        ViduWord.THROTTLED: WordSpec(
            "HTTP 429, SystemThrottling, for the first N creates", ParameterKind.TRIES, "2"
        ),
        ViduWord.PAYLOAD_HIDDEN: WordSpec("the list shows no payload"),
        ViduWord.SMALL_PAGES: WordSpec("the list has ten entries a page, whatever was asked for"),
        ViduWord.OFF_PEAK: WordSpec("stays created for 48 hours, and is then made"),
        ViduWord.SOUND_QUEUED: WordSpec("speech and cloned voices are answered with queueing"),
    }
)
