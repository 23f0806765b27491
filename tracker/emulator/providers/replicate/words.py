"""Scenario words for what Replicate alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec, describe_choice

__all__ = ["REPLICATE_WORDS", "ReplicateWord"]


class ReplicateWord(StrEnum):
    """The scenario words of Replicate."""

    OUTPUT = "output"
    ABORTED = "aborted"
    LARGE_WEBHOOK = "large_webhook"
    WEBHOOK_HIDDEN = "webhook_hidden"
    HTML_502_QUERY = "html_502_query"
    NO_CREDIT = "no_credit"
    UNKNOWN_MODEL = "unknown_model"


REPLICATE_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        ReplicateWord.OUTPUT: describe_choice(
            "the form of the output: a list of URLs that grows, one URL (a picture, or a video), an"
            " object, a text, or a list of texts that grows",
            *("list", "url", "video", "object", "text", "tokens"),
        ),
        ReplicateWord.ABORTED: describe_choice(
            "ends as aborted: while it still starts, or while it is processing",
            *("starting", "processing"),
        ),
        ReplicateWord.LARGE_WEBHOOK: WordSpec(
            "the completed callback of a success is N MB large", ParameterKind.COUNT, "12"
        ),
        ReplicateWord.WEBHOOK_HIDDEN: WordSpec("predictions do not show their webhook"),
        ReplicateWord.HTML_502_QUERY: WordSpec(
            "the first N queries answer HTTP 502 and a page", ParameterKind.TRIES, "3"
        ),
        ReplicateWord.NO_CREDIT: WordSpec("the create is refused with HTTP 402"),
        ReplicateWord.UNKNOWN_MODEL: WordSpec("the create is refused with HTTP 404"),
    }
)
