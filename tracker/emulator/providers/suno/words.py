"""Scenario words for what Suno's proxies alone get wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec, describe_choice

__all__ = ["SUNO_WORDS", "SunoWord"]


class SunoWord(StrEnum):
    """The scenario words of Suno."""

    PAIR_FAIL = "pair_fail"
    TIMEOUT_LIE = "timeout_lie"
    FROZEN = "frozen"
    STREAMING_FOREVER = "streaming_forever"
    NONE_MP3 = "none_mp3"
    BLOCKED_SUBMIT = "blocked_submit"
    DATA_NULL = "data_null"
    OMIT_IDS = "omit_ids"
    CAMEL = "camel"
    CLIPS_ONLY = "clips_only"
    NUMBER_ID = "number_id"
    NOT_FOUND = "not_found"
    DOUBLE_REFUND = "double_refund"
    TWO_JOBS = "two_jobs"
    CALLBACK_EXCEPTION = "callback_exception"
    SUCCESS_FLAG = "success_flag"
    SIGN_NOT_BODY = "sign_not_body"
    CODE_IN_200 = "code_in_200"
    WAIT_AUDIO_SHORT = "wait_audio_short"


SUNO_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        SunoWord.PAIR_FAIL: WordSpec("one of two songs fails, and the task with it"),
        SunoWord.TIMEOUT_LIE: WordSpec('the task fails as "time out" although its songs exist'),
        SunoWord.FROZEN: WordSpec("songs are completed, and the task stays IN_PROGRESS"),
        SunoWord.STREAMING_FOREVER: WordSpec("songs can be heard, and are never completed"),
        SunoWord.NONE_MP3: WordSpec(
            "the addresses of completed songs end in None.mp3 in the first N answers",
            ParameterKind.TRIES,
            "3",
        ),
        SunoWord.BLOCKED_SUBMIT: WordSpec("a create is answered at the task's end"),
        SunoWord.DATA_NULL: WordSpec("the data of a list of tasks are null"),
        SunoWord.OMIT_IDS: WordSpec("lists of tasks leave it out"),
        SunoWord.CAMEL: WordSpec("tasks in camel case, with failReason null"),
        SunoWord.CLIPS_ONLY: WordSpec("a query for one task shows its songs alone"),
        SunoWord.NUMBER_ID: WordSpec("task ids are decimal numbers"),
        SunoWord.NOT_FOUND: describe_choice(
            "the answer to an unknown id: HTTP 400 with a code, HTTP 404, or UNKNOWN",
            *("400", "404", "unknown"),
        ),
        SunoWord.DOUBLE_REFUND: WordSpec("the quota of a failed task is given back twice"),
        SunoWord.TWO_JOBS: WordSpec("one create makes two tasks, and tells of one"),
        SunoWord.CALLBACK_EXCEPTION: WordSpec("records say that the callback failed"),
        SunoWord.SUCCESS_FLAG: describe_choice(
            "records tell by successFlag, in words or as a number", "word", "number"
        ),
        SunoWord.SIGN_NOT_BODY: WordSpec(
            "a signed callback says that the task failed; the signature is of id and time"
        ),
        SunoWord.CODE_IN_200: WordSpec(
            "a create is answered HTTP 200 with this code", ParameterKind.WORD, "429"
        ),
        SunoWord.WAIT_AUDIO_SHORT: WordSpec("wait_audio gives up before the songs are done"),
    }
)
