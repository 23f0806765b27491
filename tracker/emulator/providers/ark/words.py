"""Scenario words for what Ark alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec, describe_choice

__all__ = ["ARK_WORDS", "ArkWord"]


class ArkWord(StrEnum):
    """The scenario words of Ark."""

    EXPIRED = "expired"
    CANCELLED = "cancelled"
    QUEUED_LONG = "queued_long"
    LATE_RUNNING = "late_running"
    NO_CONTENT = "no_content"
    ERROR_NULL = "error_null"
    DURATION_FLOAT = "duration_float"
    NO_ID = "no_id"
    GATEWAY_WORDS = "gateway_words"
    SEED_HIDDEN = "seed_hidden"
    LIST_REFUSED = "list_refused"
    LIST_LEAVES_OUT = "list_leaves_out"
    DELETE_REFUSED = "delete_refused"
    ARREARS = "arrears"
    OWN_LIMIT = "own_limit"
    OVERLOADED = "overloaded"
    NO_MODEL = "no_model"
    PICTURE_FAILED = "picture_failed"


ARK_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        ArkWord.EXPIRED: WordSpec("ends as expired, without having run, and is not called back"),
        ArkWord.CANCELLED: WordSpec("ends as cancelled by itself, and is not called back"),
        ArkWord.QUEUED_LONG: WordSpec("is queued for N further steps", ParameterKind.COUNT, "3600"),
        ArkWord.LATE_RUNNING: WordSpec("running is called back after succeeded too"),
        ArkWord.NO_CONTENT: WordSpec(
            "the first N answers after the success have no content", ParameterKind.TRIES, "2"
        ),
        ArkWord.ERROR_NULL: WordSpec("good answers have error: null"),
        ArkWord.DURATION_FLOAT: WordSpec("duration is a fraction"),
        ArkWord.NO_ID: WordSpec("the answer to a query of one task has no id"),
        ArkWord.GATEWAY_WORDS: WordSpec("pending and processing in place of queued and running"),
        ArkWord.SEED_HIDDEN: WordSpec("no answer shows the seed"),
        ArkWord.LIST_REFUSED: WordSpec("a list by more than one id is refused with HTTP 414"),
        ArkWord.LIST_LEAVES_OUT: WordSpec("lists leave the task out"),
        ArkWord.DELETE_REFUSED: describe_choice(
            "the HTTP status for deleting a running task", "400", "403", "409"
        ),
        ArkWord.ARREARS: WordSpec("the create is refused with HTTP 403, AccountOverdueError"),
        ArkWord.OWN_LIMIT: WordSpec("HTTP 429, SetLimitExceeded, for every create"),
        ArkWord.OVERLOADED: WordSpec(
            "HTTP 429, ServerOverloaded, for the first N creates", ParameterKind.TRIES, "2"
        ),
        ArkWord.NO_MODEL: WordSpec("the create is refused with HTTP 404, ModelNotOpen"),
        ArkWord.PICTURE_FAILED: WordSpec("the last picture of an answer is an error"),
    }
)
