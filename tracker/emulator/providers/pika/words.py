"""Scenario words for what Pika alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.gateway_row import GATEWAY_ROW
from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["PIKA_WORDS", "PikaWord"]


class PikaWord(StrEnum):
    """The scenario words of Pika."""

    EMPTY_FIRST = "empty_first"
    TWO_VIDEOS = "two_videos"
    VIDEOS_SPLIT = "videos_split"
    FINISHED_NO_URL = "finished_no_url"
    PROGRESS_NULL = "progress_null"
    CODE_MSG = "code_msg"
    FEED_QUERY = "feed_query"
    GATEWAY_ROW = "gateway_row"


PIKA_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        PikaWord.EMPTY_FIRST: WordSpec(
            "a gateway's task has no videos in the first N answers", ParameterKind.TRIES, "2"
        ),
        PikaWord.TWO_VIDEOS: WordSpec("a gateway's task has two videos"),
        PikaWord.VIDEOS_SPLIT: WordSpec("a gateway's task has two videos; the first fails"),
        PikaWord.FINISHED_NO_URL: WordSpec(
            "the first N answers after the end have no address", ParameterKind.TRIES, "2"
        ),
        PikaWord.PROGRESS_NULL: WordSpec("progress is null"),
        PikaWord.CODE_MSG: WordSpec("a gateway's answers stand in data, beside code 0 and msg"),
        PikaWord.FEED_QUERY: WordSpec(
            "a gateway knows tasks at /feed/?id= alone; at /feed/{id} they are not found"
        ),
        PikaWord.GATEWAY_ROW: GATEWAY_ROW,
    }
)
