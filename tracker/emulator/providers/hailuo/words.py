"""Scenario words for what MiniMax alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec, describe_choice

__all__ = ["HAILUO_WORDS", "HailuoWord"]


class HailuoWord(StrEnum):
    """The scenario words of MiniMax."""

    CHALLENGE_TWICE = "challenge_twice"
    CODE = "code"
    FILE_ID_NUMBER = "file_id_number"
    NO_FILE_ID = "no_file_id"
    FILE_REFUSED = "file_refused"
    CALLBACK_EARLY = "callback_early"
    NO_REASON = "no_reason"
    EXPIRED = "expired"


HAILUO_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        HailuoWord.CHALLENGE_TWICE: WordSpec("the callback URL is tested twice"),
        HailuoWord.CODE: describe_choice(
            "the create is refused with HTTP 200 and this code, and makes nothing",
            *("1008", "1026", "1030", "1039", "2013", "2049", "2056", "2061"),
        ),
        HailuoWord.FILE_ID_NUMBER: WordSpec("file_id is a number in the query"),
        HailuoWord.NO_FILE_ID: WordSpec(
            "the first N queries after the success have no file_id", ParameterKind.TRIES, "2"
        ),
        HailuoWord.FILE_REFUSED: WordSpec(
            "the file is refused N times, with HTTP 404 and with code 1026 in turn",
            ParameterKind.TRIES,
            "2",
        ),
        HailuoWord.CALLBACK_EARLY: WordSpec(
            "success is called back while the query says Processing"
        ),
        HailuoWord.NO_REASON: WordSpec("a failure has no reason"),
        HailuoWord.EXPIRED: WordSpec("a task of v2 ends as expired"),
    }
)
