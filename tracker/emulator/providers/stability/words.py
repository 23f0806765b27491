"""Scenario words for what Stability alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["STABILITY_WORDS", "StabilityWord"]


class StabilityWord(StrEnum):
    """The scenario words of Stability."""

    CONTENT_FILTERED = "content_filtered"
    FINISH_ERROR = "finish_error"
    TRUNCATED = "truncated"
    LARGE = "large"
    GATEWAY_TIMEOUT = "gateway_timeout"
    BLOCKING = "blocking"
    NO_CREDITS = "no_credits"
    BANNED = "banned"


STABILITY_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        StabilityWord.CONTENT_FILTERED: WordSpec(
            "HTTP 200 with a picture, and the finish reason CONTENT_FILTERED"
        ),
        StabilityWord.FINISH_ERROR: WordSpec("HTTP 200 with a file, and the finish reason ERROR"),
        StabilityWord.TRUNCATED: WordSpec(
            "the first N files end in their middle, and the connection with them",
            ParameterKind.TRIES,
            "1",
        ),
        StabilityWord.LARGE: WordSpec("the file has N MB more", ParameterKind.COUNT, "25"),
        StabilityWord.GATEWAY_TIMEOUT: WordSpec("made, and HTTP 504 instead of the result"),
        StabilityWord.BLOCKING: WordSpec(
            "a create that should be answered with an id is answered with the bytes of the result"
        ),
        StabilityWord.NO_CREDITS: WordSpec("the create is refused with HTTP 402"),
        StabilityWord.BANNED: WordSpec(
            "HTTP 429 without Retry-After for the first N creates", ParameterKind.TRIES, "2"
        ),
    }
)
