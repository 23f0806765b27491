"""Scenario words for the errors that Recraft alone makes. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import WordSpec

__all__ = ["RECRAFT_WORDS", "RecraftWord"]


class RecraftWord(StrEnum):
    """The scenario words of Recraft."""

    NO_CREDITS_TOLD = "no_credits_told"
    NO_UNITS = "no_units"
    ONE_LESS = "one_less"
    NO_PICTURE = "no_picture"
    NSFW = "nsfw"


RECRAFT_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        RecraftWord.NO_CREDITS_TOLD: WordSpec("the answer does not tell its price"),
        RecraftWord.NO_UNITS: WordSpec("HTTP 402: no units are left"),
        RecraftWord.ONE_LESS: WordSpec("one picture less than was asked for"),
        RecraftWord.NO_PICTURE: WordSpec("a success without a picture"),
        RecraftWord.NSFW: WordSpec("pictures have a high `nsfw_score`"),
    }
)
