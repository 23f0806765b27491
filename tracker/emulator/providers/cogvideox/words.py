"""Scenario words for what CogVideoX alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.gateway_row import GATEWAY_ROW
from tracker.emulator.core.words import ParameterKind, WordSpec, describe_choice

__all__ = ["COGVIDEO_WORDS", "CogVideoWord"]


class CogVideoWord(StrEnum):
    """The scenario words of CogVideoX."""

    EXISTS_STATUS = "exists_status"
    FAIL_WITHOUT_ERROR = "fail_without_error"
    EMPTY_RESULT = "empty_result"
    ARREARS = "arrears"
    QUOTA = "quota"
    NO_ID = "no_id"
    CODE_NUMBER = "code_number"
    RESULT_OBJECT = "result_object"
    LOWER_CASE = "lower_case"
    GATEWAY_ROW = "gateway_row"


COGVIDEO_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        CogVideoWord.EXISTS_STATUS: describe_choice(
            "a second create with a request_id is refused by this HTTP status", "400", "409"
        ),
        CogVideoWord.FAIL_WITHOUT_ERROR: WordSpec("a failure has no error"),
        CogVideoWord.EMPTY_RESULT: WordSpec(
            "the first N answers after the success have no result", ParameterKind.TRIES, "1"
        ),
        CogVideoWord.ARREARS: WordSpec("the create is refused with HTTP 429 and code 1113"),
        CogVideoWord.QUOTA: WordSpec(
            "HTTP 429 and code 1308 for the first N creates", ParameterKind.TRIES, "2"
        ),
        CogVideoWord.NO_ID: WordSpec("answers to queries have no id"),
        CogVideoWord.CODE_NUMBER: WordSpec("codes of errors are numbers"),
        CogVideoWord.RESULT_OBJECT: WordSpec("video_result is an object"),
        CogVideoWord.LOWER_CASE: WordSpec("task_status is in lower case"),
        CogVideoWord.GATEWAY_ROW: GATEWAY_ROW,
    }
)
